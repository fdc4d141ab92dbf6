//! What the methods of a pause have in common: each can be undone, and tells whether it holds.

use super::work::{Undo, Work, failed};
use super::{ActionError, freezer, pane, signal, tree};
use trusty_fleet::pause::Means;

/// Undoes what was done. Each step takes it for right that it is done already.
pub(super) async fn undo(work: &mut Work<'_>, how: Undo) -> Result<(), ActionError> {
    match &work.record.means {
        Means::Freeze { .. } => freezer::undo(work).await,
        Means::Stop { .. } => signal::undo(work).await,
        Means::Suspend { .. } => pane::take_back(work, how).await,
        Means::Interrupt { .. } => pane::go_on(work, how).await,
        Means::Hold => Ok(()),
    }
}

/// Whether the session is paused, as the record says.
pub(super) fn holds(work: &Work<'_>) -> Result<bool, ActionError> {
    let held = match &work.record.means {
        Means::Freeze { group, .. } => freezer::holds(work.client(), group),
        Means::Stop {
            shells,
            group,
            tools,
        } => signal::holds(work.client(), [shells, group, tools]),
        Means::Suspend { .. } => tree::rests(work.client()),
        Means::Hold | Means::Interrupt { .. } => Ok(true),
    };
    held.map_err(failed("inspect the session's processes"))
}
