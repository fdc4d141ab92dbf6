//! Performs plans, step by step, each verified; a step that fails undoes all before it.
//!
//! *Invariant:* nothing here knows why something is done.

mod begin;
mod end;
mod fault;
mod freezer;
mod keeper;
mod pane;
mod reconcile;
mod signal;
mod tree;
mod work;

pub use fault::STEPS;

use crate::io::tmux;
use crate::store::{Store, StoreError};
use crate::surroundings::Surroundings;
use std::path::PathBuf;
use trusty_fleet::SessionId;
use trusty_fleet::action::{Deed, Plan, Refusal};
use trusty_fleet::pause::Phase;
use work::Work;

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
    tmux: Option<PathBuf>,
    data: PathBuf,
}

impl Hands {
    /// Those of these surroundings.
    pub fn new(around: &Surroundings) -> Self {
        Self {
            store: Store::of(around),
            tmux: tmux::program(around.path.as_deref()),
            data: around.data_dir(),
        }
    }

    /// Performs a plan; when this returns, it is done and verified, or nothing has changed.
    pub async fn perform(&self, plan: Plan) -> Result<(), ActionError> {
        let Plan {
            session,
            client,
            deed,
        } = plan;
        let _lock = self.store.lock(session)?.ok_or(ActionError::Busy)?;
        // The plan's record may be older.
        let work = self.store.read(session)?.map(|record| Work {
            hands: self,
            record,
        });
        match (deed, work) {
            (Deed::Pause(_), Some(work)) => {
                let kind = work.record.kind();
                Err(match work.record.phase {
                    Phase::Paused => ActionError::Refused(Refusal::AlreadyPaused(kind)),
                    Phase::Pausing | Phase::Resuming | Phase::Ending => ActionError::Busy,
                })
            }
            (Deed::Pause(pausing), None) => {
                let paused = begin::pause(self, session, client, pausing).await;
                if paused.is_err() && self.store.read(session)?.is_none() {
                    self.store.remove(session)?;
                }
                paused
            }
            (Deed::Resume(_), Some(mut work)) => match reconcile::resume(&mut work).await? {
                Reconciled::Running => Ok(()),
                Reconciled::Ended | Reconciled::Paused => Err(ActionError::Refused(Refusal::Ended)),
            },
            (Deed::Resume(_), None) => {
                self.store.remove(session)?;
                Err(ActionError::Refused(Refusal::NotPaused))
            }
            (Deed::End(_), Some(mut work)) => end::end_paused(&mut work).await,
            (Deed::End(_), None) => {
                self.store.remove(session)?;
                end::end(client).await
            }
        }
    }

    /// Ends the pause of a session, whatever is left of it.
    pub async fn resume(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.store.lock(id)?.ok_or(ActionError::Busy)?;
        match self.found(id)? {
            Some(mut work) => reconcile::resume(&mut work).await,
            None => Ok(Reconciled::Running),
        }
    }

    /// Whose records there are.
    pub fn sessions(&self) -> Result<Vec<SessionId>, ActionError> {
        Ok(self.store.sessions()?)
    }

    /// Makes a record true: fully paused, fully running, or gone with its session.
    pub async fn reconcile(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.store.lock(id)?.ok_or(ActionError::Busy)?;
        match self.found(id)? {
            Some(mut work) => reconcile::reconcile(&mut work).await,
            None => Ok(Reconciled::Running),
        }
    }

    /// The pause of a session; without one, what lies around of it is removed.
    fn found(&self, id: SessionId) -> Result<Option<Work<'_>>, ActionError> {
        let record = self.store.read(id)?;
        if record.is_none() {
            self.store.remove(id)?;
        }
        Ok(record.map(|record| Work {
            hands: self,
            record,
        }))
    }
}

/// Refuses to pause what we ourselves would be paused with.
fn inside() -> ActionError {
    let told = "this program runs inside that session; pause it from elsewhere";
    ActionError::Changed(told.into())
}
