//! Performs plans step by step and verifies each step; if a step fails, rolls back the steps
//! before it. Repairs pause records that no longer match their sessions, and jumps to terminals.
//!
//! *Invariant:* nothing here depends on why an action is performed, or on who asked for it.

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
pub mod mac_terminals;
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
use trusty_platform::folder_access::FolderAccess;
use trusty_records::store::{LockAttempt, PauseStore, SessionLock, StoreError};
use trusty_wire::environment::Environment;
use trusty_wire::tmux_programs::TmuxPrograms;

/// Why an action was not performed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The action is not possible now.
    #[error("{0}")]
    Refused(Refusal),
    /// Another action on the session is in progress.
    #[error("another action on this session is in progress; try again when it finishes")]
    Busy,
    /// Another process holds the lock of the session.
    #[error("{0}")]
    Held(LockHolder),
    /// The pause record cannot be read or written, so nothing was done.
    #[error("{0}; nothing was done")]
    Store(StoreError),
    /// The action succeeded, but the pause record could not be removed.
    #[error(
        "{told}, but the pause record could not be removed ({left}); make the folder writable, \
         then run `trusty resume --all`",
        told = .0.message(), left = .1
    )]
    RecordLeft(Reconciled, StoreError),
    /// The session changed in the meantime; nothing was done, or every step was rolled back.
    #[error("{0}")]
    Changed(String),
    /// A step failed; the steps before it were rolled back.
    #[error("{0}")]
    Failed(String),
    /// The deadline passed, or the caller hung up, before the action began.
    #[error("{0}")]
    Lapsed(#[from] CommandLapse),
    /// The session was sent a signal to exit and still runs.
    #[error("{0}")]
    DidNotExit(String),
    /// The engine has exited.
    #[error("the engine has exited; restart Trusty Bar")]
    Gone,
    /// The caller is not authorised; says why.
    #[error("{0}")]
    NotAuthorized(String),
    /// The engine of another process returned this problem.
    #[error("{0}")]
    Reported(Box<Problem>),
    /// The engine of another process did not report the outcome; says why.
    #[error("{0}")]
    OutcomeUnknown(String),
}

impl ActionError {
    /// Whether the error says more than that the requested state already holds or is in progress.
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

    /// Whether nothing was begun, or everything was undone, because the state of the session or of
    /// the caller does not permit the action.
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

    /// The stable code for programs.
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

/// The process that holds the lock of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockHolder {
    /// The pid, if the lock file says it.
    pub pid: Option<u32>,
    /// Whether the process was stopped while it held the lock.
    pub state: HolderState,
}

/// Whether the process that holds a session's lock can continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderState {
    /// The process can run.
    Running,
    /// A signal has stopped the process.
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

/// The result of comparing a pause record with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciled {
    /// The session is paused as recorded.
    Paused,
    /// The session is running, and the record is removed.
    Running,
    /// The session has ended, and the record is removed.
    Ended,
}

/// The outcome of giving up a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUpOutcome {
    /// The record is removed.
    Removed,
    /// The record of this hold no longer exists.
    NothingToDo,
    /// A hook of ours waits below the session although it could not write its gate: the hold works.
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

/// Performs plans, each under the lock of its session, and repairs pause records.
#[derive(Debug, Clone)]
pub struct ActionExecutor {
    store: PauseStore,
    tmux: TmuxPrograms,
    data: PathBuf,
    access: FolderAccess,
}

impl ActionExecutor {
    /// An executor with the tmux, the data folder and the pause records of this environment.
    pub fn new(env: &Environment) -> Self {
        Self {
            store: PauseStore::from_env(env),
            tmux: TmuxPrograms::new(env),
            data: env.data_dir(),
            access: env.folder_access(),
        }
    }

    /// Performs a plan; a plan that succeeds is complete and verified.
    ///
    /// # Errors
    /// If the session is locked or has changed, or if a step failed. The steps of a failed pause
    /// are rolled back; what cannot be rolled back stays on record.
    pub async fn perform(&self, plan: Plan) -> Result<(), ActionError> {
        let _lock = self.lock(plan.session)?;
        self.perform_locked(plan).await
    }

    /// Performs a plan, unless the command lapsed before its first step.
    ///
    /// # Errors
    /// As [`Self::perform`], or [`ActionError::Lapsed`].
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
        // The record is read again under the lock: the one in the plan may be outdated.
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

    /// Resumes a session, including what is left of an unfinished pause.
    ///
    /// # Errors
    /// If the session is locked, or if a step cannot be undone; the record then remains.
    pub async fn resume(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.lock(id)?;
        match self.open_transaction(id)? {
            Some(mut work) => reconcile::resume(&mut work).await,
            None => Ok(Reconciled::Running),
        }
    }

    /// The sessions that have a pause record.
    ///
    /// # Errors
    /// If the folder of the records cannot be read.
    pub fn sessions(&self) -> Result<Vec<SessionId>, ActionError> {
        Ok(self.store.sessions()?)
    }

    /// Repairs a record: afterwards the session is paused as recorded, or running or ended without
    /// a record.
    ///
    /// # Errors
    /// If the session is locked, or if a step cannot be undone; the record then remains.
    pub async fn reconcile(&self, id: SessionId) -> Result<Reconciled, ActionError> {
        let _lock = self.lock(id)?;
        match self.open_transaction(id)? {
            Some(mut work) => reconcile::reconcile(&mut work).await,
            None => Ok(Reconciled::Running),
        }
    }

    /// Removes the record of a hold that did not hold its session. There is nothing to undo: the
    /// session never waited.
    ///
    /// # Errors
    /// If the session is locked, or if its record or its processes cannot be read.
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

    /// The pause of a session; if there is no record, its leftover files are removed.
    fn open_transaction(&self, id: SessionId) -> Result<Option<PauseTransaction<'_>>, ActionError> {
        let record = self.store.read(id)?;
        if record.is_none() {
            // Leftover files without a record hold no session.
            let _ = self.store.remove(id);
        }
        Ok(record.map(|record| PauseTransaction {
            hands: self,
            record,
        }))
    }
}

/// The refusal to pause a session that would stop this process, too.
fn own_session_error() -> ActionError {
    let told = "this program runs inside that session; pause it from elsewhere";
    ActionError::Changed(told.into())
}

#[cfg(test)]
mod tests;
