//! Decodes the output of `list-panes`. Any bytes are accepted. The name of the session comes last
//! on its line, because it may contain anything but `:` and `.`; after a line break in it follows a
//! line that does not describe a pane.

use trusty_fleet::observation::TmuxPane;

/// The format passed to `list-panes`; [`decode`] reads these fields.
pub const PANE_FORMAT: &str =
    "#{pane_id} #{pane_pid} #{pane_tty} #{window_id} #{session_attached} #{session_name}";

/// Decodes the answer of a server. A line that does not describe a pane continues the session name
/// of the pane before it; without one, the line is skipped.
pub fn decode(bytes: &[u8]) -> Vec<TmuxPane> {
    let text = String::from_utf8_lossy(bytes);
    let mut panes: Vec<TmuxPane> = Vec::new();
    for line in text.strip_suffix('\n').unwrap_or(&text).split('\n') {
        match pane(line) {
            Some(pane) => panes.push(pane),
            None => {
                if let Some(last) = panes.last_mut() {
                    last.session.push('\n');
                    last.session.push_str(line);
                }
            }
        }
    }
    panes
}

fn pane(line: &str) -> Option<TmuxPane> {
    let mut fields = line.splitn(6, ' ');
    let mut next = |mark: &str| fields.next().filter(|f| f.starts_with(mark));
    let (pane, pid, tty, window) = (next("%")?, next("")?, next("/")?, next("@")?);
    let (clients, session) = (next("")?, next("")?);
    Some(TmuxPane {
        pane: pane.to_owned(),
        pid: pid.parse().ok()?,
        tty: tty.to_owned(),
        window: window.to_owned(),
        session: session.to_owned(),
        clients: clients.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(line: &str) -> String {
        let panes = decode(line.as_bytes());
        assert_eq!(panes.len(), 1, "{panes:?}");
        panes[0].session.clone()
    }

    #[test]
    fn names_may_hold_anything() {
        for session in [
            "a b",
            "'\"",
            "#{pane_id}",
            "ü日😀",
            "",
            " ",
            "%1 2 /dev/pts/3 x",
            "a\nb",
            "\n",
        ] {
            assert_eq!(name(&format!("%0 42 /dev/pts/7 @1 2 {session}\n")), session);
        }
        let two = decode(b"%0 42 /dev/pts/7 @1 2 a\n%3 43 /dev/pts/8 @2 0 b\n");
        assert_eq!(two.len(), 2);
        assert_eq!(
            two[1],
            TmuxPane {
                pane: "%3".into(),
                pid: 43,
                tty: "/dev/pts/8".into(),
                window: "@2".into(),
                session: "b".into(),
                clients: 0,
            }
        );
        assert!(decode(b"").is_empty());
        assert!(decode(b"no server running on /tmp/x\n").is_empty());
        assert!(decode(b"%0 x /dev/pts/7 @1 2 a\n").is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn any_name_survives(session in "[^\n:.]{0,40}") {
            prop_assert_eq!(name(&format!("%0 42 /dev/pts/7 @1 2 {session}\n")), session);
        }
    }
}
