//! Performs plans, step by step, each verified; a step that fails undoes all before it.
//!
//! *Invariant:* nothing here knows why something is done.

use crate::store::{Store, StoreError};
use crate::surroundings::Surroundings;
use trusty_fleet::SessionId;
use trusty_fleet::action::{Plan, Refusal};

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// It may not be done.
    #[error("{0}")]
    Refused(Refusal),
    /// Somebody else works on the same session.
    #[error("something is being done to it already; wait for that")]
    Busy,
    /// Its record cannot be kept, so nothing was done.
    #[error("{0}; nothing was done")]
    Store(#[from] StoreError),
    /// It was not as it was a moment ago; nothing was done, or all was undone.
    #[error("{0}")]
    Changed(String),
    /// A step failed; all before it were undone.
    #[error("{0}")]
    Failed(String),
    /// No engine does it any more.
    #[error("the engine has ended; start Trusty Bar again")]
    Gone,
}

impl ActionError {
    /// Whether it tells more than that what was asked for is so already, or under way.
    pub fn is_news(&self) -> bool {
        let known = |refusal: &Refusal| {
            matches!(
                refusal,
                Refusal::Busy | Refusal::AlreadyPaused(_) | Refusal::NotPaused | Refusal::Ended
            )
        };
        !matches!(self, Self::Busy) && !matches!(self, Self::Refused(refusal) if known(refusal))
    }

    /// A stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Busy => "busy",
            Self::Store(_) => "record-not-kept",
            Self::Changed(_) => "changed",
            Self::Failed(_) => "failed",
            Self::Gone => "gone",
        }
    }
}

/// What a look at a record has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciled {
    /// Its session is paused, as it says.
    Paused,
    /// Its session runs, and the record is gone.
    Running,
    /// Its session has ended, and the record is gone.
    Ended,
}

/// Performs plans.
#[derive(Debug, Clone)]
pub struct Hands {
    store: Store,
}

impl Hands {
    /// Those of these surroundings.
    pub fn new(around: &Surroundings) -> Self {
        Self {
            store: Store::of(around),
        }
    }

    /// Performs a plan; when this returns, it is done and verified, or nothing has changed.
    #[expect(clippy::unused_async, reason = "tmux is asked")]
    pub async fn perform(&self, plan: Plan) -> Result<(), ActionError> {
        let _lock = self.store.lock(plan.session)?.ok_or(ActionError::Busy)?;
        Err(ActionError::Failed("not done yet".into()))
    }

    /// Ends the pause of a session, whatever is left of it.
    #[expect(clippy::unused_async, reason = "tmux is asked")]
    pub async fn resume(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.store.lock(id)?.ok_or(ActionError::Busy)?;
        Ok(Reconciled::Running)
    }

    /// Whose records there are.
    pub fn sessions(&self) -> Result<Vec<SessionId>, ActionError> {
        Ok(self.store.sessions()?)
    }

    /// Makes a record true: fully paused, fully running, or gone with its session.
    #[expect(clippy::unused_async, reason = "tmux is asked")]
    pub async fn reconcile(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.store.lock(id)?.ok_or(ActionError::Busy)?;
        Ok(Reconciled::Running)
    }
}
