//! One pause that is being worked on: its record, kept on disk ahead of every step.

use super::{ActionError, ActionExecutor, Reconciled};
use std::fmt::Display;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{PauseMethod, PausePhase, PauseRecord};

/// How a pause is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollback {
    /// Its owner wants the session to go on, and it is as it was left.
    Requested,
    /// It was never finished, or somebody else has undone a part: whatever is left of it.
    Recovery,
}

/// A pause that is being worked on. Its lock is held.
#[derive(Debug)]
pub(super) struct PauseTransaction<'a> {
    pub(super) hands: &'a ActionExecutor,
    pub(super) record: PauseRecord,
}

impl PauseTransaction<'_> {
    pub(super) fn client(&self) -> ProcessKey {
        self.record.client
    }

    /// Writes down how far it has come.
    pub(super) fn enter_phase(&mut self, phase: PausePhase) -> Result<(), ActionError> {
        self.record.phase = phase;
        self.write_record()
    }

    /// Writes down what is about to be done.
    pub(super) fn set_means(&mut self, means: PauseMethod) -> Result<(), ActionError> {
        self.record.means = means;
        self.write_record()
    }

    pub(super) fn write_record(&self) -> Result<(), ActionError> {
        Ok(self.hands.store.write(&self.record)?)
    }

    /// Removes the record: nothing is left to be undone, for the session became this.
    pub(super) fn remove_record(&self, became: Reconciled) -> Result<(), ActionError> {
        let removed = self.hands.store.remove(self.record.session);
        removed.map_err(|e| ActionError::RecordLeft(became, e))
    }
}

/// Says what could not be done.
pub(super) fn failed<E: Display>(what: &'static str) -> impl FnOnce(E) -> ActionError {
    move |e| ActionError::Failed(format!("could not {what}: {e}"))
}
