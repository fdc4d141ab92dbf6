//! Conversion of times that Claude Code wrote by the wall clock to the engine's clock.

use super::{DatedText, Fact, HookMarks, RegistryEntry, ToolCall, TranscriptFacts};
use crate::pause::Gate;
use crate::time::{Timestamp, WallClock};

impl Fact {
    /// The fact, observed at `now`, with the times of its author converted from the wall clock to
    /// the engine's clock.
    #[must_use]
    pub fn dated_by(self, clock: &WallClock, now: Timestamp) -> Self {
        let back = |at: Timestamp| clock.from_wall_time(at, now);
        match self {
            Self::Registry(file, entry) => Self::Registry(file, Box::new(entry_back(*entry, back))),
            Self::Transcript(key, transcript) => {
                Self::Transcript(key, Box::new(transcript_back(*transcript, back)))
            }
            Self::Pause(id, mut record) => {
                record.since = back(record.since.into()).into();
                Self::Pause(id, record)
            }
            Self::Gates(id, gates) => {
                let moved = gates.into_iter().map(|gate| Gate {
                    since: gate.since.map(|at| back(at.into()).into()),
                    ..gate
                });
                Self::Gates(id, moved.collect())
            }
            Self::HookMarks(marks) => Self::HookMarks(HookMarks {
                since: marks.since.map(back),
                ..marks
            }),
            other => other,
        }
    }
}

fn entry_back(entry: RegistryEntry, back: impl Fn(Timestamp) -> Timestamp) -> RegistryEntry {
    RegistryEntry {
        started_at: entry.started_at.map(&back),
        status_updated_at: entry.status_updated_at.map(&back),
        ..entry
    }
}

fn transcript_back(
    mut said: TranscriptFacts,
    back: impl Fn(Timestamp) -> Timestamp,
) -> TranscriptFacts {
    let text = |said: Option<DatedText>| {
        said.map(|s| DatedText {
            at: back(s.at),
            ..s
        })
    };
    let calls = |calls: &mut Vec<ToolCall>| {
        for call in calls {
            call.at = back(call.at);
        }
    };
    said.turn_at = said.turn_at.map(&back);
    said.newest_at = said.newest_at.map(&back);
    said.prompt = text(said.prompt);
    said.error = text(said.error);
    calls(&mut said.calls);
    if let Some(end) = &mut said.end {
        end.at = back(end.at);
    }
    if let Some(retry) = &mut said.retry {
        retry.at = back(retry.at);
        retry.next_at = retry.next_at.map(&back);
    }
    for agent in &mut said.delegations {
        agent.at = back(agent.at);
        calls(&mut agent.calls);
    }
    said
}
