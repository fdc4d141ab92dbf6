//! What a row says of a pause, and of what is being done.

use super::face::Face;
use super::row::Section;
use crate::action::headline;
use crate::pause::{Asker, PauseKind};
use crate::session::{Pause, Session, SessionStatus, Verb};

/// What is being done to a session, if anything is.
pub(super) fn pending(session: &Session) -> Option<Verb> {
    let pending = session.pending.as_ref()?;
    pending.failure.is_none().then_some(pending.verb)
}

/// Why the last action was not done, for as long as that is news.
pub(super) fn failure(session: &Session) -> Option<String> {
    let pending = session.pending.as_ref()?;
    let failure = pending.failure.as_ref()?;
    let done = match pending.verb {
        // The failure itself says what was not done, such as "could not raise xterm: …".
        Verb::Jump => return Some(capitalised(failure)),
        Verb::Pause => "Not paused",
        Verb::Resume => "Not resumed",
        Verb::End => "Not ended",
    };
    Some(format!("{done}: {failure}"))
}

/// The words as the beginning of a sentence.
pub(super) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The detail of a paused session. What it was at matters more than how it is kept from it, but
/// is long: so the how comes first, in few words.
pub(super) fn paused(session: &Session) -> String {
    let Some(pause) = &session.pause else {
        let because = session.because.as_ref();
        let why = because.map_or("", |b| b.text.as_str());
        return why
            .strip_prefix("the session was ")
            .unwrap_or(why)
            .to_owned();
    };
    let how = how(pause);
    let headline = session.pause_summary.as_deref().map(headline);
    match headline.filter(|text| !text.is_empty()) {
        Some(text) => format!("{how} · {text}"),
        None => how,
    }
}

fn how(pause: &Pause) -> String {
    let done = match pause.kind {
        PauseKind::Freeze => "frozen",
        PauseKind::Stop => "stopped",
        PauseKind::Suspend => "suspended",
        PauseKind::Hold => "held",
        PauseKind::Interrupt => "interrupted",
    };
    let by = match pause.by {
        Asker::App | Asker::Command => "you",
        Asker::Api => "a program",
    };
    let along = if pause.commands {
        ", its commands too"
    } else {
        ""
    };
    format!("{done} by {by}{along}")
}

/// Puts what is being done in the place of the status, which stays where it stands.
pub(super) fn draw(session: &Session, face: &mut Face) {
    let ended = session.status == SessionStatus::Stopped;
    if let Some(verb) = pending(session).filter(|_| !ended) {
        face.word = match verb {
            Verb::Pause => "Pausing…",
            Verb::Resume => "Resuming…",
            Verb::End => "Ending…",
            Verb::Jump => return,
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
    if face.section == Section::NeedsYou {
        // What it asks is still to be answered.
        face.detail = format!("{} · pausing", face.detail);
    } else {
        face.word = "Pausing…";
        face.detail = match face.detail.as_str() {
            "" => progress,
            detail => format!("{progress} · {detail}"),
        };
    }
}
