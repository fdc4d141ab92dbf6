//! Bytes of a registry file → entry. Total: the format is internal to the client and may change
//! any day, so each field is taken if it is what it should be, and missed if not.

use serde_json::{Map, Value};
use trusty_fleet::Timestamp;
use trusty_fleet::identity::StartTime;
use trusty_fleet::observation::RegistryEntry;

/// The longest text we take from a field, in characters.
const MAX_FIELD_CHARS: usize = 4096;

/// The status told of a file that is there, but of a form we do not know: a word the client never
/// writes. Whoever reads it knows that there is a file, and not what its client does.
pub const NOT_UNDERSTOOD_STATUS: &str = "(not understood)";

/// Why bytes are no registry entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryDecodeError {
    /// A file has just been made, or is written this moment.
    #[error("file is empty")]
    Empty,
    /// Half written, or not JSON at all.
    #[error("file is not JSON")]
    NotJson,
    /// JSON, but not of the form `{…}`.
    #[error("file holds no JSON object")]
    NotObject,
}

/// Reads the bytes of a registry file.
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
        // A status of a wrong type is a word we do not know, not a missing one.
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

/// On Linux the client writes clock ticks since boot, as a string. Another form is none.
fn start(fields: &Map<String, Value>) -> Option<StartTime> {
    let value = fields.get("procStart")?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .map(StartTime)
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
                proc_start: Some(StartTime(93930)),
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
                ..RegistryEntry::default()
            })
        );
        let null = decode(br#"{"status":null}"#);
        assert_eq!(null, Ok(RegistryEntry::default()));
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
