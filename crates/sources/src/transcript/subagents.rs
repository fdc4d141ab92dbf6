//! The sub-agents of a session: `<session id>/subagents/agent-<id>.meta.json` says what each is
//! to do and whether it has ended, `agent-<id>.jsonl` what it does.

use super::problems::TranscriptProblems;
use super::turn_tracker::TurnTracker;
use crate::text::line;
use crate::transcript_record::{ConversationChain, decode};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};
use trusty_fleet::Timestamp;
use trusty_fleet::observation::SubagentFacts;
use trusty_platform::clock;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::tail::{FileTail, TailEvent};
use trusty_platform::trusted_path::check_folder;

/// Sub-agents followed at a time; of more, the newest.
const MAX_FOLLOWED_SUBAGENTS: usize = 64;
/// Sub-agents looked at, running or not; of more, the newest.
const MAX_KNOWN_SUBAGENTS: usize = 4096;
/// A description holds well under 1 KiB.
const MAX_DESCRIPTION_BYTES: u64 = 64 * 1024;
/// A transcript's first record lies within.
const TRANSCRIPT_HEAD_BYTES: u64 = 16 * 1024;
/// The longest text kept of a description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// What its description says of a sub-agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubagentDescription {
    /// `general-purpose`, …
    pub agent_type: Option<String>,
    /// What it is to do.
    pub description: Option<String>,
    /// 1 for one of the main agent.
    pub depth: u32,
    /// Finished, or stopped by the user. Goes when the sub-agent is sent another message.
    pub ended: bool,
}

/// Reads a description. Total, like all that reads what is internal to the client.
pub fn decode_about(bytes: &[u8]) -> Option<SubagentDescription> {
    let Value::Object(fields) = serde_json::from_slice(bytes).ok()? else {
        return None;
    };
    let is = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    let text = |name: &str| line(fields.get(name)?.as_str()?, MAX_DESCRIPTION_CHARS);
    let depth = fields.get("spawnDepth").and_then(Value::as_u64);
    Some(SubagentDescription {
        agent_type: text("agentType"),
        description: text("description"),
        depth: depth
            .and_then(|d| u32::try_from(d).ok())
            .unwrap_or(1)
            .max(1),
        ended: is("finished") || is("stoppedByUser"),
    })
}

/// Tells a changed description from one already read: it is replaced as a whole.
type DescriptionStamp = (u64, u64, Option<SystemTime>);

fn description_stamp(meta: &fs::Metadata) -> DescriptionStamp {
    (meta.ino(), meta.len(), meta.modified().ok())
}

#[derive(Debug)]
struct KnownSubagent {
    stamp: DescriptionStamp,
    /// Only of those that have not ended.
    running: Option<Box<RunningSubagent>>,
}

#[derive(Debug)]
struct RunningSubagent {
    about: SubagentDescription,
    tail: FileTail,
    story: TurnTracker,
    began_at: Option<Timestamp>,
}

/// What is known of the sub-agents of one session.
#[derive(Debug, Default)]
pub(super) struct SubagentTracker {
    known: BTreeMap<String, KnownSubagent>,
}

impl SubagentTracker {
    /// The folder in which a transcript's sub-agents are.
    pub(super) fn folder(transcript: &Path) -> PathBuf {
        transcript.with_extension("").join("subagents")
    }

    /// Looks at all of them.
    pub(super) fn scan_folder(&mut self, folder: &Path, trouble: &mut TranscriptProblems) {
        match check_folder(folder) {
            Err(refusal) if refusal.is_distrust() => {
                self.known.clear();
                return trouble.note_failure(folder, FileReadError::from(refusal).to_string());
            }
            _ => {}
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                trouble.note_recovery(folder);
                self.known.clear();
                return;
            }
            Err(e) => {
                return trouble.note_failure(folder, format!("could not list the folder: {e}"));
            }
        };
        trouble.note_recovery(folder);
        let names = entries.flatten().map(|e| e.path());
        let mut there: Vec<(String, DescriptionStamp)> = names
            .filter_map(|path| Some((described(&path)?.to_owned(), path)))
            .filter_map(|(id, path)| Some((id, description_stamp(&path.symlink_metadata().ok()?))))
            .collect();
        there.sort_by_key(|(_, (_, _, modified))| Reverse(*modified));
        there.truncate(MAX_KNOWN_SUBAGENTS);
        let ids: BTreeSet<&String> = there.iter().map(|(id, _)| id).collect();
        self.known.retain(|id, _| ids.contains(id));
        for (id, stamp) in there {
            self.read_description(folder, &id, stamp);
        }
        for (id, agent) in &mut self.known {
            agent.read(folder, id, trouble);
        }
    }

    /// Looks at the one whose file was noticed to change.
    pub(super) fn notice(&mut self, path: &Path, trouble: &mut TranscriptProblems) {
        let Some(folder) = path.parent() else {
            return;
        };
        if let Some(id) = described(path) {
            match path.symlink_metadata() {
                Ok(meta) => self.read_description(folder, id, description_stamp(&meta)),
                Err(_) => drop(self.known.remove(id)),
            }
        }
        let id = described(path).or_else(|| agent_of_path(path));
        if let Some((id, agent)) = id.and_then(|id| Some((id, self.known.get_mut(id)?))) {
            agent.read(folder, id, trouble);
        }
    }

    /// Reads a description, unless it is as it was.
    fn read_description(&mut self, folder: &Path, id: &str, stamp: DescriptionStamp) {
        if self.known.get(id).is_some_and(|a| a.stamp == stamp) {
            return;
        }
        let path = folder.join(format!("agent-{id}.meta.json"));
        let about = files::read_bounded(&path, MAX_DESCRIPTION_BYTES)
            .ok()
            .and_then(|bytes| decode_about(&bytes));
        let before = self.known.remove(id).and_then(|a| a.running);
        let running = about.filter(|a| !a.ended).map(|about| {
            let mut running = before.unwrap_or_else(|| Box::new(RunningSubagent::new(stamp)));
            running.about = about;
            running
        });
        self.known
            .insert(id.to_owned(), KnownSubagent { stamp, running });
        let followed = self.known.values().filter(|a| a.running.is_some());
        if followed.count() > MAX_FOLLOWED_SUBAGENTS {
            // One that never ended, because its session did, must hide no new one.
            let all = self.known.values_mut();
            let least = all
                .filter(|a| a.running.is_some())
                .min_by_key(|a| a.sign_of_life());
            if let Some(least) = least {
                least.running = None;
            }
        }
    }

    /// Those that have not ended, oldest first. `ended_at` tells when the main agent was told that
    /// one has.
    pub(super) fn delegations(
        &self,
        ended_at: impl Fn(&str) -> Option<Timestamp>,
    ) -> Vec<SubagentFacts> {
        let mut all: Vec<SubagentFacts> = self
            .running_agents(ended_at)
            .map(|(id, running)| SubagentFacts {
                agent_id: id.clone(),
                agent_type: running.about.agent_type.clone(),
                description: running.about.description.clone(),
                at: running.began_at.unwrap_or_default(),
                depth: running.about.depth,
                calls: running.story.transcript().calls,
            })
            .collect();
        all.sort_by(|a, b| (a.at, &a.agent_id).cmp(&(b.at, &b.agent_id)));
        all
    }

    /// The calls of those that have not ended that had their results last.
    pub(super) fn results(
        &self,
        ended_at: impl Fn(&str) -> Option<Timestamp>,
    ) -> impl Iterator<Item = String> {
        self.running_agents(ended_at)
            .flat_map(|(_, running)| running.story.newest_results())
    }

    fn running_agents(
        &self,
        ended_at: impl Fn(&str) -> Option<Timestamp>,
    ) -> impl Iterator<Item = (&String, &RunningSubagent)> {
        self.known
            .iter()
            .filter_map(|(id, agent)| Some((id, agent.running.as_deref()?)))
            .filter(move |(id, running)| {
                let told = ended_at(id).is_some_and(|at| Some(at) >= running.story.newest_at());
                !told && !running.story.is_over()
            })
    }
}

impl RunningSubagent {
    fn new((_, _, modified): DescriptionStamp) -> Self {
        Self {
            about: SubagentDescription::default(),
            tail: FileTail::default(),
            story: TurnTracker::default(),
            // Until it writes something itself: its description is made with it.
            began_at: modified.map(Timestamp::from),
        }
    }
}

impl KnownSubagent {
    /// Whether it still has work, and when it last showed.
    fn sign_of_life(&self) -> (bool, Option<Timestamp>) {
        let (_, _, modified) = self.stamp;
        let story = self.running.as_ref().map(|r| &r.story);
        let told_at = story.and_then(TurnTracker::newest_at);
        let works = story.is_some_and(|s| !s.is_over());
        (works, told_at.max(modified.map(Timestamp::from)))
    }

    fn read(&mut self, folder: &Path, id: &str, trouble: &mut TranscriptProblems) {
        let path = folder.join(format!("agent-{id}.jsonl"));
        let Some(running) = &mut self.running else {
            return trouble.note_recovery(&path);
        };
        let now = Timestamp::from(clock::wall());
        let story = &mut running.story;
        let first = story.oldest_at().is_none();
        let read = running.tail.read(&path, |piece| match piece {
            TailEvent::Restarted => *story = TurnTracker::default(),
            TailEvent::Line(line) => {
                if let Some(record) = decode(line) {
                    story.apply_record(record, ConversationChain::Side, now);
                }
            }
        });
        match read {
            Ok(()) => trouble.note_recovery(&path),
            // It is made at the first record.
            Err(FileReadError::Gone) => return trouble.note_recovery(&path),
            Err(e) => return trouble.note_failure(&path, e.to_string()),
        }
        if first && running.story.oldest_at().is_some() {
            running.began_at = began(&path).or(running.story.oldest_at());
        }
    }
}

/// When the first record of a transcript was made.
fn began(path: &Path) -> Option<Timestamp> {
    let head = files::read_head(path, TRANSCRIPT_HEAD_BYTES).ok()?;
    let lines = head.split(|b| *b == b'\n');
    lines.filter_map(|l| decode(l)?.at).min()
}

/// The sub-agent a description is of.
fn described(path: &Path) -> Option<&str> {
    name(path, ".meta.json")
}

/// The sub-agent a transcript is of.
fn agent_of_path(path: &Path) -> Option<&str> {
    name(path, ".jsonl")
}

fn name<'a>(path: &'a Path, ending: &str) -> Option<&'a str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("agent-")?.strip_suffix(ending)
}

#[cfg(test)]
mod tests;
