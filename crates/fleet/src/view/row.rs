//! One session as a row.

use super::action::RowAction;
use super::asking;
use super::face::face;
use super::mode;
use super::pausing;
use crate::identity::SessionId;
use crate::request::RequestId;
use crate::session::{Certainty, Session, SessionStatus};
use crate::text::folder;
pub use crate::text::visible;
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;
use utoipa::ToSchema;

/// Where a row stands, from top to bottom.
///
/// * `NeedsYou`: waits for you
/// * `Working`: works
/// * `Quiet`: everything else
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Section {
    /// Waits for you.
    NeedsYou,
    /// Works.
    Working,
    /// Everything else.
    Quiet,
}

/// The colour of a status word; a token of the style sheet.
///
/// * `needs-you`: loud: the only one with a tinted background
/// * `working`: a turn runs
/// * `paused`: stopped or frozen
/// * `finished`: done, not yet seen
/// * `stopped`: gone
/// * `idle`: nothing to say
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
///
/// * `permission`: a diamond with a mark
/// * `question`: a diamond with a question mark
/// * `plan`: a diamond with three lines
/// * `trust`: a diamond with a keyhole
/// * `working`: a ring, a quarter filled
/// * `starting`: a dotted ring
/// * `paused`: two bars
/// * `finished`: a tick
/// * `idle`: a hollow ring
/// * `shell`: a ring with a dot
/// * `menu`: three lines
/// * `failed`: a cross
/// * `stopped`: a ring with a cross
/// * `unknown`: a dash
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

/// What a row asks of you.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowAsk {
    /// The request to be answered first, whose card can be asked for; none where no hook told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// The sub-agent that asks, in words; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How many more requests of this session wait behind it.
    pub more: u32,
    /// Why it can be answered only in its terminal, in words; none where it can be from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// Whether programs that no session started may answer it, too (`answers.programs`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub programs: bool,
    /// When the terminal asks if nothing is answered before; none if the terminal asks already.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
    /// Those behind it that can be answered from here, too, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<RowWaiting>,
}

/// A request that waits behind the one to be answered first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowWaiting {
    /// Which.
    pub request: RequestId,
    /// The sub-agent that asks, in words; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When the terminal asks if nothing is answered before; none if the terminal asks already.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
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
    /// Words beside its name: that no terminal shows it, that it is headless, that it asks for no
    /// permission, that it is not confirmed to be Claude Code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<String>,
    /// The tooltip: why it is what it is.
    pub why: String,
    /// The whole row as one sentence, without its age.
    pub sentence: String,
    /// What its button does; none where it has no button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RowAction>,
    /// Why it can be neither paused nor resumed, and what to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Something is being done to it: the word says what, and its button waits for the end.
    #[serde(default)]
    pub pending: bool,
    /// "Not paused: its pane is in copy mode", for as long as that is news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What to know before it is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
    /// "approved at a terminal, pts/7": who answered it a moment ago outside the app, and what
    /// that changes in Claude Code's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// What the session asks of you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<RowAsk>,
}

impl Row {
    /// Its badges as they stand in a line of text; none without any.
    pub fn aside(&self) -> Option<String> {
        Some(self.badges.join(" · ").to_lowercase()).filter(|words| !words.is_empty())
    }

    /// Draws a session. `home` is shown as `~`.
    pub fn of(session: &Session, home: Option<&Path>) -> Self {
        let mut face = face(session, home);
        pausing::draw(session, &mut face);
        if let (Some(why), Section::Quiet) = (&session.unconfirmed, face.section)
            && session.status != SessionStatus::Stopped
        {
            face.detail = format!("unconfirmed: {why}");
        }
        face.detail = visible(&face.detail);
        let title = name(session);
        let because = session.because.as_ref();
        let certainty = because.map_or(Certainty::Unknown, |b| b.certainty);
        let badges = mode::badges(session);
        let failure = pausing::failure(session).map(|text| visible(&text));
        let caution = session.pause.as_ref().and_then(|p| p.caution.clone());
        let answered = session.answered.as_ref();
        let answered = answered.map(|answer| visible(&answer.sentence(home)));
        let refusal = session.capabilities.as_ref();
        let refusal = refusal.and_then(|can| Some(visible(can.refusal.as_ref()?)));
        let aside = badges.iter().map(|badge| badge.to_lowercase());
        let aside = Some(aside.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty());
        let needs = asking::sentence(session).map(|text| visible(&text));
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
        let action = RowAction::of(session);
        let way_out = refusal.as_ref().filter(|_| action.is_none());
        let why = because.map_or_else(String::new, |b| {
            let text = visible(&format!("{}: {}", face.word, b.text));
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
            pending: pausing::pending(session).is_some(),
            failure,
            caution,
            answered,
            ask: asking::ask(session),
            title,
        }
    }
}

/// What a session is called: the name that the user gave it, else its project's folder.
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
    visible(&name)
}
