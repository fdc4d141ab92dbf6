//! The button of a row: its label, and what the button does.

use super::pending;
use crate::pause::PauseKind;
use crate::session::{Capabilities, Session, SessionStatus};
use crate::text::replace_hidden_chars;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The button of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowAction {
    /// What the button does.
    pub does: RowActionKind,
    /// The label: "Pause now", "Pause before next tool", "Interrupt…", "Resume".
    pub label: String,
    /// What the action means for the session, or why the action is impossible and what to do
    /// instead.
    pub hint: String,
    /// Whether the button can be pressed.
    pub enabled: bool,
}

/// What the button of a row does.
///
/// * `Pause`: pauses, without loss
/// * `Interrupt`: asks first, then interrupts; the current step is lost
/// * `Resume`: resumes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = Does)]
pub enum RowActionKind {
    /// Pauses, without loss.
    Pause,
    /// Asks first, then interrupts; the current step is lost.
    Interrupt,
    /// Resumes.
    Resume,
}

impl RowAction {
    /// The button of a session's row; none if the session has ended, if nothing is known of what
    /// can be done to the session, or if the session was paused without Trusty Bar.
    pub fn for_session(session: &Session) -> Option<Self> {
        let can = session.capabilities.as_ref()?;
        let action = |does, label: &str, hint: String| Self {
            does,
            label: label.to_owned(),
            hint,
            enabled: pending::pending(session).is_none(),
        };
        if can.resume {
            return Some(action(RowActionKind::Resume, "Resume", resuming(session)));
        }
        if let Some(kind) = can.pause.first() {
            let does = match kind {
                PauseKind::Interrupt => RowActionKind::Interrupt,
                _ => RowActionKind::Pause,
            };
            return Some(action(does, label(*kind), pausing_by(*kind, can)));
        }
        if session.status == SessionStatus::Paused {
            return None;
        }
        let refusal = can.refusal.as_ref()?;
        Some(Self {
            enabled: false,
            ..action(RowActionKind::Pause, "Pause", replace_hidden_chars(refusal))
        })
    }

    /// Whether the button pauses the session now, without loss.
    pub fn can_pause(&self) -> bool {
        self.enabled && self.does == RowActionKind::Pause
    }

    /// Whether the button resumes the session now.
    pub fn can_resume(&self) -> bool {
        self.enabled && self.does == RowActionKind::Resume
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
        (PauseKind::Freeze, true) => "freezes the session and its commands at once",
        (PauseKind::Freeze, false) => "freezes the session at once; its commands keep running",
        (PauseKind::Stop, true) => "stops the session and its commands at once",
        (PauseKind::Stop, false) => "stops the session at once; its commands keep running",
        (PauseKind::Suspend, _) => "presses Ctrl-Z in the tmux pane; commands keep running",
        (PauseKind::Hold, _) => "lets the current tool finish, then hooks hold the session",
        (PauseKind::Interrupt, _) => "presses Escape in the tmux pane; the current step is lost",
    };
    text.to_owned()
}

fn resuming(session: &Session) -> String {
    let Some(pause) = &session.pause else {
        return "resumes the session".to_owned();
    };
    let text = match (pause.kind, session.status) {
        (PauseKind::Freeze | PauseKind::Stop, _) => "resumes the session where it stopped",
        (PauseKind::Suspend, _) => "types fg in the tmux pane",
        (PauseKind::Hold, SessionStatus::Paused) => "hooks release the session",
        (PauseKind::Hold, _) => "cancels the pause; hooks will not hold the session",
        (PauseKind::Interrupt, _) => "types continue in the tmux pane",
    };
    match &pause.caution {
        Some(caution) => format!("{text}; {caution}"),
        None => text.to_owned(),
    }
}
