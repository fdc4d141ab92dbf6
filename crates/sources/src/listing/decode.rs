//! Decodes Claude Code's list of its sessions. An element that is not a session is skipped, and a
//! field of an unexpected type is ignored.

use serde_json::Value;
use trusty_fleet::observation::ListedSession;

/// The limit for the text of a field, in characters.
const MAX_LISTED_TEXT_CHARS: usize = 4096;

/// Why bytes are not a list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListingDecodeError {
    /// Not JSON, or only part of it.
    #[error("is not JSON")]
    NotJson,
    /// JSON, but not an array.
    #[error("is not a list")]
    NotList,
}

/// Decodes a list.
///
/// # Errors
///
/// If the bytes are not a JSON array.
pub fn decode(bytes: &[u8]) -> Result<Vec<ListedSession>, ListingDecodeError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(sessions)) => Ok(sessions.iter().filter_map(session).collect()),
        Ok(_) => Err(ListingDecodeError::NotList),
        Err(_) => Err(ListingDecodeError::NotJson),
    }
}

fn session(fields: &Value) -> Option<ListedSession> {
    let text = |name: &str| -> Option<String> {
        Some(
            fields[name]
                .as_str()?
                .chars()
                .take(MAX_LISTED_TEXT_CHARS)
                .collect(),
        )
    };
    Some(ListedSession {
        pid: fields["pid"].as_u64()?.try_into().ok()?,
        status: text("status"),
        waiting_for: text("waitingFor"),
        session_id: text("sessionId"),
        name: text("name"),
        kind: text("kind"),
        cwd: text("cwd"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL_LISTING: &str = r#"[{"pid":16574,"cwd":"/home/dev/code/alpha.beta_X","kind":"interactive",
        "startedAt":1795355133897,"sessionId":"6c334959-1d0c-4a53-9f0e-5d0a4e3b2c11",
        "name":"alpha-beta-x-b9","status":"waiting","waitingFor":"permission prompt"}]"#;

    #[test]
    fn a_real_list_is_understood() {
        let listed = ListedSession {
            pid: 16574,
            status: Some("waiting".into()),
            waiting_for: Some("permission prompt".into()),
            session_id: Some("6c334959-1d0c-4a53-9f0e-5d0a4e3b2c11".into()),
            name: Some("alpha-beta-x-b9".into()),
            kind: Some("interactive".into()),
            cwd: Some("/home/dev/code/alpha.beta_X".into()),
        };
        assert_eq!(decode(REAL_LISTING.as_bytes()), Ok(vec![listed]));
        assert_eq!(decode(b"[]\n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_session_is_skipped() {
        let odd = br#"[7, null, {}, {"pid":-1}, {"pid":4294967296}, {"pid":"8"},
            {"pid":9,"status":1,"name":null}]"#;
        let listed = ListedSession {
            pid: 9,
            ..ListedSession::default()
        };
        assert_eq!(decode(odd), Ok(vec![listed]));
    }

    #[test]
    fn what_is_no_list_is_told() {
        assert_eq!(decode(b""), Err(ListingDecodeError::NotJson));
        assert_eq!(decode(b"No sessions"), Err(ListingDecodeError::NotJson));
        assert_eq!(decode(b"{}"), Err(ListingDecodeError::NotList));
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn any_cut_of_a_real_list_decodes_or_fails(cut in 0..REAL_LISTING.len(), at in 0..REAL_LISTING.len(), with in any::<u8>()) {
            let _ = decode(&REAL_LISTING.as_bytes()[..cut]);
            let mut bytes = REAL_LISTING.as_bytes().to_vec();
            bytes[at] = with;
            let _ = decode(&bytes);
        }
    }
}
