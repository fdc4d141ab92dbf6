//! What all methods of a pause have in common: a rollback, and a check that the pause holds.

use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, freezer, pane, process_tree, signal};
use trusty_fleet::pause::PauseMethod;

/// Undoes a pause. A step that is undone already counts as a success.
pub(super) async fn roll_back(
    work: &mut PauseTransaction<'_>,
    how: Rollback,
) -> Result<(), ActionError> {
    match &work.record.means {
        PauseMethod::Freeze { .. } => freezer::roll_back_freeze(work).await,
        PauseMethod::Stop { .. } => signal::roll_back_stop(work).await,
        PauseMethod::Suspend { .. } => pane::resume_suspended(work, how).await,
        PauseMethod::Interrupt { .. } => pane::resume_interrupted(work, how).await,
        PauseMethod::Hold => Ok(()),
    }
}

/// Whether the session is paused as recorded.
pub(super) fn is_paused(work: &PauseTransaction<'_>) -> Result<bool, ActionError> {
    let held = match &work.record.means {
        PauseMethod::Freeze { group, .. } => freezer::is_client_frozen(work.client(), group),
        PauseMethod::Stop {
            shells,
            group,
            tools,
        } => signal::are_all_stopped(work.client(), [shells, group, tools]),
        PauseMethod::Suspend { .. } => process_tree::is_stopped_or_gone(work.client()),
        PauseMethod::Hold | PauseMethod::Interrupt { .. } => Ok(true),
    };
    held.map_err(failed("inspect the session's processes"))
}
