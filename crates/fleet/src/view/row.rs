//! One session as a row.

use crate::fleet::folder;
use crate::session::{
    Activity, Certainty, NeedKind, Session, SessionHost, SessionId, SessionStatus, rfc3339,
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;
use utoipa::ToSchema;

/// Where a row stands, from top to bottom.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Section {
    /// Waits for its owner.
    NeedsYou,
    /// Works.
    Working,
    /// Everything else.
    Quiet,
}

/// The colour of a status word; a token of the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Loud: the only one with a tinted background.
    NeedsYou,
    /// A turn runs.
    Working,
    /// Stopped or frozen.
    Paused,
    /// Done, not yet seen.
    Finished,
    /// Gone.
    Stopped,
    /// Nothing to say.
    Idle,
}

/// The shape of a status; no two statuses share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Glyph {
    /// A diamond with a mark.
    Permission,
    /// A diamond with a question mark.
    Question,
    /// A diamond with three lines.
    Plan,
    /// A diamond with a keyhole.
    Trust,
    /// A ring, a quarter filled.
    Working,
    /// A dotted ring.
    Starting,
    /// Two bars.
    Paused,
    /// A tick.
    Finished,
    /// A hollow ring.
    Idle,
    /// A ring with a dot.
    Shell,
    /// Three lines.
    Menu,
    /// A cross.
    Failed,
    /// A ring with a cross.
    Stopped,
    /// A dash.
    Unknown,
}

/// One session as a row: words and shapes, ready to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// Whose row.
    pub id: SessionId,
    /// Its name.
    pub title: String,
    /// The status word the second line begins with.
    pub word: String,
    /// The rest of the second line.
    pub detail: String,
    /// The word's colour.
    pub tone: Tone,
    /// The shape.
    pub glyph: Glyph,
    /// Where it stands.
    pub section: Section,
    /// The age at the right counts from here.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// Drawn dashed: the status was not told in known words.
    pub inferred: bool,
    /// No terminal shows it.
    pub detached: bool,
    /// The tooltip: why it is what it is.
    pub why: String,
    /// The whole row as one sentence, without its age.
    pub sentence: String,
}

struct Face {
    word: &'static str,
    detail: String,
    tone: Tone,
    glyph: Glyph,
    section: Section,
    since: SystemTime,
}

impl Row {
    /// Draws a session. `home` is shown as `~`.
    pub fn of(session: &Session, home: Option<&Path>) -> Self {
        let mut face = face(session, home);
        face.detail = visible(&face.detail);
        let title = visible(&title(session));
        let because = session.because.as_ref();
        let certainty = because.map_or(Certainty::Unknown, |b| b.certainty);
        let detached = !session.attached && session.status != SessionStatus::Stopped;
        let aside = if detached { ", detached" } else { "" };
        let sentence = match face.detail.as_str() {
            "" => format!("{title}, {}{aside}", face.word),
            detail => format!("{title}, {}, {detail}{aside}", face.word),
        };
        Self {
            id: session.id,
            word: face.word.to_owned(),
            detail: face.detail,
            tone: face.tone,
            glyph: face.glyph,
            section: face.section,
            since: face.since,
            inferred: certainty != Certainty::Certain,
            detached,
            why: because.map_or_else(String::new, |b| {
                visible(&format!("{}: {}", face.word, b.text))
            }),
            sentence,
            title,
        }
    }
}

/// The text with every character that would steer a terminal or turn the line round replaced:
/// names come from others, and what is shown is to be what is there.
pub fn visible(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The name its owner gave it, else its project's folder.
fn title(session: &Session) -> String {
    let given = session
        .claude
        .as_ref()
        .filter(|c| c.named_by_owner)
        .and_then(|c| c.name.clone());
    given.unwrap_or_else(|| {
        let project = session.project_path.as_deref();
        match folder(project.unwrap_or(Path::new(&session.workdir))) {
            name if name.is_empty() => session.tmux_name.clone(),
            name => name,
        }
    })
}

fn face(session: &Session, home: Option<&Path>) -> Face {
    let held = session
        .because
        .as_ref()
        .map_or(session.last_seen, |b| b.since);
    let quiet = |word, tone, glyph, detail, since| Face {
        word,
        detail,
        tone,
        glyph,
        section: Section::Quiet,
        since,
    };
    let place = || place(session, home);
    let working = || Face {
        word: "Working",
        detail: String::new(),
        tone: Tone::Working,
        glyph: Glyph::Working,
        section: Section::Working,
        since: held,
    };
    match session.status {
        SessionStatus::Stopped => quiet("Stopped", Tone::Stopped, Glyph::Stopped, place(), held),
        SessionStatus::Paused => {
            let why = session.because.as_ref().map_or("", |b| b.text.as_str());
            let detail = why.strip_prefix("it was ").unwrap_or(why).to_owned();
            quiet("Paused", Tone::Paused, Glyph::Paused, detail, held)
        }
        SessionStatus::AwaitingApproval => need(session, held),
        SessionStatus::Starting => {
            let waits = session
                .because
                .as_ref()
                .is_some_and(|b| b.certainty != Certainty::Certain);
            let detail = if waits {
                "look at its terminal".to_owned()
            } else {
                place()
            };
            quiet("Starting", Tone::Idle, Glyph::Starting, detail, held)
        }
        SessionStatus::Active | SessionStatus::Detached => match &session.activity {
            Some(Activity::Working {
                tool,
                detail,
                since,
            }) => Face {
                detail: match (tool, detail) {
                    (Some(tool), Some(detail)) => format!("{tool}: {detail}{}", agents(session)),
                    (Some(tool), None) => format!("{tool}{}", agents(session)),
                    // Without a tool of its own, the detail counts its sub-agents already.
                    (None, Some(detail)) => detail.clone(),
                    (None, None) => place(),
                },
                since: *since,
                ..working()
            },
            Some(Activity::Compacting { since }) => Face {
                detail: "making the conversation shorter".to_owned(),
                since: *since,
                ..working()
            },
            Some(Activity::Retrying {
                attempt, of, since, ..
            }) => Face {
                detail: match of {
                    Some(of) => format!("retrying, attempt {attempt} of {of}"),
                    None => format!("retrying, attempt {attempt}"),
                },
                since: *since,
                ..working()
            },
            Some(Activity::Failed { error, since }) => quiet(
                "Failed",
                Tone::Stopped,
                Glyph::Failed,
                error.clone(),
                *since,
            ),
            Some(Activity::Finished { since }) => {
                let detail = "ready for review".to_owned();
                quiet("Finished", Tone::Finished, Glyph::Finished, detail, *since)
            }
            Some(Activity::Idle { since }) => {
                quiet("Idle", Tone::Idle, Glyph::Idle, place(), *since)
            }
            Some(Activity::BackgroundShell { since }) => {
                let detail = "a background shell runs".to_owned();
                quiet("Idle", Tone::Idle, Glyph::Shell, detail, *since)
            }
            Some(Activity::MenuOpen { since }) => {
                quiet("Menu open", Tone::Idle, Glyph::Menu, place(), *since)
            }
            None => quiet("Running", Tone::Idle, Glyph::Unknown, place(), held),
        },
    }
}

/// What follows a tool on the second line while sub-agents work, too.
fn agents(session: &Session) -> String {
    match session.delegations.len() {
        0 => String::new(),
        1 => " · 1 sub-agent".to_owned(),
        n => format!(" · {n} sub-agents"),
    }
}

fn need(session: &Session, held: SystemTime) -> Face {
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
            let detail = "asks in its terminal before it starts".to_owned();
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
    Face {
        word,
        detail: format!("{detail}{by}"),
        tone: Tone::NeedsYou,
        glyph,
        section: Section::NeedsYou,
        since: asks.map_or(held, |n| n.since),
    }
}

/// Where it is: the folder with the home shortened, and the tmux session.
fn place(session: &Session, home: Option<&Path>) -> String {
    let dir = Path::new(&session.workdir);
    let folder = match home.and_then(|h| dir.strip_prefix(h).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", rest.display()),
        None => session.workdir.clone(),
    };
    match session.origin {
        SessionHost::Tmux => format!("{folder} · tmux {}", session.tmux_name),
        SessionHost::Native => folder,
    }
}
