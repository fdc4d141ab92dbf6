//! What the methods of a pause have in common: each can be undone, and tells whether it holds.

use super::work::{PauseTransaction, Rollback, failed};
use super::{ActionError, freezer, pane, signal, tree};
use trusty_fleet::pause::PauseMethod;

/// Undoes what was done. Each step takes it for right that it is done already.
pub(super) async fn undo(
    work: &mut PauseTransaction<'_>,
    how: Rollback,
) -> Result<(), ActionError> {
    match &work.record.means {
        PauseMethod::Freeze { .. } => freezer::undo(work).await,
        PauseMethod::Stop { .. } => signal::undo(work).await,
        PauseMethod::Suspend { .. } => pane::resume_suspended(work, how).await,
        PauseMethod::Interrupt { .. } => pane::resume_interrupted(work, how).await,
        PauseMethod::Hold => Ok(()),
    }
}

/// Whether the session is paused, as the record says.
pub(super) fn holds(work: &PauseTransaction<'_>) -> Result<bool, ActionError> {
    let held = match &work.record.means {
        PauseMethod::Freeze { group, .. } => freezer::holds(work.client(), group),
        PauseMethod::Stop {
            shells,
            group,
            tools,
        } => signal::holds(work.client(), [shells, group, tools]),
        PauseMethod::Suspend { .. } => tree::is_stopped_or_gone(work.client()),
        PauseMethod::Hold | PauseMethod::Interrupt { .. } => Ok(true),
    };
    held.map_err(failed("inspect the session's processes"))
}
