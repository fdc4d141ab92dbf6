//! The button of a row: what it does, and what it is called before it is pressed.

use super::pausing;
use super::row::visible;
use crate::pause::PauseKind;
use crate::session::{Capabilities, Session, SessionStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The button of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowAction {
    /// What it does.
    pub does: Does,
    /// What it is called: "Pause now", "Pause before next tool", "Interrupt…", "Resume".
    pub label: String,
    /// What that means for the session; or why it cannot be, and what to do instead.
    pub hint: String,
    /// Whether it can be pressed.
    pub enabled: bool,
}

/// What the button of a row does.
///
/// * `Pause`: pauses, without loss
/// * `Interrupt`: asks, then interrupts: the step at work is lost
/// * `Resume`: resumes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Does {
    /// Pauses, without loss.
    Pause,
    /// Asks, then interrupts: the step at work is lost.
    Interrupt,
    /// Resumes.
    Resume,
}

impl RowAction {
    /// The button of a session's row; none where it has ended, where nothing is known of it, or
    /// where other hands have paused it.
    pub fn of(session: &Session) -> Option<Self> {
        let can = session.capabilities.as_ref()?;
        let action = |does, label: &str, hint: String| Self {
            does,
            label: label.to_owned(),
            hint,
            enabled: pausing::pending(session).is_none(),
        };
        if can.resume {
            return Some(action(Does::Resume, "Resume", resuming(session)));
        }
        if let Some(kind) = can.pause.first() {
            let does = match kind {
                PauseKind::Interrupt => Does::Interrupt,
                _ => Does::Pause,
            };
            return Some(action(does, label(*kind), pausing_by(*kind, can)));
        }
        if session.status == SessionStatus::Paused {
            return None;
        }
        let refusal = can.refusal.as_ref()?;
        Some(Self {
            enabled: false,
            ..action(Does::Pause, "Pause", visible(refusal))
        })
    }

    /// Whether it pauses, now, and loses nothing by it.
    pub fn can_pause(&self) -> bool {
        self.enabled && self.does == Does::Pause
    }

    /// Whether it resumes, now.
    pub fn can_resume(&self) -> bool {
        self.enabled && self.does == Does::Resume
    }
}

fn label(kind: PauseKind) -> &'static str {
    match kind {
        PauseKind::Freeze | PauseKind::Stop => "Pause now",
        PauseKind::Suspend => "Pause now (Ctrl-Z)",
        PauseKind::Hold => "Pause before next tool",
        PauseKind::Interrupt => "Interrupt…",
    }
}

fn pausing_by(kind: PauseKind, can: &Capabilities) -> String {
    let text = match (kind, can.commands) {
        (PauseKind::Freeze, true) => "it freezes where it is, and its commands with it",
        (PauseKind::Freeze, false) => "it freezes where it is; its commands go on",
        (PauseKind::Stop, true) => "it stops where it is, and its commands with it",
        (PauseKind::Stop, false) => "it stops where it is; its commands go on",
        (PauseKind::Suspend, _) => "Ctrl-Z is pressed in its pane; its commands go on",
        (PauseKind::Hold, _) => "what runs now finishes, then its hooks hold it",
        (PauseKind::Interrupt, _) => "Escape is pressed in its pane, and the step at work is lost",
    };
    text.to_owned()
}

fn resuming(session: &Session) -> String {
    let Some(pause) = &session.pause else {
        return "it goes on".to_owned();
    };
    let text = match (pause.kind, session.status) {
        (PauseKind::Freeze | PauseKind::Stop, _) => "it goes on where it stopped",
        (PauseKind::Suspend, _) => "fg is typed in its pane",
        (PauseKind::Hold, SessionStatus::Paused) => "its hooks let it go on",
        (PauseKind::Hold, _) => "its hooks do not hold it after all",
        (PauseKind::Interrupt, _) => "continue is typed in its pane",
    };
    match &pause.caution {
        Some(caution) => format!("{text}; {caution}"),
        None => text.to_owned(),
    }
}
