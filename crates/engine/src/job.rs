//! Jobs that the loop hands to the executor's threads, and their outcomes.

use tokio::sync::oneshot;
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::{ActionKind, Plan};
use trusty_fleet::pause::JudgedHold;
use trusty_fleet::{Session, SessionId};

/// A job for the executor.
#[derive(Debug)]
pub(super) enum EngineJob {
    /// Performs a plan, if the lease still allows the start.
    Perform(ActionKind, Box<Plan>, CommandLease, ActionReply),
    /// Repairs a stale pause record.
    Reconcile(SessionId),
    /// Gives up a hold that did not hold its session.
    GiveUpHold(SessionId, JudgedHold),
    /// Brings the terminal of a session to the front.
    Jump(Box<Session>, CommandLease, JumpReply),
}

impl EngineJob {
    /// The session whose record the job repairs; `None` for other jobs.
    pub(super) fn repaired_session(&self) -> Option<SessionId> {
        match self {
            Self::Reconcile(session) | Self::GiveUpHold(session, _) => Some(*session),
            Self::Perform(..) | Self::Jump(..) => None,
        }
    }
}

/// The outcome of a job that a caller waits for.
#[derive(Debug)]
pub(super) enum JobOutcome {
    Acted(SessionId, ActionKind, Result<(), ActionError>, ActionReply),
    Jumped(SessionId, Result<(), JumpError>, JumpReply),
}

/// The reply channel of an action.
pub(super) type ActionReply = oneshot::Sender<Result<(), ActionError>>;

/// The reply channel of a jump.
pub(super) type JumpReply = oneshot::Sender<Result<(), JumpError>>;
