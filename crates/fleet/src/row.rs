//! One session as a row.

mod action;
mod appearance;
pub(crate) mod badges;
mod pending;
mod request;
mod style;

pub use action::{RowAction, RowActionKind};
pub use request::{QueuedRequest, RowRequest};
pub use style::{BoardSection, Glyph, StatusTone};

use crate::identity::SessionId;
use crate::jump::jump_note;
use crate::session::{Certainty, Session, SessionStatus};
use crate::text::{folder, replace_hidden_chars};
use crate::time::rfc3339;
use appearance::row_appearance;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;
use utoipa::ToSchema;

/// One session as a row: words and shapes, ready to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// The id of the session.
    pub id: SessionId,
    /// The name of the session.
    pub title: String,
    /// The status word with which the second line begins.
    pub word: String,
    /// The rest of the second line.
    pub detail: String,
    /// The colour of the status word.
    pub tone: StatusTone,
    /// The shape that stands for the status.
    pub glyph: Glyph,
    /// The section in which the row is listed.
    pub section: BoardSection,
    /// The time from which the age at the right is counted.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// Whether the status was inferred; such a row is drawn dashed.
    pub inferred: bool,
    /// Words beside the name: detached, headless, permissions bypassed, or not confirmed to be
    /// Claude Code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<String>,
    /// The tooltip: why the session has its status.
    pub why: String,
    /// The whole row as one sentence, without the age.
    pub sentence: String,
    /// The button of the row; none if the row has no button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RowAction>,
    /// Why the session can be neither paused nor resumed, and what to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether an action is in progress: the status word names the action, and the button is
    /// disabled.
    #[serde(default)]
    pub pending: bool,
    /// Why the last action failed, for a limited time: "Not paused: the tmux pane is in copy mode;
    /// press q in it first".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What to know before the session is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
    /// Who recently answered the session outside the app, and what the answer changes in Claude
    /// Code's settings: "approved at a terminal, pts/7".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// What opening the terminal does not do, where that is known before: "brings Warp to the
    /// front; find its tab yourself".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump_note: Option<String>,
    /// What the session asks of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<RowRequest>,
}

impl Row {
    /// The badges as one lower-case text; none if there are no badges.
    pub fn badge_text(&self) -> Option<String> {
        Some(self.badges.join(" · ").to_lowercase()).filter(|words| !words.is_empty())
    }

    /// Draws a session. `home` is shown as `~`.
    pub fn from_session(session: &Session, home: Option<&Path>) -> Self {
        let mut face = row_appearance(session, home);
        pending::apply_pending_action(session, &mut face);
        if let (Some(why), BoardSection::Quiet) = (&session.unconfirmed, face.section)
            && session.status != SessionStatus::Stopped
        {
            face.detail = format!("unconfirmed: {why}");
        }
        face.detail = replace_hidden_chars(&face.detail);
        let title = name(session);
        let because = session.because.as_ref();
        let certainty = because.map_or(Certainty::Unknown, |b| b.certainty);
        let badges = badges::badges(session);
        let failure = pending::failure(session).map(|text| replace_hidden_chars(&text));
        let caution = session.pause.as_ref().and_then(|p| p.caution.clone());
        let answered = session.answered.as_ref();
        let answered = answered.map(|answer| replace_hidden_chars(&answer.sentence(home)));
        let refusal = session.capabilities.as_ref();
        let refusal = refusal.and_then(|can| Some(replace_hidden_chars(can.refusal.as_ref()?)));
        let aside = badges.iter().map(|badge| badge.to_lowercase());
        let aside = Some(aside.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty());
        let needs = request::sentence(session).map(|text| replace_hidden_chars(&text));
        let told = needs.is_none();
        let parts = [
            Some(title.clone()),
            needs,
            Some(face.word.to_owned()).filter(|_| told),
            Some(face.detail.clone()).filter(|detail| told && !detail.is_empty()),
            aside,
            failure.clone(),
            caution.clone(),
            answered.clone(),
        ];
        let sentence = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let action = RowAction::for_session(session);
        let way_out = refusal.as_ref().filter(|_| action.is_none());
        let why = because.map_or_else(String::new, |b| {
            let text = replace_hidden_chars(&format!("{}: {}", face.word, b.text));
            way_out.map_or(text.clone(), |way_out| format!("{text}; {way_out}"))
        });
        Self {
            id: session.id,
            word: face.word.to_owned(),
            detail: face.detail,
            tone: face.tone,
            glyph: face.glyph,
            section: face.section,
            since: face.since,
            inferred: certainty != Certainty::Certain,
            badges,
            why,
            sentence,
            action,
            refusal,
            pending: pending::pending(session).is_some(),
            failure,
            caution,
            answered,
            jump_note: session.terminal.as_ref().and_then(jump_note),
            ask: request::row_request(session),
            title,
        }
    }
}

/// The name of a session: the name that the user gave it, else the folder of its project.
pub(crate) fn name(session: &Session) -> String {
    let given = session
        .claude
        .as_ref()
        .filter(|c| c.named_by_owner)
        .and_then(|c| c.name.clone());
    let name = given.unwrap_or_else(|| {
        let project = session.project_path.as_deref();
        match folder(project.unwrap_or(Path::new(&session.workdir))) {
            name if name.is_empty() => session.tmux_name.clone(),
            name => name,
        }
    });
    replace_hidden_chars(&name)
}
