//! What can be asked of a session, and what is decided: a plan, or a refusal with words.

mod context;
mod plan;
mod refusal;
mod summary;
mod ways;

pub use context::{Host, Standing};
pub use plan::{Deed, Pausing, Plan, plan};
pub use refusal::Refusal;
pub use summary::{headline, with_pane};
pub use ways::{Obstacle, Way, Ways, ways};

pub use crate::session::Verb;

use crate::pause::{Asker, PauseKind};

/// What is asked of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// That it stops where it is.
    Pause(Wish),
    /// That it goes on.
    Resume,
    /// That it ends. A paused one never runs what it was kept from.
    End,
    /// The same; and if it does not end when asked to, it is killed.
    Kill,
}

/// How a pause is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The kind; none takes the best that is possible and loses nothing.
    pub how: Option<PauseKind>,
    /// What to remember of it.
    pub note: Option<String>,
    /// Who asks.
    pub by: Asker,
}

impl Action {
    /// In one word.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Pause(_) => Verb::Pause,
            Self::Resume => Verb::Resume,
            Self::End | Self::Kill => Verb::End,
        }
    }
}
