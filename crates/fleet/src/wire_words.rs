//! Variants whose name in Rust is not their word on the wire and on disk: the words stay.

use crate::observation::{ActionProgress, HookInstall};
use crate::request::{HookOutcome, PermissionRequest, RequestId, RequestKind, ToolCallHash};
use crate::session::SessionEnd;
use crate::snapshot::HooksState;
use crate::{Fact, SessionId};
use serde::Serialize;
use serde_json::{Value, json};

fn word(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn renamed_states_keep_their_words() {
    assert_eq!(word(&HookInstall::NotInstalled), json!("Apart"));
    assert_eq!(word(&HookInstall::Incomplete), json!("Lost"));
    assert_eq!(word(&HooksState::NotInstalled), json!("Apart"));
    assert_eq!(word(&HooksState::Incomplete), json!("Lost"));
    assert_eq!(word(&SessionEnd::Requested), json!("Asked"));
    assert_eq!(word(&SessionEnd::Exited), json!("Left"));
}

#[test]
fn renamed_facts_keep_their_words() {
    let id = SessionId::new();
    let request = || RequestId("r".into());
    let asking = PermissionRequest {
        id: request(),
        session_id: "s".into(),
        kind: RequestKind::Permission,
        tool: "Bash".into(),
        detail: None,
        agent: None,
        agent_type: None,
        call: ToolCallHash("h".into()),
    };
    let facts = [
        ("Pulses", Fact::ProcessSamples(Vec::new())),
        (
            "Connection",
            Fact::HookInstall("/c".into(), HookInstall::Connected),
        ),
        ("Asked", Fact::RequestHeld(id, Box::new(asking))),
        (
            "AskOver",
            Fact::RequestEnded(id, request(), HookOutcome::Released),
        ),
        ("Act", Fact::ActionProgress(id, ActionProgress::NotHeld)),
    ];
    for (name, fact) in facts {
        let written = word(&fact);
        let keys: Vec<&String> = written.as_object().expect("an object").keys().collect();
        assert_eq!(keys, [name]);
        assert_eq!(serde_json::from_value::<Fact>(written).expect("read"), fact);
    }
}
