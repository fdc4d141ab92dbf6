//! Decodes a registry file. The format is internal to Claude Code and may change at any time, so
//! every field is optional, and one of an unexpected type is ignored.

use serde_json::{Map, Value};
use trusty_fleet::Timestamp;
use trusty_fleet::identity::ProcStart;
use trusty_fleet::observation::RegistryEntry;
use trusty_platform::darwin::lstart::decode_start_second;

/// The limit for the text of a field, in characters.
const MAX_FIELD_CHARS: usize = 4096;

/// Why bytes are not a registry entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryDecodeError {
    /// The file has just been created or is being written.
    #[error("file is empty")]
    Empty,
    /// Half written, or not JSON at all.
    #[error("file is not JSON")]
    NotJson,
    /// JSON, but not an object.
    #[error("file holds no JSON object")]
    NotObject,
}

/// Decodes a registry file.
///
/// # Errors
///
/// If the bytes are not a JSON object, as in a file that is half written.
pub fn decode(bytes: &[u8]) -> Result<RegistryEntry, RegistryDecodeError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(RegistryDecodeError::Empty);
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| RegistryDecodeError::NotJson)?;
    let Value::Object(fields) = value else {
        return Err(RegistryDecodeError::NotObject);
    };
    Ok(RegistryEntry {
        session_id: text(&fields, "sessionId"),
        cwd: text(&fields, "cwd"),
        started_at: time(&fields, "startedAt"),
        proc_start: start(&fields),
        version: text(&fields, "version"),
        kind: text(&fields, "kind"),
        entrypoint: text(&fields, "entrypoint"),
        spare: fields.get("spare") == Some(&Value::Bool(true)),
        pid_domain: text(&fields, "pidDomain"),
        name: text(&fields, "name"),
        name_source: text(&fields, "nameSource"),
        // A status of another type is an unknown word, not a missing one.
        status: text(&fields, "status").or_else(|| string_field(&fields, "status")),
        waiting_for: text(&fields, "waitingFor"),
        status_updated_at: time(&fields, "statusUpdatedAt"),
    })
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    Some(
        fields
            .get(name)?
            .as_str()?
            .chars()
            .take(MAX_FIELD_CHARS)
            .collect(),
    )
}

fn string_field(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::Null => None,
        other => Some(other.to_string().chars().take(MAX_FIELD_CHARS).collect()),
    }
}

fn time(fields: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    fields.get(name)?.as_i64().map(Timestamp::from_millis)
}

/// The start time of the process: on Linux, a number of clock ticks since boot, as a string; on
/// macOS, what `ps -o lstart=` prints in UTC.
fn start(fields: &Map<String, Value>) -> Option<ProcStart> {
    match fields.get("procStart")? {
        Value::Null => None,
        Value::String(text) => Some(start_of_text(text)),
        other => Some(
            other
                .as_u64()
                .map_or(ProcStart::Unreadable, ProcStart::Ticks),
        ),
    }
}

fn start_of_text(text: &str) -> ProcStart {
    if let Ok(ticks) = text.trim().parse() {
        ProcStart::Ticks(ticks)
    } else {
        decode_start_second(text).map_or(ProcStart::Unreadable, ProcStart::Second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL_ENTRY: &str = r#"{"pid":18535,"sessionId":"b6adf08c-67f9-4160-b13e-5c26fea070f5",
        "cwd":"/home/dev/code/alpha.beta_X","startedAt":1795355214981,"procStart":"93930",
        "version":"2.1.330","peerProtocol":1,"kind":"interactive","entrypoint":"cli",
        "pidDomain":"linux:3d12:pid:[4026531836]","asksForConvertedSkills":null,
        "tmux":"s1:@0.%0","name":"alpha-beta-x-0d","nameSource":"derived",
        "status":"waiting","updatedAt":1795355259582,"statusUpdatedAt":1795355259582,
        "waitingFor":"permission prompt"}"#;

    #[test]
    fn a_real_file_is_understood() {
        let entry = decode(REAL_ENTRY.as_bytes()).expect("decodes");
        assert_eq!(
            entry,
            RegistryEntry {
                session_id: Some("b6adf08c-67f9-4160-b13e-5c26fea070f5".into()),
                cwd: Some("/home/dev/code/alpha.beta_X".into()),
                started_at: Some(Timestamp::from_millis(1_795_355_214_981)),
                proc_start: Some(ProcStart::Ticks(93930)),
                version: Some("2.1.330".into()),
                kind: Some("interactive".into()),
                entrypoint: Some("cli".into()),
                spare: false,
                pid_domain: Some("linux:3d12:pid:[4026531836]".into()),
                name: Some("alpha-beta-x-0d".into()),
                name_source: Some("derived".into()),
                status: Some("waiting".into()),
                waiting_for: Some("permission prompt".into()),
                status_updated_at: Some(Timestamp::from_millis(1_795_355_259_582)),
            }
        );
    }

    #[test]
    fn wrong_bytes_and_wrong_types_are_told_apart() {
        assert_eq!(decode(b""), Err(RegistryDecodeError::Empty));
        assert_eq!(decode(b" \n"), Err(RegistryDecodeError::Empty));
        assert_eq!(
            decode(&REAL_ENTRY.as_bytes()[..200]),
            Err(RegistryDecodeError::NotJson)
        );
        assert_eq!(decode(b"\xff\xfe\x00"), Err(RegistryDecodeError::NotJson));
        assert_eq!(decode(b"[1]"), Err(RegistryDecodeError::NotObject));
        let odd =
            decode(br#"{"sessionId":7,"cwd":null,"startedAt":"x","procStart":-1,"status":5}"#);
        assert_eq!(
            odd,
            Ok(RegistryEntry {
                status: Some("5".into()),
                proc_start: Some(ProcStart::Unreadable),
                ..RegistryEntry::default()
            })
        );
        let null = decode(br#"{"status":null}"#);
        assert_eq!(null, Ok(RegistryEntry::default()));
    }

    /// The file of Claude Code 2.1.270 on macOS; its fields are those of the public fixtures of
    /// wake/purdex, claw-fleet and eye (2.1.263 to 2.1.283).
    const MAC_ENTRY: &str = r#"{"pid":4711,"sessionId":"0e1fdd9c-7c88-4f2e-a0a6-4a5d0a3e6c11",
        "cwd":"/Users/dev/code/api","startedAt":1783508188902,
        "procStart":"Wed Jul  8 10:56:27 2026","version":"2.1.270","peerProtocol":1,
        "kind":"interactive","entrypoint":"cli","pidDomain":"darwin","status":"busy",
        "updatedAt":1783508190000,"statusUpdatedAt":1783508190000}"#;

    #[test]
    fn a_file_of_macos_gives_the_second_of_its_process() {
        let entry = decode(MAC_ENTRY.as_bytes()).expect("decodes");
        assert_eq!(entry.proc_start, Some(ProcStart::Second(1_783_508_187)));
        assert_eq!(entry.pid_domain.as_deref(), Some("darwin"));
    }

    #[test]
    fn a_start_time_of_any_form_leaves_the_file_readable() {
        for (told, expected) in [
            ("null", None),
            ("93930", Some(ProcStart::Ticks(93_930))),
            ("\"93930\"", Some(ProcStart::Ticks(93_930))),
            ("\" 93930\"", Some(ProcStart::Ticks(93_930))),
            (
                "\"Sun Sep 13 15:22:36 2026\"",
                Some(ProcStart::Second(1_789_312_956)),
            ),
            (
                "\"dim. 13 sept. 15:22:36 2026\"",
                Some(ProcStart::Unreadable),
            ),
            ("\"2026-09-13T15:22:36Z\"", Some(ProcStart::Unreadable)),
            ("\"\"", Some(ProcStart::Unreadable)),
            ("1.5", Some(ProcStart::Unreadable)),
            ("-1", Some(ProcStart::Unreadable)),
            ("{\"second\":1}", Some(ProcStart::Unreadable)),
        ] {
            let text = format!("{{\"procStart\":{told},\"status\":\"idle\"}}");
            let entry = decode(text.as_bytes()).expect("decodes");
            assert_eq!(entry.proc_start, expected, "{told}");
            assert_eq!(entry.status.as_deref(), Some("idle"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn any_cut_of_a_real_file_decodes_or_fails(cut in 0..REAL_ENTRY.len(), at in 0..REAL_ENTRY.len(), with in any::<u8>()) {
            let _ = decode(&REAL_ENTRY.as_bytes()[..cut]);
            let mut bytes = REAL_ENTRY.as_bytes().to_vec();
            bytes[at] = with;
            let _ = decode(&bytes);
        }
    }
}
