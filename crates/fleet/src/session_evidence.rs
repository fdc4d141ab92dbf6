//! The facts that bear on one session, and what they say of its turn.

mod status_word;
mod turn;

pub(crate) use status_word::StatusWord;
pub(crate) use turn::{DialogRequest, TurnEvidence, TurnOutcome, retry_over};

use crate::client::{ConfirmationGap, ProcessRole};
use crate::evidence::{FiledRequests, HookEvidence, KnownProcess, ValueRun};
use crate::observation::{
    ControlPreferences, ListedSession, ProcessFacts, RegistryEntry, ScreenReading, TranscriptFacts,
};
use crate::pause::{Gate, PauseRecord};
use crate::time::Timestamp;

/// The facts that bear on one session.
#[derive(Debug, Clone)]
pub struct SessionEvidence<'a> {
    /// Its process.
    pub process: KnownProcess<'a>,
    /// What its registry file said, newest first, as runs of one status.
    pub registry: Vec<ValueRun<'a, RegistryEntry>>,
    /// When its registry file was found gone, if it is.
    pub registry_gone: Option<Timestamp>,
    /// Whether it has opened its peer socket.
    pub key_seen: Option<Timestamp>,
    /// What is missing for it to be confirmed; nothing in most cases.
    pub gap: Option<ConfirmationGap>,
    /// Whether its tmux session is shown; none outside tmux.
    pub shown: Option<ValueRun<'a, bool>>,
    /// What its transcript says, and when that was read. None where two live processes write to
    /// one: whose line is whose cannot be told.
    pub transcript: Option<(Timestamp, &'a TranscriptFacts)>,
    /// What its pane showed, newest first.
    pub screens: Vec<ValueRun<'a, ScreenReading>>,
    /// What the client's own list says of it.
    pub listed: Option<ValueRun<'a, ListedSession>>,
    /// What its hooks told.
    pub hooks: Option<&'a HookEvidence>,
    /// What is on disk of its pause, and when that was seen.
    pub pause: Option<(Timestamp, &'a PauseRecord)>,
    /// The pause of a session that runs this one.
    pub within: Option<&'a PauseRecord>,
    /// Its hooks that wait for the end of its pause.
    pub gates: &'a [Gate],
    /// Whether hooks of ours run in it, as far as is known.
    pub hook_proof: HookProof,
    /// When its owner last looked.
    pub attended_at: Option<Timestamp>,
    /// What its hooks held, or hold.
    pub requests: Option<&'a FiledRequests>,
    /// Whether an answer from here would reach it.
    pub channel: AnswerReachability,
    /// What the owner wishes.
    pub preferences: ControlPreferences,
}

/// Whether an answer from here would reach a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerReachability {
    /// Its client asks a person.
    Open,
    /// Nobody is there to be asked.
    Closed,
}

/// Whether hooks of ours run in a session, as far as is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookProof {
    /// They have left a mark of it since they were connected.
    pub marked: bool,
    /// Since when they leave marks; none where they do not.
    pub marks_since: Option<Timestamp>,
    /// When a hook of it that waits was last told of, whether it still does or not.
    pub gate_told_at: Option<Timestamp>,
}

impl HookProof {
    /// Whether a pause seen since `seen` is proven by a mark, or by a hook that waits or did.
    pub(crate) fn proves_hold(&self, gates: &[Gate], seen: Timestamp) -> bool {
        self.marked || !gates.is_empty() || self.gate_told_at >= Some(seen)
    }
}

/// Whether an answer from here would reach a session: its client asks a person.
pub(crate) fn channel(facts: &ProcessFacts, entry: Option<&RegistryEntry>) -> AnswerReachability {
    let driven = entry
        .and_then(|e| e.entrypoint.as_deref())
        .is_some_and(|e| e.starts_with("sdk"));
    if driven || facts.role == ProcessRole::Headless || is_background(entry) {
        AnswerReachability::Closed
    } else {
        AnswerReachability::Open
    }
}

/// Whether a client runs as a background session.
pub(crate) fn is_background(entry: Option<&RegistryEntry>) -> bool {
    matches!(
        entry.and_then(|e| e.kind.as_deref()),
        Some("bg" | "background")
    )
}
