//! What can be asked of a session, and what is decided: a plan, or a refusal with words.

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

/// What is asked of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// That it stops where it is.
    Pause(PauseOptions),
    /// That it goes on.
    Resume,
    /// That it ends. A paused one never runs what it was kept from.
    End,
    /// The same; and if it does not end when asked to, it is killed.
    Kill,
}

/// How a pause is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseOptions {
    /// The kind; none takes the best that is possible and loses nothing.
    pub how: Option<PauseKind>,
    /// What to remember of it.
    pub note: Option<String>,
    /// Who asks.
    pub by: Initiator,
}

impl Action {
    /// In one word.
    pub fn verb(&self) -> ActionKind {
        match self {
            Self::Pause(_) => ActionKind::Pause,
            Self::Resume => ActionKind::Resume,
            Self::End | Self::Kill => ActionKind::End,
        }
    }
}
