//! A pause in progress: its record is written to disk before every step.

use super::{ActionError, ActionExecutor, Reconciled};
use std::fmt::Display;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{PauseMethod, PausePhase, PauseRecord};

/// Why a pause is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollback {
    /// The user wants the session to continue, and the pause is as it was recorded.
    Requested,
    /// The pause was never finished, or something else has undone a part of it: undo what is left.
    Recovery,
}

/// The pause of one session while its lock is held.
#[derive(Debug)]
pub(super) struct PauseTransaction<'a> {
    pub(super) hands: &'a ActionExecutor,
    pub(super) record: PauseRecord,
}

impl PauseTransaction<'_> {
    pub(super) fn client(&self) -> ProcessKey {
        self.record.client
    }

    /// Records the phase that begins now.
    pub(super) fn enter_phase(&mut self, phase: PausePhase) -> Result<(), ActionError> {
        self.record.phase = phase;
        self.write_record()
    }

    /// Records what is about to be done.
    pub(super) fn set_means(&mut self, means: PauseMethod) -> Result<(), ActionError> {
        self.record.means = means;
        self.write_record()
    }

    pub(super) fn write_record(&self) -> Result<(), ActionError> {
        Ok(self.hands.store.write(&self.record)?)
    }

    /// Removes the record: nothing is left to undo. `became` is what the session is now.
    pub(super) fn remove_record(&self, became: Reconciled) -> Result<(), ActionError> {
        let removed = self.hands.store.remove(self.record.session);
        removed.map_err(|e| ActionError::RecordLeft(became, e))
    }
}

/// Wraps an error in a message that says what could not be done.
pub(super) fn failed<E: Display>(what: &'static str) -> impl FnOnce(E) -> ActionError {
    move |e| ActionError::Failed(format!("could not {what}: {e}"))
}
