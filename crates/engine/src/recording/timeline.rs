//! Replaying: the same observations into a fleet of its own, which is woken when it asks to be.

use super::{ParsedRecording, REDACTED_HOME, RecordingLine, RecordingMark};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use trusty_fleet::change::{self, SessionChange};
use trusty_fleet::view::Row;
use trusty_fleet::{Fleet, Session, SessionId, Snapshot, Timestamp};

/// The most wake-ups between two lines: a verdict changes by time alone a few times at most.
const MAX_WAKE_UPS: usize = 1000;

/// A snapshot with news.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineMoment {
    /// When it was published.
    pub at: Timestamp,
    /// What was.
    pub snapshot: Arc<Snapshot>,
    /// What is different from the moment before.
    pub changes: Vec<SessionChange>,
}

/// Replays a recording. What a live engine learns at one time, and all of its first look, is
/// shown at once, as it was then.
pub fn timeline(log: &ParsedRecording) -> Vec<TimelineMoment> {
    let mut replay = FleetReplay {
        fleet: Fleet::new(log.header.machine.clone()),
        now: Timestamp::from_nanos(i64::MIN),
        known: Arc::default(),
        moments: Vec::new(),
    };
    let first = |line: &RecordingLine| {
        matches!(
            line,
            RecordingLine::Mark {
                mark: RecordingMark::FirstScan,
                ..
            }
        )
    };
    // A recording that ended within its first look shows what was seen until then.
    let until = log.lines.iter().position(first).unwrap_or(log.lines.len());
    let (look, rest) = log.lines.split_at(until);
    for line in look {
        replay.apply_line(line);
    }
    if let Some(line) = rest.first() {
        replay.apply_line(line);
    }
    if !log.lines.is_empty() {
        replay.publish();
    }
    let rest = rest.get(1..).unwrap_or_default();
    for together in rest.chunk_by(|a, b| a.at() == b.at()) {
        replay.wait(together[0].at());
        for line in together {
            replay.apply_line(line);
        }
        replay.publish();
    }
    replay.moments
}

impl RecordingLine {
    fn at(&self) -> Timestamp {
        match self {
            Self::Observed(observation) => observation.at,
            Self::Mark { at, .. } => *at,
        }
    }
}

struct FleetReplay {
    fleet: Fleet,
    now: Timestamp,
    known: Arc<Snapshot>,
    moments: Vec<TimelineMoment>,
}

impl FleetReplay {
    /// Lets time pass, as the engine's loop does.
    fn wait(&mut self, until: Timestamp) {
        for _ in 0..MAX_WAKE_UPS {
            let Some((due, _reason)) = self.fleet.poll_timeout(self.now) else {
                break;
            };
            let woken = due.after(Duration::from_millis(1));
            if due <= self.now || woken >= until {
                break;
            }
            self.now = woken;
            self.publish();
        }
    }

    fn apply_line(&mut self, line: &RecordingLine) {
        self.now = self.now.max(line.at());
        if let RecordingLine::Observed(observation) = line {
            self.fleet.handle_observation(observation.clone());
        }
    }

    fn publish(&mut self) {
        self.fleet.prune(self.now);
        let mut snapshot = self.fleet.snapshot(self.now);
        if self.known.revision > 0 && !change::is_news(&self.known, &snapshot) {
            return;
        }
        snapshot.revision = self.known.revision + 1;
        let changes = change::diff_snapshots(&self.known, &snapshot);
        self.known = Arc::new(snapshot);
        self.moments.push(TimelineMoment {
            at: self.now,
            snapshot: Arc::clone(&self.known),
            changes,
        });
    }
}

/// A change of a session, as a line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Since the recording was begun.
    pub after: Duration,
    /// Whose.
    pub id: SessionId,
    /// Its title.
    pub title: String,
    /// Its status word.
    pub word: String,
    /// The rest of its second line.
    pub detail: String,
    /// In words that fit "because …".
    pub because: String,
}

impl fmt::Display for TimelineEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.to_string();
        let (seconds, millis) = (self.after.as_secs(), self.after.subsec_millis());
        write!(
            f,
            "{seconds:>6}.{millis:03}  {}  {}  {}",
            id.get(..8).unwrap_or_default(),
            self.title,
            self.word
        )?;
        if !self.detail.is_empty() {
            write!(f, "  {}", self.detail)?;
        }
        if !self.because.is_empty() {
            write!(f, "  because {}", self.because)?;
        }
        Ok(())
    }
}

/// What there is to tell of a replay: one line for each change of a session that can be seen.
pub fn describe_timeline(log: &ParsedRecording, moments: &[TimelineMoment]) -> Vec<TimelineEntry> {
    let home = log.header.redacted.then_some(Path::new(REDACTED_HOME));
    let mut last: BTreeMap<SessionId, TimelineEntry> = BTreeMap::new();
    let mut story = Vec::new();
    for moment in moments {
        let after = moment.at.since(log.header.recorded_at);
        for change in &moment.changes {
            let told = match change {
                SessionChange::Appeared(session)
                | SessionChange::Changed { after: session, .. } => {
                    session_entry(session, home, after)
                }
                SessionChange::Gone(id) => gone_entry(*id, last.get(id), after),
            };
            let known = last.insert(told.id, told.clone());
            if known.is_none_or(|known| TimelineEntry { after, ..known } != told) {
                story.push(told);
            }
        }
    }
    story
}

fn session_entry(session: &Session, home: Option<&Path>, after: Duration) -> TimelineEntry {
    let row = Row::from_session(session, home);
    let doubt = if row.inferred { "?" } else { "" };
    // The row's reason begins with its word.
    let because = row.why.split_once(": ").map_or("", |(_, text)| text);
    TimelineEntry {
        after,
        id: row.id,
        because: because.to_owned(),
        detail: match (row.badge_text(), row.detail.as_str()) {
            (None, detail) => detail.to_owned(),
            (Some(aside), "") => aside,
            (Some(aside), detail) => format!("{aside} · {detail}"),
        },
        title: row.title,
        word: row.word + doubt,
    }
}

fn gone_entry(id: SessionId, last: Option<&TimelineEntry>, after: Duration) -> TimelineEntry {
    TimelineEntry {
        after,
        id,
        title: last.map_or_else(String::new, |t| t.title.clone()),
        word: "Gone".to_owned(),
        detail: String::new(),
        because: String::new(),
    }
}
