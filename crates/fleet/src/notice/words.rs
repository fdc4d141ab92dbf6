//! The text of a notice: the words of the row, and the whole of a request that can be answered.

use super::event::first_held_request;
use super::{Notice, NoticeKind, RequestCards};
use crate::card::{Card, LineMark};
use crate::identity::SessionId;
use crate::request::RequestKind;
use crate::row::{Row, name};
use crate::session::{Activity, Session, SessionEnd};
use crate::snapshot::Snapshot;
use crate::text::{has_right_to_left, replace_hidden_chars};
use std::collections::BTreeMap;

/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 60;
/// The longest mark that is added to a title which several sessions have, in characters.
const MAX_MARK_CHARS: usize = 20;
/// The longest body, in characters, unless it holds a whole request.
const MAX_BODY_CHARS: usize = 160;
/// The largest request that is shown in full, in characters and lines: every notification server
/// shows that much without cutting it.
const MAX_REQUEST_CHARS_AND_LINES: (usize, usize) = (200, 4);
/// The most sessions that a shared notice names.
const MAX_NAMED_SESSIONS: usize = 3;

/// Sessions by name. Those of the same name need a mark, because a server may take two notices
/// with the same text for one.
pub(super) struct SessionNamesakes<'a>(BTreeMap<String, Vec<&'a Session>>);

impl<'a> SessionNamesakes<'a> {
    /// The sessions of a snapshot, without those that ended in good order and get no notice.
    pub(super) fn from_snapshot(snapshot: &'a Snapshot) -> Self {
        let mut all = BTreeMap::<String, Vec<&Session>>::new();
        let left = |s: &&Session| matches!(s.end, Some(SessionEnd::Requested | SessionEnd::Exited));
        for session in snapshot.sessions.iter().filter(|s| !left(s)) {
            all.entry(name(session)).or_default().push(session);
        }
        Self(all)
    }

    /// The name of the tmux session, or the pid where that name is not unique either; `None` for a
    /// session whose name is unique.
    pub(super) fn distinguishing_mark(&self, session: &Session) -> Option<String> {
        let all = self.0.get(&name(session)).filter(|all| all.len() > 1)?;
        let tmux = |s: &Session| Some(s.terminal.as_ref()?.tmux.as_ref()?.session.clone());
        let own = tmux(session).filter(|own| {
            let same = all.iter().filter(|s| tmux(s).as_ref() == Some(own));
            same.count() == 1
        });
        own.map(|own| cut(&replace_hidden_chars(&own), MAX_MARK_CHARS))
            .or_else(|| Some(session.pid?.to_string()))
    }
}

/// The notice of one session.
pub(super) fn single_notice(
    session: &Session,
    row: &Row,
    kind: NoticeKind,
    mark: Option<&str>,
    cards: &RequestCards,
) -> Notice {
    let plain = |word: &str, detail: &str| match detail {
        "" => word.to_owned(),
        detail => cut(&format!("{word} · {detail}"), MAX_BODY_CHARS),
    };
    let title = cut(&row.title, MAX_TITLE_CHARS);
    let title = mark.map_or(title.clone(), |mark| format!("{title} ({mark})"));
    let told = |body| Notice {
        kind,
        title,
        body,
        answers: None,
    };
    match kind {
        NoticeKind::Needs => {
            let card = first_held_request(session)
                .filter(|(_, asks)| *asks == RequestKind::Permission)
                .and_then(|(id, _)| cards.get(id));
            match card.and_then(|card| Some((card, full_request(session, row, card)?))) {
                Some((card, body)) => Notice {
                    answers: Some(card.request.clone()),
                    ..told(body)
                },
                None => told(plain(&row.word, &row.detail)),
            }
        }
        NoticeKind::Finished => match session.activity {
            Some(Activity::BackgroundShell { .. }) => told(plain("Finished", &row.detail)),
            _ => told(plain(&row.word, &row.detail)),
        },
        NoticeKind::Failed => told(plain(&row.word, &row.detail)),
        NoticeKind::Stopped => told(plain(
            &row.word,
            match session.end {
                Some(SessionEnd::MidTurn) => "ended in the middle of a turn",
                _ => "killed or crashed",
            },
        )),
    }
}

/// The whole request as a text, if that fits and hides nothing.
fn full_request(session: &Session, row: &Row, card: &Card) -> Option<String> {
    if card.unseen.is_some() || card.kind != RequestKind::Permission || !card.questions.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = Vec::new();
    let mut label = None;
    for line in &card.lines {
        let mark = match line.mark {
            LineMark::Plain => "",
            LineMark::Added => "+ ",
            LineMark::Removed => "- ",
            LineMark::Label => {
                lines.extend(label.replace(format!("{}:", line.text)));
                continue;
            }
        };
        // A label stands on the line of what it names.
        let named = label.take().map(|label| format!("{label} "));
        lines.push(format!("{}{mark}{}", named.unwrap_or_default(), line.text));
    }
    lines.extend(label);
    let text = lines.join("\n");
    let fits = text.chars().count() <= MAX_REQUEST_CHARS_AND_LINES.0
        && text.lines().count() <= MAX_REQUEST_CHARS_AND_LINES.1;
    // A text with invisible or right-to-left characters would not be shown as it is.
    let is_seen = |line: &String| replace_hidden_chars(line) == *line && !has_right_to_left(line);
    let seen = !lines.is_empty() && lines.iter().all(is_seen);
    let asked = session.requests.iter().find(|r| r.id == card.request);
    let agent = asked.and_then(|r| r.agent.as_deref());
    let by = agent.map_or_else(String::new, |agent| {
        format!(" (for {})", replace_hidden_chars(agent))
    });
    let head = cut(
        &format!("{} · {}{by}", row.word, card.title),
        MAX_BODY_CHARS,
    );
    (fits && seen).then(|| format!("{head}\n{text}"))
}

/// The notice that several sessions share.
pub(super) fn group_notice<'a>(
    told: &[(SessionId, NoticeKind)],
    title: impl Fn(SessionId) -> &'a str,
) -> Notice {
    let count = |kind: NoticeKind| told.iter().filter(|(_, k)| *k == kind).count();
    let all = [
        (NoticeKind::Needs, "needs you", "need you"),
        (NoticeKind::Failed, "failed", "failed"),
        (NoticeKind::Stopped, "stopped", "stopped"),
        (NoticeKind::Finished, "finished", "finished"),
    ];
    let mut parts = all
        .into_iter()
        .filter_map(|(kind, one, more)| match count(kind) {
            0 => None,
            1 => Some((kind, format!("1 session {one}"), one)),
            n => Some((kind, format!("{n} sessions {more}"), more)),
        });
    let (kind, mut head) = parts
        .next()
        .map_or((NoticeKind::Finished, String::new()), |(kind, text, _)| {
            (kind, text)
        });
    for (kind, _, word) in parts {
        head = format!("{head} · {} {word}", count(kind));
    }
    let names: Vec<String> = told
        .iter()
        .take(MAX_NAMED_SESSIONS)
        .map(|(id, _)| cut(title(*id), MAX_TITLE_CHARS / 2))
        .collect();
    let mut body = names.join(", ");
    if told.len() > MAX_NAMED_SESSIONS {
        body = format!("{body} and {} more", told.len() - MAX_NAMED_SESSIONS);
    }
    Notice {
        kind,
        title: head,
        body,
        answers: None,
    }
}

fn cut(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
