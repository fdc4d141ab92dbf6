//! The facts that bear on one session, and what they say about its turn.

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
    /// The process of the session.
    pub process: KnownProcess<'a>,
    /// The contents of the registry file, newest first, in runs of equal status.
    pub registry: Vec<ValueRun<'a, RegistryEntry>>,
    /// When the registry file was found missing; none while the file exists.
    pub registry_gone: Option<Timestamp>,
    /// When the process opened its peer socket, if it has.
    pub key_seen: Option<Timestamp>,
    /// What is missing to confirm the session; usually nothing.
    pub gap: Option<ConfirmationGap>,
    /// Whether a client shows the tmux session; none outside tmux.
    pub shown: Option<ValueRun<'a, bool>>,
    /// What the transcript says, and when that was read. None if two live processes write to one
    /// transcript, because lines cannot be told apart.
    pub transcript: Option<(Timestamp, &'a TranscriptFacts)>,
    /// What the pane showed, newest first.
    pub screens: Vec<ValueRun<'a, ScreenReading>>,
    /// What Claude Code's own list says about the session.
    pub listed: Option<ValueRun<'a, ListedSession>>,
    /// What the session's hooks reported.
    pub hooks: Option<&'a HookEvidence>,
    /// The pause record of the session, and when the record was read.
    pub pause: Option<(Timestamp, &'a PauseRecord)>,
    /// The pause record of the session that runs this one, if that session is paused.
    pub within: Option<&'a PauseRecord>,
    /// The hooks that wait for the end of the session's pause.
    pub gates: &'a [Gate],
    /// What proves that Trusty Bar's hooks run in the session.
    pub hook_proof: HookProof,
    /// When the user last looked at the session.
    pub attended_at: Option<Timestamp>,
    /// The requests that hooks of the session hold or held.
    pub requests: Option<&'a FiledRequests>,
    /// Whether an answer from Trusty Bar would reach the session.
    pub channel: AnswerReachability,
    /// What the user has set for pauses and requests.
    pub preferences: ControlPreferences,
}

/// Whether an answer from Trusty Bar would reach a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerReachability {
    /// Claude Code asks a user.
    Open,
    /// Headless, driven by the SDK or in the background: Claude Code asks no user.
    Closed,
}

/// What proves that Trusty Bar's hooks run in a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookProof {
    /// Whether a hook left a mark for the session since the hooks were connected.
    pub marked: bool,
    /// Since when hooks leave marks; none if they leave none.
    pub marks_since: Option<Timestamp>,
    /// When the gates of the session were last reported, even if none waits any more.
    pub gate_told_at: Option<Timestamp>,
}

impl HookProof {
    /// Whether a mark, or a gate that waits now or waited since `seen`, proves a pause that was
    /// seen at `seen`.
    pub(crate) fn proves_hold(&self, gates: &[Gate], seen: Timestamp) -> bool {
        self.marked || !gates.is_empty() || self.gate_told_at >= Some(seen)
    }
}

/// Whether Claude Code asks a user, who could answer through Trusty Bar.
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

/// Whether Claude Code runs as a background session.
pub(crate) fn is_background(entry: Option<&RegistryEntry>) -> bool {
    matches!(
        entry.and_then(|e| e.kind.as_deref()),
        Some("bg" | "background")
    )
}
