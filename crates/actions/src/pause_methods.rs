//! What the methods of a pause have in common: each can be undone, and tells whether it holds.

use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, freezer, pane, process_tree, signal};
use trusty_fleet::pause::PauseMethod;

/// Undoes what was done. Each step takes it for right that it is done already.
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

/// Whether the session is paused, as the record says.
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
