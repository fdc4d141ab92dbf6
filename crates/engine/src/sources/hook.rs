//! What a connected client's hooks tell: the payload a hook is given, as the client writes it.

use super::text::{detail, line};
use serde_json::{Map, Value};
use std::path::PathBuf;
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{Happened, HookEvent, ToolCall};

/// The longest error text taken, in characters.
const ERROR: usize = 200;
/// The longest name or id taken, in characters.
const NAME: usize = 200;

/// Reads the payload of a hook that ran in the client with this pid, at this time. Nothing where
/// it is no event we know: clients add some with every version.
pub fn decode(payload: &[u8], pid: Option<u32>, at: Timestamp) -> Option<HookEvent> {
    let Value::Object(fields) = serde_json::from_slice(payload).ok()? else {
        return None;
    };
    let text = |name: &str| Some(fields.get(name)?.as_str()?.chars().take(NAME).collect());
    let session_id: String = text("session_id").filter(|id: &String| !id.is_empty())?;
    Some(HookEvent {
        session_id,
        pid,
        transcript: text("transcript_path").map(|path: String| PathBuf::from(path)),
        agent: text("agent_id"),
        what: happened(&fields, at)?,
    })
}

fn happened(fields: &Map<String, Value>, at: Timestamp) -> Option<Happened> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let cut = |text: &str| line(text, NAME);
    Some(match text("hook_event_name")? {
        "SessionStart" => Happened::SessionStarted,
        "SessionEnd" => Happened::SessionEnded,
        "UserPromptSubmit" => Happened::Prompted,
        "PreToolUse" => Happened::ToolStarting(ToolCall {
            id: cut(text("tool_use_id")?)?,
            tool: cut(text("tool_name")?)?,
            detail: input(fields),
            at,
        }),
        "PostToolUse" | "PostToolUseFailure" => Happened::ToolEnded {
            id: cut(text("tool_use_id")?)?,
        },
        "PermissionRequest" => Happened::PermissionAsked {
            tool: cut(text("tool_name")?)?,
            detail: input(fields),
        },
        "Stop" => Happened::Stopped {
            agents: running_agents(fields),
        },
        "StopFailure" => Happened::Failed {
            error: text("last_assistant_message")
                .or_else(|| text("error"))
                .and_then(|e| line(e, ERROR))
                .unwrap_or_default(),
        },
        "SubagentStart" => Happened::AgentStarted {
            agent_type: text("agent_type").and_then(cut),
        },
        "SubagentStop" => Happened::AgentEnded,
        "PreCompact" => Happened::Compacting,
        "PostCompact" => Happened::Compacted,
        _ => return None,
    })
}

fn input(fields: &Map<String, Value>) -> Option<String> {
    let tool = fields.get("tool_name")?.as_str()?;
    detail(tool, fields.get("tool_input")?.as_object()?)
}

/// The sub-agents among the tasks that still run. Shells are none: a server left running would
/// keep a session busy for ever.
fn running_agents(fields: &Map<String, Value>) -> Vec<String> {
    let tasks = fields.get("background_tasks").and_then(Value::as_array);
    tasks
        .into_iter()
        .flatten()
        .filter(|task| task.get("type").and_then(Value::as_str) == Some("subagent"))
        .filter(|task| task.get("status").and_then(Value::as_str) == Some("running"))
        .filter_map(|task| line(task.get("id")?.as_str()?, NAME))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(payload: &str) -> Option<HookEvent> {
        decode(payload.as_bytes(), Some(7), Timestamp::from_millis(1))
    }

    fn what(rest: &str) -> Option<Happened> {
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
            detail: Some("make".into()),
            at: Timestamp::from_millis(1),
        };
        let event = |name: &str, rest: &str| what(&format!(r#""hook_event_name":"{name}"{rest}"#));
        let with_id = format!(r#",{tool},"tool_use_id":"toolu_1""#);
        assert_eq!(
            event("PreToolUse", &with_id),
            Some(Happened::ToolStarting(call))
        );
        let ended = Happened::ToolEnded {
            id: "toolu_1".into(),
        };
        assert_eq!(event("PostToolUse", &with_id), Some(ended.clone()));
        assert_eq!(event("PostToolUseFailure", &with_id), Some(ended));
        let asked = Happened::PermissionAsked {
            tool: "Bash".into(),
            detail: Some("make".into()),
        };
        assert_eq!(event("PermissionRequest", &format!(",{tool}")), Some(asked));
        let tasks = r#","background_tasks":[{"id":"a1","type":"subagent","status":"running"},
            {"id":"a2","type":"subagent","status":"completed"},
            {"id":"b1","type":"shell","status":"running"},7]"#;
        let stopped = Happened::Stopped {
            agents: vec!["a1".into()],
        };
        assert_eq!(event("Stop", tasks), Some(stopped));
        let failed = Happened::Failed {
            error: "API Error: 400".into(),
        };
        let error = r#","error":"unknown","last_assistant_message":"API Error: 400""#;
        assert_eq!(event("StopFailure", error), Some(failed));
        let began = Happened::AgentStarted {
            agent_type: Some("Explore".into()),
        };
        assert_eq!(
            event("SubagentStart", r#","agent_type":"Explore""#),
            Some(began)
        );
        for (name, expected) in [
            ("SessionStart", Some(Happened::SessionStarted)),
            ("SessionEnd", Some(Happened::SessionEnded)),
            ("UserPromptSubmit", Some(Happened::Prompted)),
            ("SubagentStop", Some(Happened::AgentEnded)),
            ("PreCompact", Some(Happened::Compacting)),
            ("PostCompact", Some(Happened::Compacted)),
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

    proptest! {
        #[test]
        fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&bytes, None, Timestamp::from_millis(0));
        }
    }
}
