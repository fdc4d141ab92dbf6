//! What the loop has done for it on threads of their own, and how that is told.

use tokio::sync::oneshot;
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::{ActionKind, Plan};
use trusty_fleet::pause::JudgedHold;
use trusty_fleet::{Session, SessionId};

/// Something to be done.
#[derive(Debug)]
pub(super) enum EngineJob {
    /// A plan, leave to begin it, and who is to be told how it went.
    Perform(ActionKind, Box<Plan>, CommandLease, ActionReply),
    /// A record is to be made true.
    Reconcile(SessionId),
    /// A hold that did not hold its session is to be given up.
    GiveUpHold(SessionId, JudgedHold),
    /// The terminal of a session is to come to the front.
    Jump(Box<Session>, CommandLease, JumpReply),
}

impl EngineJob {
    /// The session whose record it repairs.
    pub(super) fn repaired_session(&self) -> Option<SessionId> {
        match self {
            Self::Reconcile(session) | Self::GiveUpHold(session, _) => Some(*session),
            Self::Perform(..) | Self::Jump(..) => None,
        }
    }
}

/// Something that was done or failed.
#[derive(Debug)]
pub(super) enum JobOutcome {
    /// Of an action.
    Acted(SessionId, ActionKind, Result<(), ActionError>, ActionReply),
    /// Of a jump.
    Jumped(SessionId, Result<(), JumpError>, JumpReply),
}

/// Where the outcome of an action is told.
pub(super) type ActionReply = oneshot::Sender<Result<(), ActionError>>;

/// Where the outcome of a jump is told.
pub(super) type JumpReply = oneshot::Sender<Result<(), JumpError>>;
