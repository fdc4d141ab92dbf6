//! What a client asks through a hook that waits: the whole of it, for whoever answers.

use super::MAX_HOOK_NAME_CHARS;
use super::tool_input_hash::{ToolInputHash, hex};
use super::truncated_value::TruncatedValue;
use crate::text::{detail, line};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use trusty_fleet::SessionId;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::request::{PermissionRequest, RequestContent, RequestId, RequestKind};
use trusty_fleet::view::Card;

/// What is read first: how much would be kept. Nothing is read of what is too much.
#[derive(Debug, Deserialize)]
struct PayloadSize {
    #[serde(default)]
    tool_input: Option<ToolInputHash>,
    #[serde(default)]
    permission_suggestions: Option<ToolInputHash>,
}

#[derive(Debug, Deserialize)]
struct PermissionPayload {
    hook_event_name: String,
    session_id: String,
    #[serde(default)]
    agent_id: TruncatedValue,
    #[serde(default)]
    agent_type: TruncatedValue,
    tool_name: String,
    #[serde(default)]
    tool_input: Map<String, Value>,
    #[serde(default)]
    permission_suggestions: Value,
}

/// A request with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct HookRequest {
    /// What is filed.
    pub asking: PermissionRequest,
    /// What is kept for whoever answers.
    pub content: RequestContent,
    /// What the content takes up, in bytes, roughly.
    pub weight: usize,
    /// Why it cannot be approved from here, in words: something of it cannot be shown.
    pub unseen: Option<String>,
}

/// Reads what the hook of this process was given, in a session. Nothing where it is no request,
/// or none that can be shown whole.
pub fn decode(payload: &[u8], session: SessionId, hook: ProcessKey) -> Option<HookRequest> {
    let measured: PayloadSize = serde_json::from_slice(payload).ok()?;
    let read: PermissionPayload = serde_json::from_slice(payload).ok()?;
    if read.hook_event_name != "PermissionRequest" || read.session_id.is_empty() {
        return None;
    }
    // One that cannot be said as it is could be taken for another.
    let tool = line(&read.tool_name, MAX_HOOK_NAME_CHARS).filter(|tool| *tool == read.tool_name)?;
    let input = read.tool_input;
    let of_input = match measured.tool_input {
        Some(digest) => digest,
        None => serde_json::from_str("{}").ok()?,
    };
    let suggestions = match read.permission_suggestions {
        Value::Array(all) => all,
        _ => Vec::new(),
    };
    let parts = [Some(of_input), measured.permission_suggestions];
    let weight = parts.into_iter().flatten().map(ToolInputHash::weight).sum();
    let id = identify(session, &read.hook_event_name, payload, hook);
    let detail = detail(&tool, &input);
    let call = of_input.fingerprint(&tool);
    let content = RequestContent {
        tool: tool.clone(),
        input,
        suggestions,
    };
    Some(HookRequest {
        unseen: Card::from_request(id.clone(), &content).unseen,
        asking: PermissionRequest {
            id,
            session_id: read.session_id.chars().take(MAX_HOOK_NAME_CHARS).collect(),
            kind: RequestKind::for_tool(&tool),
            tool,
            detail,
            agent: text_of(&read.agent_id),
            agent_type: read
                .agent_type
                .text()
                .and_then(|t| line(t, MAX_HOOK_NAME_CHARS)),
            call,
        },
        content,
        weight,
    })
}

fn identify(session: SessionId, event: &str, payload: &[u8], hook: ProcessKey) -> RequestId {
    let mut hash = Sha256::new();
    hash.update(session.0.as_bytes());
    hash.update(event.as_bytes());
    hash.update([0]);
    hash.update(payload.len().to_be_bytes());
    hash.update(payload);
    hash.update(hook.pid.to_be_bytes());
    hash.update(hook.start.0.to_be_bytes());
    RequestId(hex(&hash.finalize()))
}

/// A text without the rest of its type.
fn text_of(field: &TruncatedValue) -> Option<String> {
    Some(field.text()?.chars().take(MAX_HOOK_NAME_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use trusty_fleet::identity::StartTime;

    const HOOK_KEY: ProcessKey = ProcessKey {
        pid: 9,
        start: StartTime(1),
    };

    fn read(payload: &Value) -> Option<HookRequest> {
        decode(payload.to_string().as_bytes(), session(), HOOK_KEY)
    }

    fn session() -> SessionId {
        let text = "00000000-0000-5000-8000-000000000001";
        SessionId(text.parse().expect("an id"))
    }

    fn payload() -> Value {
        json!({
            "session_id": "s", "hook_event_name": "PermissionRequest", "tool_name": "Bash",
            "tool_input": {"command": "make\nall", "description": "d"},
            "permission_suggestions": [{"type": "addRules", "odd": [1.5, null]}],
            "agent_id": "a1", "agent_type": "Explore", "new": {"in": "this version"},
        })
    }

    #[test]
    fn a_request_is_kept_whole() {
        let HookRequest {
            asking,
            content,
            weight,
            unseen,
        } = read(&payload()).expect("a request");
        assert_eq!(unseen, None);
        assert_eq!(asking.kind, RequestKind::Permission);
        assert_eq!(
            (asking.tool.as_str(), asking.detail.as_deref()),
            ("Bash", Some("make…"))
        );
        assert_eq!(asking.agent.as_deref(), Some("a1"));
        assert_eq!(asking.agent_type.as_deref(), Some("Explore"));
        assert_eq!(Value::Object(content.input), payload()["tool_input"]);
        assert_eq!(
            Value::Array(content.suggestions),
            payload()["permission_suggestions"]
        );
        assert!(weight > payload()["tool_input"].to_string().len());
    }

    #[test]
    fn each_request_is_another() {
        let id = |payload: &Value, hook| {
            let bytes = payload.to_string();
            decode(bytes.as_bytes(), session(), hook).map(|asked| asked.asking.id)
        };
        let one = id(&payload(), HOOK_KEY);
        assert_eq!(one.as_ref().map(|id| id.0.len()), Some(64));
        assert_eq!(id(&payload(), HOOK_KEY), one);
        let again = ProcessKey {
            pid: 10,
            ..HOOK_KEY
        };
        assert_ne!(id(&payload(), again), one, "asked again in the same words");
        let mut other = payload();
        other["tool_input"]["description"] = json!("e");
        assert_ne!(id(&other, HOOK_KEY), one);
    }

    #[test]
    fn a_call_and_its_request_have_one_fingerprint() {
        let mut call = payload();
        call["hook_event_name"] = json!("PreToolUse");
        call["tool_use_id"] = json!("toolu_1");
        call["tool_input"] = json!({"description": "d", "command": "make\nall"});
        let event = super::super::decode(
            call.to_string().as_bytes(),
            Some(7),
            trusty_fleet::Timestamp::from_millis(1),
        );
        let print = read(&payload()).map(|asked| asked.asking.call);
        assert!(print.is_some());
        assert_eq!(event.and_then(|e| e.call), print);
    }

    #[test]
    fn what_cannot_be_shown_is_none() {
        for (field, value) in [
            ("hook_event_name", json!("PreToolUse")),
            ("tool_name", json!(7)),
            ("tool_name", json!(" ")),
            ("tool_input", json!("text")),
            ("session_id", json!("")),
        ] {
            let mut odd = payload();
            odd[field] = value;
            assert_eq!(read(&odd), None, "{field}");
        }
    }

    #[test]
    fn a_structure_that_nobody_reads_is_none() {
        let many = |count: usize| {
            let list = vec![json!({"a": 0}); count];
            json!({"list": list})
        };
        for field in ["tool_input", "permission_suggestions"] {
            let mut odd = payload();
            odd[field] = many(10_000);
            assert!(read(&odd).is_some(), "{field}");
            odd[field] = many(100_000);
            assert_eq!(read(&odd), None, "{field}");
        }
        // What is not kept may be of any size.
        let mut odd = payload();
        odd["agent_id"] = many(100_000);
        odd["other"] = many(100_000);
        assert_eq!(read(&odd).expect("a request").asking.agent, None);
    }

    proptest! {
        #[test]
        fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes, session(), HOOK_KEY);
        }
    }
}
