//! Performs plans step by step and verifies each step; a step that fails rolls back all steps
//! before it. Repairs pause records that are not true, and jumps to terminals.
//!
//! *Invariant:* nothing here knows why an action is performed, or who asked for it.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

mod end;
mod failpoints;
mod freezer;
mod group_keeper;
pub mod jump;
pub mod lease;
mod pane;
mod pause_methods;
mod pause_remains;
mod pause_transaction;
mod process_tree;
mod reconcile;
mod signal;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
mod start_pause;
#[cfg(test)]
#[path = "../../../tests/support/test_files.rs"]
pub mod test_files;
mod turn_state;

pub use failpoints::PAUSE_STEPS;
pub use pause_remains::PauseRemains;

use crate::lease::{CommandLapse, CommandLease};
use pause_transaction::PauseTransaction;
use std::path::PathBuf;
use trusty_fleet::SessionId;
use trusty_fleet::action::{Plan, PlannedAction, Refusal};
use trusty_fleet::pause::{JudgedHold, PauseKind, PausePhase, PauseRecord};
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_platform::tmux;
use trusty_records::store::{LockAttempt, PauseStore, SessionLock, StoreError};
use trusty_wire::environment::Environment;

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The action is not possible now.
    #[error("{0}")]
    Refused(Refusal),
    /// Another action on the session is in progress.
    #[error("another action on this session is in progress; try again when it finishes")]
    Busy,
    /// Another process acts on the session.
    #[error("{0}")]
    Held(LockHolder),
    /// The pause record cannot be written, so nothing was done.
    #[error("{0}; nothing was done")]
    Store(StoreError),
    /// The action succeeded, but the pause record could not be removed.
    #[error(
        "{told}, but the pause record could not be removed ({left}); make the folder writable, \
         then run `trusty resume --all`",
        told = .0.message(), left = .1
    )]
    RecordLeft(Reconciled, StoreError),
    /// The session changed meanwhile; nothing was done, or every step was rolled back.
    #[error("{0}")]
    Changed(String),
    /// A step failed; the steps before it were rolled back.
    #[error("{0}")]
    Failed(String),
    /// The action did not begin in time, or the caller hung up before.
    #[error("{0}")]
    Lapsed(#[from] CommandLapse),
    /// The process was told to exit and still runs.
    #[error("{0}")]
    DidNotExit(String),
    /// The engine has exited.
    #[error("the engine has exited; restart Trusty Bar")]
    Gone,
    /// Whoever asks may not; in words.
    #[error("{0}")]
    NotAuthorized(String),
    /// The engine of another process reported this.
    #[error("{0}")]
    Reported(Box<Problem>),
    /// The engine of another process did not say what became of the action; in words.
    #[error("{0}")]
    OutcomeUnknown(String),
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
        !matches!(self, Self::Busy | Self::Held(_) | Self::Lapsed(_))
            && !matches!(self, Self::Refused(refusal) if known(refusal))
    }

    /// Whether it was not begun, or all was undone, since the session is not as it would have to
    /// be.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Busy
            | Self::Held(_)
            | Self::Changed(_)
            | Self::NotAuthorized(_)
            | Self::Lapsed(_) => true,
            Self::Store(_)
            | Self::RecordLeft(..)
            | Self::Failed(_)
            | Self::DidNotExit(_)
            | Self::OutcomeUnknown(_)
            | Self::Gone => false,
            Self::Reported(problem) => problem.is_refusal(),
        }
    }

    /// A stable code, for programs.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Busy | Self::Held(_) => ProblemCode::Busy,
            Self::RecordLeft(..) => ProblemCode::RecordLeft,
            Self::Store(_) => ProblemCode::RecordNotKept,
            Self::Changed(_) => ProblemCode::Changed,
            Self::NotAuthorized(_) => ProblemCode::NotForPrograms,
            Self::Failed(_) | Self::OutcomeUnknown(_) => ProblemCode::Failed,
            Self::Lapsed(_) => ProblemCode::TooLate,
            Self::DidNotExit(_) => ProblemCode::DoesNotEnd,
            Self::Gone => ProblemCode::Gone,
            Self::Reported(problem) => problem.known_code().unwrap_or(ProblemCode::Failed),
        }
    }
}

impl From<StoreError> for ActionError {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

/// The process that works on a session's pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockHolder {
    /// Its pid, where it is told.
    pub pid: Option<u32>,
    /// Whether it was stopped in the middle of that.
    pub state: HolderState,
}

/// Whether a process that works on a session's pause can go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderState {
    /// It runs.
    Running,
    /// It was stopped by a signal.
    Stopped,
}

impl LockHolder {
    fn from_pid(pid: Option<u32>) -> Self {
        let stat = pid.and_then(|pid| process_tree::process_at(pid).ok().flatten());
        let is_stopped = stat.is_some_and(|found| found.stat.stopped.is_some());
        let state = if is_stopped {
            HolderState::Stopped
        } else {
            HolderState::Running
        };
        Self { pid, state }
    }
}

impl std::fmt::Display for LockHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let in_progress = "another action on this session is in progress";
        match (self.pid, self.state) {
            (None, _) => write!(f, "{in_progress}; try again when it finishes"),
            (Some(pid), HolderState::Running) => {
                write!(f, "{in_progress} (pid {pid}); try again when it finishes")
            }
            (Some(pid), HolderState::Stopped) => write!(
                f,
                "{in_progress}, but its process (pid {pid}) is stopped; run `kill -CONT {pid}` to \
                 let it finish"
            ),
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

/// What became of a hold that was to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUpOutcome {
    /// Its record is removed.
    Removed,
    /// There is no such record any more.
    NothingToDo,
    /// A hook of ours waits below the session, though its mark could not be written: it holds.
    HookWaits,
}

impl Reconciled {
    fn message(self) -> &'static str {
        match self {
            Self::Paused => "the session is paused",
            Self::Running => "the session is running",
            Self::Ended => "the session has exited",
        }
    }
}

/// Performs plans.
#[derive(Debug, Clone)]
pub struct ActionExecutor {
    store: PauseStore,
    tmux: Option<PathBuf>,
    data: PathBuf,
}

impl ActionExecutor {
    /// Those of these surroundings.
    pub fn new(env: &Environment) -> Self {
        Self {
            store: PauseStore::from_env(env),
            tmux: tmux::program(env.path.as_deref()),
            data: env.data_dir(),
        }
    }

    /// Performs a plan; when this returns, it is done and verified, or nothing has changed.
    pub async fn perform(&self, plan: Plan) -> Result<(), ActionError> {
        let _lock = self.lock(plan.session)?;
        self.perform_locked(plan).await
    }

    /// The same, if the lease still allows the first step.
    pub async fn perform_leased(
        &self,
        plan: Plan,
        lease: &CommandLease,
    ) -> Result<(), ActionError> {
        let _lock = self.lock(plan.session)?;
        lease.begin()?;
        self.perform_locked(plan).await
    }

    async fn perform_locked(&self, plan: Plan) -> Result<(), ActionError> {
        let Plan {
            session,
            client,
            deed,
        } = plan;
        // The plan's record may be older.
        let work = self.store.read(session)?.map(|record| PauseTransaction {
            hands: self,
            record,
        });
        match (deed, work) {
            (PlannedAction::Pause(_), Some(work)) => {
                let kind = work.record.kind();
                Err(match work.record.phase {
                    PausePhase::Paused => ActionError::Refused(Refusal::AlreadyPaused(kind)),
                    PausePhase::Pausing | PausePhase::Resuming | PausePhase::Ending => {
                        ActionError::Busy
                    }
                })
            }
            (PlannedAction::Pause(pausing), None) => {
                let paused = start_pause::start_pause(self, session, client, pausing).await;
                if paused.is_err() && self.store.read(session)?.is_none() {
                    self.store.remove(session)?;
                }
                paused
            }
            (PlannedAction::Resume(_), Some(mut work)) => match reconcile::resume(&mut work).await?
            {
                Reconciled::Running => Ok(()),
                Reconciled::Ended | Reconciled::Paused => Err(ActionError::Refused(Refusal::Ended)),
            },
            (PlannedAction::Resume(_), None) => {
                self.store.remove(session)?;
                Err(ActionError::Refused(Refusal::NotPaused))
            }
            (PlannedAction::End(_), Some(mut work)) => end::end_paused(&mut work).await,
            (PlannedAction::End(_), None) => {
                self.store.remove(session)?;
                end::end_session(client).await
            }
            (PlannedAction::Kill(_), Some(mut work)) => {
                let asked = end::end_paused(&mut work).await;
                end::kill_session(client, asked).await?;
                work.remove_record(Reconciled::Ended)
            }
            (PlannedAction::Kill(_), None) => {
                self.store.remove(session)?;
                end::kill_session(client, end::end_session(client).await).await
            }
        }
    }

    /// Ends the pause of a session, whatever is left of it.
    pub async fn resume(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.lock(id)?;
        match self.open_transaction(id)? {
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
        let _lock = self.lock(id)?;
        match self.open_transaction(id)? {
            Some(mut work) => reconcile::reconcile(&mut work).await,
            None => Ok(Reconciled::Running),
        }
    }

    /// Removes the record of this hold, which did not hold its session. Nothing is undone: the
    /// session was never kept from anything.
    pub fn give_up_hold(
        &self,
        id: SessionId,
        judged: JudgedHold,
    ) -> Result<GiveUpOutcome, ActionError> {
        let _lock = self.lock(id)?;
        let record = self.store.read(id)?;
        let is_meant = |r: &PauseRecord| {
            let is_hold = r.kind() == PauseKind::Hold && r.phase == PausePhase::Paused;
            is_hold && judged.matches_record(r)
        };
        let Some(record) = record.filter(is_meant) else {
            return Ok(GiveUpOutcome::NothingToDo);
        };
        let waits = process_tree::has_hook_below(record.client);
        if waits.map_err(pause_transaction::failed("check for a waiting hook"))? {
            return Ok(GiveUpOutcome::HookWaits);
        }
        self.store.remove(id)?;
        Ok(GiveUpOutcome::Removed)
    }

    fn lock(&self, id: SessionId) -> Result<SessionLock, ActionError> {
        match self.store.lock(id)? {
            LockAttempt::Locked(lock) => Ok(lock),
            LockAttempt::Held(pid) => Err(ActionError::Held(LockHolder::from_pid(pid))),
        }
    }

    /// The pause of a session; without one, what lies around of it is removed.
    fn open_transaction(&self, id: SessionId) -> Result<Option<PauseTransaction<'_>>, ActionError> {
        let record = self.store.read(id)?;
        if record.is_none() {
            // What cannot be removed there holds nobody.
            let _ = self.store.remove(id);
        }
        Ok(record.map(|record| PauseTransaction {
            hands: self,
            record,
        }))
    }
}

/// Refuses to pause what we ourselves would be paused with.
fn own_session_error() -> ActionError {
    let told = "this program runs inside that session; pause it from elsewhere";
    ActionError::Changed(told.into())
}

#[cfg(test)]
mod tests;
