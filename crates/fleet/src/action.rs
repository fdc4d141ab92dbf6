//! Actions on a session, and the decision about each: a plan, or a refusal with the way out.

mod context;
mod pause_availability;
mod plan;
mod refusal;
mod summary;

pub use context::{ActionContext, TerminalKind};
pub use pause_availability::{
    PauseAvailability, PauseCandidate, PauseObstacle, pause_availability,
};
pub use plan::{PausePlan, Plan, PlannedAction, plan_action};
pub use refusal::Refusal;
pub use summary::{headline, with_pane};

pub use crate::session::ActionKind;

use crate::pause::{Initiator, PauseKind};

/// What the user asks of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Stop the session where it is.
    Pause(PauseOptions),
    /// Let the session continue.
    Resume,
    /// End the session. A paused session ends without running the step that its pause withheld.
    End,
    /// As [`Self::End`]; a session that does not end on request is killed.
    Kill,
}

/// The options of a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseOptions {
    /// The kind; `None` takes the best possible kind that loses no work.
    pub how: Option<PauseKind>,
    /// The user's note, kept in the pause record.
    pub note: Option<String>,
    /// Who asked for the pause.
    pub by: Initiator,
}

impl Action {
    /// The kind of the action, as faces and records name it.
    pub fn verb(&self) -> ActionKind {
        match self {
            Self::Pause(_) => ActionKind::Pause,
            Self::Resume => ActionKind::Resume,
            Self::End | Self::Kill => ActionKind::End,
        }
    }
}
