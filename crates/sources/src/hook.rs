//! What a connected client's hooks tell: the payload a hook is given, as the client writes it.

mod permission_request;
mod tool_input_hash;
mod truncated_value;

pub use permission_request::{HookRequest, decode as decode_asked};

use super::text::{detail, line};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use tool_input_hash::ToolInputHash;
use truncated_value::TruncatedValue;
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{HookEvent, HookEventKind, ToolCall};
use trusty_fleet::request::ToolCallHash;

/// The longest error text taken, in characters.
const MAX_ERROR_CHARS: usize = 200;
/// The longest name or id taken, in characters.
const MAX_HOOK_NAME_CHARS: usize = 200;

/// The fields that are read, each of whatever type; what else a payload holds is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HookPayload {
    hook_event_name: TruncatedValue,
    session_id: TruncatedValue,
    transcript_path: TruncatedValue,
    agent_id: TruncatedValue,
    agent_type: TruncatedValue,
    tool_use_id: TruncatedValue,
    tool_name: TruncatedValue,
    tool_input: TruncatedValue,
    background_tasks: TruncatedValue,
    last_assistant_message: TruncatedValue,
    error: TruncatedValue,
}

/// Reads the payload of a hook that ran in the client with this pid, at this time. Nothing where
/// it is no event we know: clients add some with every version.
pub fn decode(bytes: &[u8], pid: Option<u32>, at: Timestamp) -> Option<HookEvent> {
    let payload: HookPayload = serde_json::from_slice(bytes).ok()?;
    let name =
        |field: &TruncatedValue| Some(field.text()?.chars().take(MAX_HOOK_NAME_CHARS).collect());
    let session_id: String = name(&payload.session_id).filter(|id: &String| !id.is_empty())?;
    Some(HookEvent {
        session_id,
        pid,
        transcript: payload.transcript_path.text().map(PathBuf::from),
        agent: name(&payload.agent_id),
        call: whole_call(bytes, &payload),
        what: event_kind(&payload, at)?,
    })
}

/// What ties a call to the request to run it. The whole input is read for that, and not kept.
fn whole_call(bytes: &[u8], payload: &HookPayload) -> Option<ToolCallHash> {
    #[derive(Deserialize)]
    struct ToolInputField {
        tool_input: ToolInputHash,
    }
    if payload.hook_event_name.text() != Some("PreToolUse") {
        return None;
    }
    let tool = line(payload.tool_name.text()?, MAX_HOOK_NAME_CHARS)?;
    let call: ToolInputField = serde_json::from_slice(bytes).ok()?;
    Some(call.tool_input.fingerprint(&tool))
}

fn event_kind(payload: &HookPayload, at: Timestamp) -> Option<HookEventKind> {
    let cut = |field: &TruncatedValue| line(field.text()?, MAX_HOOK_NAME_CHARS);
    Some(match payload.hook_event_name.text()? {
        "SessionStart" => HookEventKind::SessionStarted,
        "SessionEnd" => HookEventKind::SessionEnded,
        "UserPromptSubmit" => HookEventKind::Prompted,
        "PreToolUse" => HookEventKind::ToolStarting(ToolCall {
            id: cut(&payload.tool_use_id)?,
            tool: cut(&payload.tool_name)?,
            detail: input(payload),
            at,
        }),
        "PostToolUse" | "PostToolUseFailure" => HookEventKind::ToolEnded {
            id: cut(&payload.tool_use_id)?,
        },
        "PermissionRequest" => HookEventKind::PermissionAsked {
            tool: cut(&payload.tool_name)?,
            detail: input(payload),
        },
        "Stop" => HookEventKind::Stopped {
            agents: running_agents(payload),
        },
        "StopFailure" => HookEventKind::Failed {
            error: payload
                .last_assistant_message
                .text()
                .or_else(|| payload.error.text())
                .and_then(|e| line(e, MAX_ERROR_CHARS))
                .unwrap_or_default(),
        },
        "SubagentStart" => HookEventKind::AgentStarted {
            agent_type: cut(&payload.agent_type),
        },
        "SubagentStop" => HookEventKind::AgentEnded,
        "PreCompact" => HookEventKind::Compacting,
        "PostCompact" => HookEventKind::Compacted,
        _ => return None,
    })
}

fn input(payload: &HookPayload) -> Option<String> {
    detail(payload.tool_name.text()?, payload.tool_input.fields()?)
}

/// The sub-agents among the tasks that still run. Shells are none: a server left running would
/// keep a session busy for ever.
fn running_agents(payload: &HookPayload) -> Vec<String> {
    let tasks = payload.background_tasks.list().iter();
    tasks
        .filter(|task| task.get("type").and_then(Value::as_str) == Some("subagent"))
        .filter(|task| task.get("status").and_then(Value::as_str) == Some("running"))
        .filter_map(|task| line(task.get("id")?.as_str()?, MAX_HOOK_NAME_CHARS))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(payload: &str) -> Option<HookEvent> {
        decode(payload.as_bytes(), Some(7), Timestamp::from_millis(1))
    }

    fn what(rest: &str) -> Option<HookEventKind> {
        let payload = format!(r#"{{"session_id":"s","transcript_path":"/t.jsonl",{rest}}}"#);
        let event = read(&payload)?;
        assert_eq!((event.session_id.as_str(), event.pid), ("s", Some(7)));
        Some(event.what)
    }

    #[test]
    fn each_event_of_the_client_is_understood() {
        let tool = r#""tool_name":"Bash","tool_input":{"command":"make\nall","description":"d"}"#;
        let call = ToolCall {
            id: "toolu_1".into(),
            tool: "Bash".into(),
            detail: Some("make…".into()),
            at: Timestamp::from_millis(1),
        };
        let event = |name: &str, rest: &str| what(&format!(r#""hook_event_name":"{name}"{rest}"#));
        let with_id = format!(r#",{tool},"tool_use_id":"toolu_1""#);
        assert_eq!(
            event("PreToolUse", &with_id),
            Some(HookEventKind::ToolStarting(call))
        );
        let ended = HookEventKind::ToolEnded {
            id: "toolu_1".into(),
        };
        assert_eq!(event("PostToolUse", &with_id), Some(ended.clone()));
        assert_eq!(event("PostToolUseFailure", &with_id), Some(ended));
        let asked = HookEventKind::PermissionAsked {
            tool: "Bash".into(),
            detail: Some("make…".into()),
        };
        assert_eq!(event("PermissionRequest", &format!(",{tool}")), Some(asked));
        let tasks = r#","background_tasks":[{"id":"a1","type":"subagent","status":"running"},
            {"id":"a2","type":"subagent","status":"completed"},
            {"id":"b1","type":"shell","status":"running"},7]"#;
        let stopped = HookEventKind::Stopped {
            agents: vec!["a1".into()],
        };
        assert_eq!(event("Stop", tasks), Some(stopped));
        let failed = HookEventKind::Failed {
            error: "API Error: 400".into(),
        };
        let error = r#","error":"unknown","last_assistant_message":"API Error: 400""#;
        assert_eq!(event("StopFailure", error), Some(failed));
        let began = HookEventKind::AgentStarted {
            agent_type: Some("Explore".into()),
        };
        assert_eq!(
            event("SubagentStart", r#","agent_type":"Explore""#),
            Some(began)
        );
        for (name, expected) in [
            ("SessionStart", Some(HookEventKind::SessionStarted)),
            ("SessionEnd", Some(HookEventKind::SessionEnded)),
            ("UserPromptSubmit", Some(HookEventKind::Prompted)),
            ("SubagentStop", Some(HookEventKind::AgentEnded)),
            ("PreCompact", Some(HookEventKind::Compacting)),
            ("PostCompact", Some(HookEventKind::Compacted)),
            ("Notification", None),
            ("MessageDisplay", None),
            ("PreToolUse", None),
        ] {
            assert_eq!(event(name, ""), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_payload_tells_nothing() {
        for odd in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"session_id":""}"#,
            r#"{"session_id":7}"#,
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_is_not_read_may_be_of_any_size() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let file = "x\\n".repeat(100_000);
        let payload = format!(
            r#""hook_event_name":"PermissionRequest","tool_name":"Write","tool_response":{deep},
            "tool_input":{{"content":"{file}","file_path":"/a/b.rs"}}"#
        );
        let asked = HookEventKind::PermissionAsked {
            tool: "Write".into(),
            detail: Some("b.rs".into()),
        };
        assert_eq!(what(&payload), Some(asked));
        let path = format!("/{}", "long/".repeat(100));
        let payload = format!(
            r#"{{"session_id":"s","transcript_path":"{path}","hook_event_name":"SessionEnd"}}"#
        );
        assert_eq!(
            read(&payload).expect("an event").transcript,
            Some(path.into())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes, None, Timestamp::from_millis(0));
        }
    }
}
