//! The board: all rows in order, and the difference between two boards.

mod app_note;
mod connect;

pub use app_note::AppNote;
pub use connect::ConnectCard;

use crate::identity::SessionId;
use crate::row::{BoardSection, Row, RowAction, StatusTone};
use crate::snapshot::{HealthIssue, Snapshot};
use crate::text::replace_hidden_chars;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use utoipa::ToSchema;

/// Everything that the popover draws from one snapshot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// The revision of the snapshot that the board was drawn from.
    pub revision: u64,
    /// One line, such as "2 need you · 1 working".
    pub summary: String,
    /// The rows in order: those that need the user, the longest wait first; then the other
    /// sections, the latest change of each first.
    pub rows: Vec<Row>,
    /// What is wrong with the sources.
    pub health: Vec<HealthIssue>,
    /// The offer to connect hooks; none where all are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectCard>,
    /// What the app itself has to say, such as why notifications are off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<AppNote>,
}

/// What turns one board into the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BoardDelta {
    /// The revision of the next board.
    pub revision: u64,
    /// The summary of the next board.
    pub summary: String,
    /// The rows that are new or different.
    pub rows: Vec<Row>,
    /// The ids of all rows, in order.
    pub order: Vec<SessionId>,
    /// What is wrong with the sources.
    pub health: Vec<HealthIssue>,
    /// The offer to connect hooks; none where all are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectCard>,
    /// What the app itself has to say, such as why notifications are off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<AppNote>,
}

/// A message to the popover, tagged on the wire by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
pub enum PopoverEvent {
    /// The whole board: the first message, and whenever a delta does not suffice.
    Board(Board),
    /// What has changed since the last board.
    Delta(BoardDelta),
    /// The window is shown.
    Shown {
        /// The session whose row is to be focused, if one was chosen.
        id: Option<SessionId>,
        /// The question to ask the user, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<PopoverQuestion>,
    },
    /// The window is hidden; animations stop until it is shown.
    Hidden,
    /// The engine cannot run.
    Failed {
        /// Why, and what to do.
        message: String,
    },
}

/// What the popover asks the user.
///
/// * `Interrupt`: whether to interrupt the chosen session, which loses the current step
/// * `Review`: for an answer to the chosen session's request, whose card opens
/// * `End`: whether to end the chosen session
/// * `Kill`: whether to kill the chosen session, which did not end on request
/// * `Connect`: whether to connect the hooks
/// * `Quit`: what happens to paused sessions when the app quits
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = Ask)]
pub enum PopoverQuestion {
    /// Whether to interrupt the chosen session, which loses the current step.
    Interrupt,
    /// For an answer to the chosen session's request, whose card opens.
    Review,
    /// Whether to end the chosen session.
    End,
    /// Whether to kill the chosen session, which did not end on request.
    Kill,
    /// Whether to connect the hooks.
    Connect,
    /// What happens to paused sessions when the app quits.
    Quit,
}

/// How many rows are in each section or state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SectionCount {
    /// Rows that need the user.
    pub needs: usize,
    /// Rows of working sessions.
    pub working: usize,
    /// Rows of paused sessions.
    pub paused: usize,
    /// Rows of sessions that have not ended.
    pub alive: usize,
}

impl Board {
    /// Draws a snapshot; `home` is shown as `~`.
    pub fn from_snapshot(snapshot: &Snapshot, home: Option<&Path>) -> Self {
        let mut rows: Vec<Row> = snapshot
            .sessions
            .iter()
            .map(|s| Row::from_session(s, home))
            .collect();
        tell_apart(&mut rows, snapshot);
        rows.sort_by(|a, b| {
            let within = match a.section {
                BoardSection::NeedsYou => a.since.cmp(&b.since),
                _ => Reverse(a.since).cmp(&Reverse(b.since)),
            };
            a.section.cmp(&b.section).then(within).then(a.id.cmp(&b.id))
        });
        let summary = SectionCount::from_rows(&rows).summary();
        Self {
            revision: snapshot.revision,
            summary,
            rows,
            health: snapshot.health.iter().map(printable_issue).collect(),
            connect: ConnectCard::from_hooks(&snapshot.connections, home),
            notes: Vec::new(),
        }
    }

    /// The board with what the app itself has to say.
    #[must_use]
    pub fn with_notes(self, notes: Vec<AppNote>) -> Self {
        Self { notes, ..self }
    }

    /// The sessions whose action satisfies `may`, in the order of the rows.
    pub fn acting(&self, may: fn(&RowAction) -> bool) -> Vec<SessionId> {
        let rows = self.rows.iter();
        rows.filter(|r| r.action.as_ref().is_some_and(may))
            .map(|r| r.id)
            .collect()
    }

    /// The delta from `before` to this board.
    pub fn delta_from(&self, before: &Self) -> BoardDelta {
        let old: BTreeMap<SessionId, &Row> = before.rows.iter().map(|r| (r.id, r)).collect();
        BoardDelta {
            revision: self.revision,
            summary: self.summary.clone(),
            rows: self
                .rows
                .iter()
                .filter(|r| old.get(&r.id) != Some(r))
                .cloned()
                .collect(),
            order: self.rows.iter().map(|r| r.id).collect(),
            health: self.health.clone(),
            connect: self.connect.clone(),
            notes: self.notes.clone(),
        }
    }

    /// The board that `delta` turns this one into.
    #[must_use]
    pub fn apply(&self, delta: &BoardDelta) -> Self {
        let mut known: BTreeMap<SessionId, Row> = self
            .rows
            .iter()
            .chain(&delta.rows)
            .map(|r| (r.id, r.clone()))
            .collect();
        Self {
            revision: delta.revision,
            summary: delta.summary.clone(),
            rows: delta
                .order
                .iter()
                .filter_map(|id| known.remove(id))
                .collect(),
            health: delta.health.clone(),
            connect: delta.connect.clone(),
            notes: delta.notes.clone(),
        }
    }
}

impl SectionCount {
    /// Counts the rows.
    pub fn from_rows(rows: &[Row]) -> Self {
        let count = |rule: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| rule(r)).count();
        Self {
            needs: count(&|r| r.section == BoardSection::NeedsYou),
            working: count(&|r| r.section == BoardSection::Working),
            paused: count(&|r| r.tone == StatusTone::Paused),
            alive: count(&|r| r.tone != StatusTone::Stopped),
        }
    }

    /// "2 need you · 1 working"; without such rows, the number of sessions.
    pub fn summary(self) -> String {
        let mut parts = Vec::new();
        match self.needs {
            0 => {}
            1 => parts.push("1 needs you".to_owned()),
            n => parts.push(format!("{n} need you")),
        }
        if self.working > 0 {
            parts.push(format!("{} working", self.working));
        }
        if self.paused > 0 {
            parts.push(format!("{} paused", self.paused));
        }
        match (parts.is_empty(), self.alive) {
            (true, 0) => "No sessions".to_owned(),
            (true, 1) => "1 session, quiet".to_owned(),
            (true, n) => format!("{n} sessions, all quiet"),
            (false, _) => parts.join(" · "),
        }
    }
}

// Health messages quote files and programs, which may hold invisible characters.
fn printable_issue(health: &HealthIssue) -> HealthIssue {
    HealthIssue {
        subject: replace_hidden_chars(&health.subject),
        message: replace_hidden_chars(&health.message),
        ..health.clone()
    }
}

/// Adds to rows of the same title Claude Code's own name of the session, or else the pid.
fn tell_apart(rows: &mut [Row], snapshot: &Snapshot) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter() {
        *seen.entry(row.title.clone()).or_default() += 1;
    }
    for (row, session) in rows.iter_mut().zip(&snapshot.sessions) {
        if seen.get(&row.title).is_some_and(|n| *n > 1) {
            let own = session.claude.as_ref().and_then(|c| c.name.clone());
            let mark = own
                .or_else(|| session.pid.map(|p| p.to_string()))
                .unwrap_or_default();
            let short = mark
                .strip_prefix(&format!("{}-", row.title))
                .unwrap_or(&mark)
                .to_owned();
            let title = format!("{} ({short})", row.title);
            row.sentence = row.sentence.replacen(&row.title, &title, 1);
            row.title = title;
        }
    }
}
