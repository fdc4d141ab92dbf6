//! What a row says about a pause and about a pending action.

use super::appearance::RowAppearance;
use super::style::BoardSection;
use crate::pause::PauseKind;
use crate::session::{ActionKind, Session, SessionStatus};
use crate::text::capitalised;

/// The action in progress on a session, if any.
pub(super) fn pending(session: &Session) -> Option<ActionKind> {
    let pending = session.pending.as_ref()?;
    pending.failure.is_none().then_some(pending.verb)
}

/// Why the last action failed, while the failure is still displayed.
pub(super) fn failure(session: &Session) -> Option<String> {
    let pending = session.pending.as_ref()?;
    let failure = pending.failure.as_ref()?;
    let done = match pending.verb {
        // The failure itself says what was not done, such as "could not raise xterm: …".
        ActionKind::Jump => return Some(capitalised(failure)),
        ActionKind::Pause => "Not paused",
        ActionKind::Resume => "Not resumed",
        ActionKind::End => "Not ended",
    };
    Some(format!("{done}: {failure}"))
}

/// Replaces the status word by the pending action, or by the progress of a hold that has not taken
/// effect yet. The row stays in its section.
pub(super) fn apply_pending_action(session: &Session, face: &mut RowAppearance) {
    let ended = session.status == SessionStatus::Stopped;
    if let Some(verb) = pending(session).filter(|_| !ended) {
        face.word = match verb {
            ActionKind::Pause => "Pausing…",
            ActionKind::Resume => "Resuming…",
            ActionKind::End => "Ending…",
            ActionKind::Jump => return,
        };
        return;
    }
    let awaited = session.pause.as_ref().filter(|pause| {
        let held = session.status == SessionStatus::Paused;
        pause.kind == PauseKind::Hold && !held && !ended
    });
    let Some(pause) = awaited else { return };
    let agents = pause.held + pause.running;
    let progress = match agents {
        0 | 1 if pause.unproven => "waiting for the next hook".to_owned(),
        0 | 1 => "waiting for the next tool".to_owned(),
        n => format!("{} of {n} agents held", pause.held),
    };
    if face.section == BoardSection::NeedsYou {
        // The request still has to be answered, so its word stays.
        face.detail = format!("{} · pausing", face.detail);
    } else {
        face.word = "Pausing…";
        face.detail = match face.detail.as_str() {
            "" => progress,
            detail => format!("{progress} · {detail}"),
        };
    }
}
