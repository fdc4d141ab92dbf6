//! All rows in their order, and the difference of two boards.

mod connect;

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

/// What the popover shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// The snapshot it was drawn from.
    pub revision: u64,
    /// One line: "2 need you · 1 working".
    pub summary: String,
    /// In order: needs by age, the oldest first; then what changed last first.
    pub rows: Vec<Row>,
    /// What is wrong with the sources.
    pub health: Vec<HealthIssue>,
    /// The offer to connect the hooks; none where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectCard>,
}

/// What turns one board into the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BoardDelta {
    /// The revision it leads to.
    pub revision: u64,
    /// The new summary.
    pub summary: String,
    /// Rows that are new or different.
    pub rows: Vec<Row>,
    /// All rows, in order.
    pub order: Vec<SessionId>,
    /// What is wrong with the sources.
    pub health: Vec<HealthIssue>,
    /// The offer to connect the hooks; none where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectCard>,
}

/// What the popover is told, on the wire tagged by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
pub enum PopoverEvent {
    /// The whole board, at first and whenever a delta would not do.
    Board(Board),
    /// What has changed.
    Delta(BoardDelta),
    /// The window is shown.
    Shown {
        /// The session that was chosen, if one was: its row is to be focused.
        id: Option<SessionId>,
        /// What is to be asked, if anything is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<PopoverQuestion>,
    },
    /// The window is hidden: nothing may move until it is shown.
    Hidden,
    /// The engine cannot run; the words say why and what to do.
    Failed {
        /// In words.
        message: String,
    },
}

/// What the popover asks you.
///
/// * `Interrupt`: whether the chosen session is to be interrupted, which loses the step at work
/// * `Review`: what the chosen session asks: its card is to be opened
/// * `End`: whether the chosen session is to be ended
/// * `Kill`: whether the chosen session is to be killed, for it did not end when asked to
/// * `Connect`: whether the hooks are to be connected
/// * `Quit`: what is to become of paused sessions when the app ends
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = Ask)]
pub enum PopoverQuestion {
    /// Whether the chosen session is to be interrupted, which loses the step at work.
    Interrupt,
    /// What the chosen session asks: its card is to be opened.
    Review,
    /// Whether the chosen session is to be ended.
    End,
    /// Whether the chosen session is to be killed, for it did not end when asked to.
    Kill,
    /// Whether the hooks are to be connected.
    Connect,
    /// What is to become of paused sessions when the app ends.
    Quit,
}

/// How many rows a section has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SectionCount {
    /// Rows that need their owner.
    pub needs: usize,
    /// Rows that work.
    pub working: usize,
    /// Paused rows.
    pub paused: usize,
    /// Rows of sessions that are alive.
    pub alive: usize,
}

impl Board {
    /// Draws a snapshot. `home` is shown as `~`.
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
        }
    }

    /// The sessions whose button satisfies a rule, in their order.
    pub fn acting(&self, may: fn(&RowAction) -> bool) -> Vec<SessionId> {
        let rows = self.rows.iter();
        rows.filter(|r| r.action.as_ref().is_some_and(may))
            .map(|r| r.id)
            .collect()
    }

    /// What leads from `before` to this board.
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
        }
    }

    /// This board after `delta`.
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
        }
    }
}

impl SectionCount {
    /// Counts rows.
    pub fn from_rows(rows: &[Row]) -> Self {
        let count = |rule: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| rule(r)).count();
        Self {
            needs: count(&|r| r.section == BoardSection::NeedsYou),
            working: count(&|r| r.section == BoardSection::Working),
            paused: count(&|r| r.tone == StatusTone::Paused),
            alive: count(&|r| r.tone != StatusTone::Stopped),
        }
    }

    /// "2 need you · 1 working", or what else is true.
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

/// Messages quote others.
fn printable_issue(health: &HealthIssue) -> HealthIssue {
    HealthIssue {
        subject: replace_hidden_chars(&health.subject),
        message: replace_hidden_chars(&health.message),
        ..health.clone()
    }
}

/// Rows of one title get the tmux session, the client's own name, or the pid behind it.
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
