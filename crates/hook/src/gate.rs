//! The gate: while a record says that its session is held, the next tool and the next prompt wait.
//! Only the record counts, whether an engine runs or not.

use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use trusty_engine::Surroundings;
use trusty_engine::io::changes::Changes;
use trusty_engine::io::sys;
use trusty_engine::store::Store;
use trusty_fleet::SessionId;
use trusty_fleet::identity::{Machine, ProcessKey};
use trusty_fleet::pause::{Gate, Means, PauseRecord, Phase};

/// A client lets a hook that has taken 9,999,999 s fail, and a failed one forbids nothing: it has
/// answered before.
const LONGEST: Duration = Duration::from_mins(166_650);
/// That the client or the parent has ended is told by nobody.
const LOOK: Duration = Duration::from_secs(1);

/// What is kept from going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A tool.
    Tool,
    /// A prompt: its owner's, or one that tells the model of a task that has ended, which starts
    /// a turn as well.
    Prompt,
}

impl Kind {
    /// That of an event; most keep nothing.
    pub(crate) fn of(event: &str) -> Option<Self> {
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

    /// The answer after which a client runs no tool, sends no prompt and ends the turn. To end
    /// the turn alone does not keep a tool from running (measured, 2.1.330).
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

/// How a gate was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// Nothing holds it (any more).
    Free,
    /// It may not go on; in words.
    Refused(&'static str),
}

/// Waits for as long as the session is held. What cannot be read holds nobody.
pub(crate) fn pass(
    kind: Kind,
    payload: &[u8],
    around: &Surroundings,
    machine: &Machine,
    client: Option<u32>,
) -> Passed {
    let store = Store::of(around);
    let candidates = client.map_or_else(parents, |pid| vec![pid]);
    let held = candidates.into_iter().find_map(|pid| {
        let key = living(pid)?;
        let id = machine.session_id(key);
        is_hold(&store, id).then_some((key, id))
    });
    let Some((client, id)) = held else {
        return Passed::Free;
    };
    let Some(own) = living(std::process::id()) else {
        return Passed::Free;
    };
    // Held or not is a matter of the record: a mark that cannot be written is only not seen.
    let _ = store.write_gate(id, &mark(own, kind, payload));
    let passed = wait(&store, id, client, LONGEST);
    let _ = store.remove_gate(id, own.pid);
    passed
}

/// Clients before 2.1 do not tell hooks their pid. One starts a hook itself, or its shell does.
fn parents() -> Vec<u32> {
    let parent = parent();
    let above = parent.and_then(|pid| Some(sys::stat(pid).ok()??.parent));
    parent.into_iter().chain(above).collect()
}

fn parent() -> Option<u32> {
    let pid = rustix::process::getppid()?.as_raw_nonzero();
    u32::try_from(pid.get()).ok()
}

/// The process with this pid, if it is one.
fn living(pid: u32) -> Option<ProcessKey> {
    let stat = sys::stat(pid).ok()??;
    (!stat.zombie).then_some(ProcessKey {
        pid,
        start: stat.start,
    })
}

fn record(store: &Store, id: SessionId) -> Option<PauseRecord> {
    let record = store.read(id).ok()??;
    (record.means == Means::Hold).then_some(record)
}

fn is_hold(store: &Store, id: SessionId) -> bool {
    record(store, id).is_some()
}

fn wait(store: &Store, id: SessionId, client: ProcessKey, longest: Duration) -> Passed {
    let begun = sys::since_boot();
    let parent_then = parent();
    let changes = Changes::of(store.folder());
    loop {
        let Some(record) = record(store, id) else {
            return Passed::Free;
        };
        if record.phase == Phase::Ending {
            return Passed::Refused("This session is being ended by Trusty Bar.");
        }
        let waited = sys::since_boot().saturating_sub(begun);
        if waited >= longest {
            return Passed::Refused("Trusty Bar has held this session for 115 days.");
        }
        if living(client.pid) != Some(client) || parent() != parent_then {
            return Passed::Free;
        }
        changes.wait(LOOK);
    }
}

/// The fields that are read; what else a payload holds is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    agent_id: Value,
    tool_name: Value,
}

/// The longest name taken, in characters.
const NAME: usize = 200;

fn mark(process: ProcessKey, kind: Kind, payload: &[u8]) -> Gate {
    let payload: Payload = serde_json::from_slice(payload).unwrap_or_default();
    let name = |field: &Value| Some(field.as_str()?.chars().take(NAME).collect());
    Gate {
        process,
        event: kind.event().to_owned(),
        agent: name(&payload.agent_id),
        tool: name(&payload.tool_name),
    }
}
