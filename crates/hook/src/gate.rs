//! The gate: while a pause record says that the session is held, the next tool and the next prompt
//! wait here. Only the record counts, whether an engine runs or not.

use crate::hook_caller::{HookCaller, LIVENESS_POLL_INTERVAL, live_process, parent, parents};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use trusty_platform::clock;
use trusty_platform::folder_watch::FolderWatch;
use trusty_platform::sys;
use trusty_records::SessionId;
use trusty_records::pause::{Gate, MAX_HOLD, PauseMethod, PausePhase, PauseRecord};
use trusty_records::store::PauseStore;
use trusty_wire::Environment;
use trusty_wire::identity::{MachineIdentity, ProcessKey};

/// What the gate holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateKind {
    /// A tool call.
    Tool,
    /// A prompt: the user's, or one that reports a finished task to the model, which starts a turn
    /// as well.
    Prompt,
}

impl GateKind {
    /// The kind that an event's name stands for; none for events that pass the gate.
    pub(crate) fn from_event(event: &str) -> Option<Self> {
        [Self::Tool, Self::Prompt]
            .into_iter()
            .find(|k| k.event() == event)
    }

    fn event(self) -> &'static str {
        match self {
            Self::Tool => "PreToolUse",
            Self::Prompt => "UserPromptSubmit",
        }
    }

    /// The hook output after which Claude Code runs no tool, sends no prompt and ends the turn.
    /// `continue: false` alone does not keep a tool from running (measured, 2.1.330).
    pub(crate) fn refusal(self, why: &str) -> Value {
        match self {
            Self::Tool => json!({
                "continue": false,
                "stopReason": why,
                "hookSpecificOutput": {
                    "hookEventName": self.event(),
                    "permissionDecision": "deny",
                    "permissionDecisionReason": why,
                },
            }),
            Self::Prompt => json!({ "continue": false, "stopReason": why }),
        }
    }
}

/// The reason that Claude Code and the user read when a gate has waited for its limit.
const LIMIT_REACHED_MESSAGE: &str = "Pause limit reached (24 days); this turn was ended, and the session \
                             stays paused. To continue, resume the session in Trusty Bar.";

/// How a gate was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateOutcome {
    /// The session is not held, or no longer.
    Free,
    /// The tool or prompt may not go on, for this reason.
    Refused(&'static str),
}

/// Waits while the session is held. A record that cannot be read holds nothing.
pub(crate) fn wait_at_gate(
    kind: GateKind,
    payload: &[u8],
    env: &Environment,
    machine: &MachineIdentity,
    client: Option<u32>,
) -> GateOutcome {
    let store = PauseStore::from_env(env);
    let candidates = client.map_or_else(parents, |pid| vec![pid]);
    let held = candidates.into_iter().find_map(|pid| {
        let key = live_process(pid)?;
        let id = machine.session_id(key);
        is_hold(&store, id).then_some((key, id))
    });
    let Some((client, id)) = held else {
        return GateOutcome::Free;
    };
    let Some(own) = live_process(std::process::id()) else {
        return GateOutcome::Free;
    };
    // The pause record alone decides. If the mark cannot be written, the session merely does not
    // show this gate.
    let waited = waited_before(own, client);
    let _ = store.write_gate(id, &gate_record(own, kind, payload, waited));
    let passed = wait(&store, id, client, MAX_HOLD.saturating_sub(waited));
    let _ = store.remove_gate(id, own.pid);
    passed
}

/// How long Claude Code has waited so far, counted from the start of the shell that runs this
/// hook: the shell may run the hook again after an earlier one was killed.
fn waited_before(own: ProcessKey, client: ProcessKey) -> Duration {
    let shell = parent()
        .filter(|pid| *pid != client.pid)
        .and_then(live_process);
    // Claude Code before 2.1 may be further above, and a hook may be run by hand.
    let shell = shell.filter(|shell| shell.start >= client.start);
    let began = sys::start_since_boot(shell.unwrap_or(own).start);
    sys::since_boot().saturating_sub(began)
}

fn record(store: &PauseStore, id: SessionId) -> Option<PauseRecord> {
    let record = store.read(id).ok()??;
    (record.means == PauseMethod::Hold).then_some(record)
}

fn is_hold(store: &PauseStore, id: SessionId) -> bool {
    record(store, id).is_some()
}

fn wait(store: &PauseStore, id: SessionId, client: ProcessKey, longest: Duration) -> GateOutcome {
    let begun = sys::since_boot();
    let awaiting = HookCaller::from_client(client);
    let changes = FolderWatch::new(store.folder());
    loop {
        let Some(record) = record(store, id) else {
            return GateOutcome::Free;
        };
        if record.phase == PausePhase::Ending {
            return GateOutcome::Refused("Trusty Bar is stopping this session.");
        }
        let waited = sys::since_boot().saturating_sub(begun);
        if waited >= longest {
            return GateOutcome::Refused(LIMIT_REACHED_MESSAGE);
        }
        if !awaiting.is_alive() {
            return GateOutcome::Free;
        }
        changes.wait(LIVENESS_POLL_INTERVAL);
    }
}

/// The payload fields that the gate reads; all others are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GatePayload {
    agent_id: Value,
    tool_name: Value,
}

/// The limit for names in a mark, in characters; the rest is cut off.
const MAX_NAME_CHARS: usize = 200;

fn gate_record(process: ProcessKey, kind: GateKind, payload: &[u8], waited: Duration) -> Gate {
    let payload: GatePayload = serde_json::from_slice(payload).unwrap_or_default();
    let name = |field: &Value| Some(field.as_str()?.chars().take(MAX_NAME_CHARS).collect());
    Gate {
        process,
        event: kind.event().to_owned(),
        agent: name(&payload.agent_id),
        tool: name(&payload.tool_name),
        since: clock::wall().checked_sub(waited),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;
    use trusty_records::pause::Initiator;

    struct GateFixture {
        _home: tempfile::TempDir,
        env: Environment,
        machine: MachineIdentity,
        client: ProcessKey,
    }

    impl GateFixture {
        fn new() -> Self {
            let home = tempfile::tempdir().expect("folder");
            let env = Environment {
                home: home.path().to_path_buf(),
                ..Environment::default()
            };
            Self {
                _home: home,
                env,
                machine: sys::machine().expect("the machine"),
                client: live_process(std::process::id()).expect("this process"),
            }
        }

        fn write_hold(&self, phase: PausePhase) {
            let record = PauseRecord {
                version: 1,
                session: self.machine.session_id(self.client),
                boot: self.machine.boot.clone(),
                domain: None,
                client: self.client,
                phase,
                since: SystemTime::UNIX_EPOCH,
                by: Initiator::Api,
                summary: String::new(),
                at_work: trusty_records::pause::InterruptedWork::Nothing,
                tty: None,
                means: PauseMethod::Hold,
            };
            PauseStore::from_env(&self.env)
                .write(&record)
                .expect("written");
        }

        fn pass_gate(&self, client: Option<u32>) -> GateOutcome {
            wait_at_gate(GateKind::Tool, b"", &self.env, &self.machine, client)
        }
    }

    #[test]
    fn only_the_client_with_the_record_is_held() {
        let stage = GateFixture::new();
        assert_eq!(
            stage.pass_gate(Some(stage.client.pid)),
            GateOutcome::Free,
            "no record"
        );
        stage.write_hold(PausePhase::Ending);
        let refused = stage.pass_gate(Some(stage.client.pid));
        assert!(matches!(refused, GateOutcome::Refused(_)));
        assert_eq!(
            stage.pass_gate(Some(1)),
            GateOutcome::Free,
            "another client"
        );
        assert_eq!(
            stage.pass_gate(Some(u32::MAX)),
            GateOutcome::Free,
            "no such process"
        );
        assert_eq!(
            stage.pass_gate(None),
            GateOutcome::Free,
            "none of the parents"
        );
        let gates = PauseStore::from_env(&stage.env).gates(stage.machine.session_id(stage.client));
        assert_eq!(gates.expect("listed"), [], "no mark is left");
    }

    #[test]
    fn a_gate_near_its_end_refuses() {
        let stage = GateFixture::new();
        stage.write_hold(PausePhase::Paused);
        let (store, id) = (
            PauseStore::from_env(&stage.env),
            stage.machine.session_id(stage.client),
        );
        let passed = wait(&store, id, stage.client, Duration::ZERO);
        assert!(matches!(passed, GateOutcome::Refused(why) if why.contains("24 days")));
        let gone = ProcessKey {
            start: trusty_wire::identity::StartTime(stage.client.start.0 + 1),
            ..stage.client
        };
        assert_eq!(
            wait(&store, id, gone, MAX_HOLD),
            GateOutcome::Free,
            "the client has ended"
        );
    }

    /// A hook that is run again does not get the whole limit again: the waiting time goes on.
    #[test]
    fn a_gate_counts_from_the_start_of_the_shell_that_runs_it() {
        let own = live_process(std::process::id()).expect("this process");
        let above = parent().and_then(live_process).expect("a parent");
        let waited = sys::since_boot().saturating_sub(sys::start_since_boot(above.start));
        let oldest = ProcessKey {
            pid: 1,
            start: trusty_wire::identity::StartTime(0),
        };
        assert!(waited_before(own, oldest) >= waited);
        let own_age = sys::since_boot().saturating_sub(sys::start_since_boot(own.start));
        // Here Claude Code runs the hook directly, without a shell.
        assert!(waited_before(own, above) < own_age + Duration::from_mins(1));
        let gate = gate_record(own, GateKind::Tool, b"", Duration::from_hours(1));
        let since = gate.since.expect("the mark says since when");
        assert!(since.elapsed().expect("past") >= Duration::from_hours(1));
    }

    #[test]
    fn refusals_have_the_form_that_the_client_reads() {
        let tool = GateKind::Tool.refusal("why");
        assert_eq!(tool["continue"], false);
        assert_eq!(tool["hookSpecificOutput"]["hookEventName"], "PreToolUse");
        assert_eq!(tool["hookSpecificOutput"]["permissionDecision"], "deny");
        assert_eq!(
            GateKind::Prompt.refusal("why"),
            json!({"continue": false, "stopReason": "why"})
        );
        assert_eq!(GateKind::from_event("PreToolUse"), Some(GateKind::Tool));
        assert_eq!(
            GateKind::from_event("UserPromptSubmit"),
            Some(GateKind::Prompt)
        );
        assert_eq!(GateKind::from_event("PostToolUse"), None);
    }

    #[test]
    fn a_mark_names_who_is_held() {
        let own = live_process(std::process::id()).expect("this process");
        let read = |payload: &str| {
            let gate = gate_record(own, GateKind::Tool, payload.as_bytes(), Duration::ZERO);
            (gate.agent, gate.tool)
        };
        let both = r#"{"agent_id":"a1","tool_name":"Bash","tool_input":{"command":"x"}}"#;
        assert_eq!(read(both), (Some("a1".into()), Some("Bash".into())));
        assert_eq!(read(r#"{"agent_id":7,"tool_name":null}"#), (None, None));
        assert_eq!(read("what"), (None, None));
    }
}
