//! How a session looks in a row: words, colour, shape and section.

use super::style::{BoardSection, Glyph, StatusTone};
use crate::action::headline;
use crate::pause::{Initiator, PauseKind};
use crate::session::{
    ActivePause, Activity, Certainty, NeedKind, Session, SessionHost, SessionStatus,
};
use crate::text::shown_path;
use std::path::Path;
use std::time::SystemTime;

pub(super) struct RowAppearance {
    pub(super) word: &'static str,
    pub(super) detail: String,
    pub(super) tone: StatusTone,
    pub(super) glyph: Glyph,
    pub(super) section: BoardSection,
    pub(super) since: SystemTime,
}

/// Draws the status of a session, without a pending action. `home` is shown as `~`.
pub(super) fn row_appearance(session: &Session, home: Option<&Path>) -> RowAppearance {
    let held = session
        .because
        .as_ref()
        .map_or(session.last_seen, |b| b.since);
    let place = || location_text(session, home);
    match session.status {
        SessionStatus::Stopped => quiet_appearance(
            "Stopped",
            StatusTone::Stopped,
            Glyph::Stopped,
            place(),
            held,
        ),
        SessionStatus::Paused => {
            let since = session.paused_at.unwrap_or(held);
            let detail = paused(session);
            quiet_appearance("Paused", StatusTone::Paused, Glyph::Paused, detail, since)
        }
        SessionStatus::AwaitingApproval => need(session, held),
        SessionStatus::Starting => {
            let waits = session
                .because
                .as_ref()
                .is_some_and(|b| b.certainty != Certainty::Certain);
            let detail = if waits {
                "check the terminal".to_owned()
            } else {
                place()
            };
            quiet_appearance("Starting", StatusTone::Idle, Glyph::Starting, detail, held)
        }
        SessionStatus::Active | SessionStatus::Detached => active(session, home, held),
    }
}

/// A row of the last section.
fn quiet_appearance(
    word: &'static str,
    tone: StatusTone,
    glyph: Glyph,
    detail: String,
    since: SystemTime,
) -> RowAppearance {
    RowAppearance {
        word,
        detail,
        tone,
        glyph,
        section: BoardSection::Quiet,
        since,
    }
}

/// Draws the activity of a live session that waits for nothing.
fn active(session: &Session, home: Option<&Path>, held: SystemTime) -> RowAppearance {
    let place = || location_text(session, home);
    let working = || RowAppearance {
        word: "Working",
        detail: String::new(),
        tone: StatusTone::Working,
        glyph: Glyph::Working,
        section: BoardSection::Working,
        since: held,
    };
    match &session.activity {
        Some(Activity::Working {
            tool,
            detail,
            since,
        }) => RowAppearance {
            detail: match (tool, detail) {
                (Some(tool), Some(detail)) => format!("{tool}: {detail}{}", agents(session)),
                (Some(tool), None) => format!("{tool}{}", agents(session)),
                // A detail without a tool already counts the sub-agents.
                (None, Some(detail)) => detail.clone(),
                (None, None) => place(),
            },
            since: *since,
            ..working()
        },
        Some(Activity::Compacting { since }) => RowAppearance {
            detail: "compacting the conversation".to_owned(),
            since: *since,
            ..working()
        },
        Some(Activity::Retrying {
            attempt, of, since, ..
        }) => RowAppearance {
            detail: match of {
                Some(of) => format!("retrying, attempt {attempt} of {of}"),
                None => format!("retrying, attempt {attempt}"),
            },
            since: *since,
            ..working()
        },
        Some(Activity::Failed { error, since }) => quiet_appearance(
            "Failed",
            StatusTone::Stopped,
            Glyph::Failed,
            error.clone(),
            *since,
        ),
        Some(Activity::Finished { since }) => {
            let detail = "ready for review".to_owned();
            quiet_appearance(
                "Finished",
                StatusTone::Finished,
                Glyph::Finished,
                detail,
                *since,
            )
        }
        Some(Activity::Idle { since }) => {
            quiet_appearance("Idle", StatusTone::Idle, Glyph::Idle, place(), *since)
        }
        Some(Activity::BackgroundShell { since }) => {
            let detail = "background shell running".to_owned();
            quiet_appearance("Idle", StatusTone::Idle, Glyph::Shell, detail, *since)
        }
        Some(Activity::MenuOpen { since }) => {
            quiet_appearance("Menu open", StatusTone::Idle, Glyph::Menu, place(), *since)
        }
        None => quiet_appearance("Running", StatusTone::Idle, Glyph::Unknown, place(), held),
    }
}

/// The count of sub-agents, which follows the tool on the second line.
fn agents(session: &Session) -> String {
    match session.delegations.len() {
        0 => String::new(),
        1 => " · 1 sub-agent".to_owned(),
        n => format!(" · {n} sub-agents"),
    }
}

fn need(session: &Session, held: SystemTime) -> RowAppearance {
    let asks = session.need.as_ref();
    let line = asks.and_then(|n| n.detail.as_deref());
    let by = asks
        .and_then(|n| n.agent.as_deref())
        .map_or_else(String::new, |agent| format!(" (for {agent})"));
    let (word, glyph, detail) = match asks.map(|n| n.kind) {
        Some(NeedKind::Question) => {
            let question = line.unwrap_or("has a question for you").to_owned();
            ("Question", Glyph::Question, question)
        }
        Some(NeedKind::Plan) => (
            "Plan",
            Glyph::Plan,
            "has a plan for you to approve".to_owned(),
        ),
        Some(NeedKind::Trust) => {
            let detail = "answer the dialog in the terminal".to_owned();
            ("Trust", Glyph::Trust, detail)
        }
        Some(NeedKind::Permission) | None => {
            let tool = asks.and_then(|n| n.tool.as_deref());
            let detail = match (tool, line) {
                (Some(tool), Some(line)) => format!("{tool}: {line}"),
                (Some(tool), None) => format!("wants to run {tool}"),
                (None, _) => "waits for your answer".to_owned(),
            };
            ("Permission", Glyph::Permission, detail)
        }
    };
    RowAppearance {
        word,
        detail: format!("{detail}{by}"),
        tone: StatusTone::NeedsYou,
        glyph,
        section: BoardSection::NeedsYou,
        since: asks.map_or(held, |n| n.since),
    }
}

/// The detail of a paused session: how, then what the session was doing. The latter matters more
/// but is long, so the short part comes first.
fn paused(session: &Session) -> String {
    let Some(pause) = &session.pause else {
        let because = session.because.as_ref();
        let why = because.map_or("", |b| b.text.as_str());
        return why
            .strip_prefix("the session was ")
            .unwrap_or(why)
            .to_owned();
    };
    let how = pause_description(pause);
    let headline = session.pause_summary.as_deref().map(headline);
    match headline.filter(|text| !text.is_empty()) {
        Some(text) => format!("{how} · {text}"),
        None => how,
    }
}

fn pause_description(pause: &ActivePause) -> String {
    let done = match pause.kind {
        PauseKind::Freeze => "frozen",
        PauseKind::Stop => "stopped",
        PauseKind::Suspend => "suspended",
        PauseKind::Hold => "held",
        PauseKind::Interrupt => "interrupted",
    };
    let by = match pause.by {
        Initiator::App | Initiator::Command => "you",
        Initiator::Api => "a program",
    };
    let along = if pause.commands {
        ", its commands too"
    } else {
        ""
    };
    format!("{done} by {by}{along}")
}

/// The folder, with the home folder as `~`, and the tmux session.
fn location_text(session: &Session, home: Option<&Path>) -> String {
    let folder = shown_path(Path::new(&session.workdir), home);
    match session.origin {
        SessionHost::Tmux => format!("{folder} · tmux {}", session.tmux_name),
        SessionHost::Native => folder,
    }
}
