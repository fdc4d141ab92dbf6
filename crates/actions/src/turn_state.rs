//! Whether a client still runs a turn, as it says itself.

use serde::Deserialize;
use trusty_fleet::observation::RegistryFile;
use trusty_platform::files;

/// Such a file holds under 1 KiB; this leaves room.
const MAX_REGISTRY_STATUS_BYTES: u64 = 64 * 1024;

/// Whether a turn runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnState {
    /// It runs.
    Running,
    /// It is over.
    Over,
    /// The client does not say.
    Unknown,
}

/// The one field that is read.
#[derive(Deserialize)]
struct RegistryStatus {
    status: Option<String>,
}

/// What a registry file says. It is rewritten in place, so half of it may be there.
pub(super) fn read_turn_state(file: &RegistryFile) -> TurnState {
    let path = file.dir.join("sessions").join(format!("{}.json", file.pid));
    let Ok(bytes) = files::read_bounded(&path, MAX_REGISTRY_STATUS_BYTES) else {
        return TurnState::Unknown;
    };
    match serde_json::from_slice(&bytes) {
        Ok(RegistryStatus { status: Some(word) }) if word == "busy" => TurnState::Running,
        Ok(RegistryStatus { status: Some(_) }) => TurnState::Over,
        // A client that is writing this moment, or one too old to say.
        Ok(RegistryStatus { status: None }) => TurnState::Unknown,
        Err(_) => TurnState::Running,
    }
}

/// Whether the text of a pane shows a turn that Escape would interrupt.
pub(super) fn is_shown(lines: &[String]) -> bool {
    lines.iter().any(|line| line.contains("esc to interrupt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_over_when_the_registry_has_left_busy() {
        let dir = tempfile::tempdir().expect("folder");
        let file = RegistryFile {
            dir: dir.path().to_path_buf(),
            pid: 7,
        };
        assert_eq!(read_turn_state(&file), TurnState::Unknown);
        let folder = dir.path().join("sessions");
        std::fs::create_dir(&folder).expect("folder");
        for (text, expected) in [
            (r#"{"status":"busy"}"#, TurnState::Running),
            (r#"{"status":"idle"}"#, TurnState::Over),
            (r#"{"status":"waiting"}"#, TurnState::Over),
            (r#"{"status":"bu"#, TurnState::Running),
            (r#"{"pid":7}"#, TurnState::Unknown),
        ] {
            std::fs::write(folder.join("7.json"), text).expect("written");
            assert_eq!(read_turn_state(&file), expected, "{text}");
        }
        let shown = |line: &str| is_shown(&[line.to_owned()]);
        assert!(shown("✻ Thinking… (3s · esc to interrupt)"));
        assert!(!shown("  ? for shortcuts"));
    }
}
