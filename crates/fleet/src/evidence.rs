//! The newest fact of every source, filed under what each is about.
//!
//! Filing does not depend on the order in which facts arrive: the newer fact wins, ties are broken
//! by content, and of points in time the smallest or largest is kept.

mod hooks;
mod process;
mod requests;
mod value_runs;

pub use hooks::HookEvidence;
pub use process::{KnownProcess, ProcessEvidence};
pub use requests::{FiledRequest, FiledRequests};
pub use value_runs::{ValueHistory, ValueRun};

use crate::given_answer::GivenAnswer;
use crate::identity::SessionId;
use crate::observation::{
    ActionProgress, ControlPreferences, Fact, FocusEvent, FolderFacts, HealthKey, HookInstall,
    HookMarks, ListedSession, Observation, RegistryEntry, RegistryFile, ScreenReading, TmuxPane,
    TranscriptFacts, TranscriptKey,
};
use crate::pause::{Gate, PauseRecord};
use crate::terminal::PaneKey;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A value, and when it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedValue<T> {
    /// When the value was seen.
    pub at: Timestamp,
    /// The value.
    pub value: T,
}

/// What is known about one registry file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileEvidence {
    /// The content of the file, over time. Entries of an earlier process with the same pid differ
    /// in their `proc_start`.
    pub entries: ValueHistory<RegistryEntry>,
    /// When the file was last known to be missing.
    pub gone_at: Option<Timestamp>,
}

/// All facts on file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// The processes.
    pub processes: ProcessEvidence,
    /// The registry files.
    pub files: BTreeMap<RegistryFile, FileEvidence>,
    /// The config folders that are scanned.
    pub folders: BTreeMap<PathBuf, DatedValue<FolderFacts>>,
    /// When each peer socket was last seen.
    pub keys: BTreeMap<RegistryFile, Timestamp>,
    /// The panes of each tmux server.
    pub servers: BTreeMap<PathBuf, DatedValue<Vec<TmuxPane>>>,
    /// Whether any tmux client showed a session of a tmux server, over time.
    pub shown: BTreeMap<(PathBuf, String), ValueHistory<bool>>,
    /// What each transcript says as a whole; `None` for one that is gone.
    pub transcripts: BTreeMap<TranscriptKey, DatedValue<Option<TranscriptFacts>>>,
    /// What each pane showed, over time.
    pub screens: BTreeMap<PaneKey, ValueHistory<ScreenReading>>,
    /// What Claude Code's own list said of a pid, by config folder, over time.
    pub lists: BTreeMap<(PathBuf, u32), ValueHistory<ListedSession>>,
    /// The events that hooks reported, by Claude Code's own session id.
    pub hooks: BTreeMap<String, HookEvidence>,
    /// The pause records; `None` for a pause that is over.
    pub pauses: BTreeMap<SessionId, DatedValue<Option<PauseRecord>>>,
    /// The hooks that wait for the end of a pause.
    pub gates: BTreeMap<SessionId, DatedValue<Vec<Gate>>>,
    /// When the waiting hooks of a session were last reported, even if none waited any more.
    pub gates_told_at: BTreeMap<SessionId, Timestamp>,
    /// The sessions that hooks have marked.
    pub hook_marks: Option<DatedValue<HookMarks>>,
    /// The state of the hooks in each config folder.
    pub connections: BTreeMap<PathBuf, DatedValue<HookInstall>>,
    /// Requests that hooks held, and how each hold ended, by session.
    pub requests: BTreeMap<SessionId, FiledRequests>,
    /// The newest answer from Trusty Bar that Claude Code accepted, by session.
    pub answers: BTreeMap<SessionId, DatedValue<GivenAnswer>>,
    /// How far the newest action on a session has come.
    pub acts: BTreeMap<SessionId, DatedValue<ActionProgress>>,
    /// The user's preferences for pauses and requests.
    pub preferences: Option<DatedValue<ControlPreferences>>,
    /// How far the wall clock is ahead of the engine's clock, in nanoseconds.
    pub wall_clock: Option<DatedValue<i64>>,
    /// The problem of each source and subject, or that there is none, over time.
    pub health: BTreeMap<HealthKey, ValueHistory<Option<String>>>,
    /// When the popover was last shown or closed.
    pub popover_at: Option<Timestamp>,
    /// When a session's terminal was last focused.
    pub focused_at: BTreeMap<SessionId, Timestamp>,
}

fn set_if_later(slot: &mut Option<Timestamp>, at: Timestamp) {
    *slot = (*slot).max(Some(at));
}

fn newer<T: PartialOrd>(slot: &mut Option<DatedValue<T>>, new: DatedValue<T>) {
    let is_newer = |old: &DatedValue<T>| (new.at, &new.value) > (old.at, &old.value);
    if slot.as_ref().is_none_or(is_newer) {
        *slot = Some(new);
    }
}

fn file_newer<K: Ord, T: PartialOrd>(
    map: &mut BTreeMap<K, DatedValue<T>>,
    key: K,
    new: DatedValue<T>,
) {
    match map.entry(key) {
        std::collections::btree_map::Entry::Vacant(slot) => {
            slot.insert(new);
        }
        std::collections::btree_map::Entry::Occupied(mut slot) => {
            let old = slot.get();
            if (new.at, &new.value) > (old.at, &old.value) {
                slot.insert(new);
            }
        }
    }
}

/// The most sessions whose hook events are kept: any program can report events of any session.
const MAX_HOOKED_SESSIONS: usize = 512;

impl Evidence {
    /// Drops the events of the session whose hooks reported longest ago. A session that a registry
    /// file names is dropped only where files name all of them.
    fn bound_hooks(&mut self) {
        if self.hooks.len() <= MAX_HOOKED_SESSIONS {
            return;
        }
        let newest = self.files.values().filter_map(|f| {
            let (at, entry) = f.entries.newest()?;
            (Some(at) > f.gone_at).then_some(entry)
        });
        let named: BTreeSet<&str> = newest.filter_map(|e| e.session_id.as_deref()).collect();
        let rank = |id: &str, told: &HookEvidence| (named.contains(id), told.newest_at());
        let quietest = self.hooks.iter().min_by_key(|(id, h)| (rank(id, h), *id));
        if let Some(id) = quietest.map(|(id, _)| id.clone()) {
            self.hooks.remove(&id);
        }
    }

    /// Files one fact.
    pub fn file_observation(&mut self, observation: Observation) {
        let at = observation.at;
        match observation.fact {
            Fact::Registry(file, entry) => {
                self.files
                    .entry(file)
                    .or_default()
                    .entries
                    .insert(at, *entry);
            }
            Fact::RegistryGone(file) => {
                set_if_later(&mut self.files.entry(file).or_default().gone_at, at);
            }
            Fact::RegistryKey(file) => {
                let seen = self.keys.entry(file).or_insert(at);
                *seen = at.max(*seen);
            }
            Fact::ConfigFolder(dir, value) => {
                file_newer(&mut self.folders, dir, DatedValue { at, value });
            }
            Fact::Process(facts) => self.processes.describe(at, *facts),
            Fact::ProcessSamples(pulses) => {
                for pulse in pulses {
                    self.processes.record_sample(at, pulse);
                }
            }
            Fact::ProcessExited(key) => self.processes.note_exit(at, key),
            Fact::ProcessAbsent(pid) => self.processes.note_absence(at, pid),
            Fact::Panes(server, panes) => {
                for pane in &panes {
                    let session = (server.clone(), pane.session.clone());
                    self.shown
                        .entry(session)
                        .or_default()
                        .insert(at, pane.clients > 0);
                }
                file_newer(&mut self.servers, server, DatedValue { at, value: panes });
            }
            Fact::Transcript(key, transcript) => {
                let value = Some(*transcript);
                file_newer(&mut self.transcripts, key, DatedValue { at, value });
            }
            Fact::TranscriptGone(key) => {
                file_newer(&mut self.transcripts, key, DatedValue { at, value: None });
            }
            Fact::Screen(pane, screen) => {
                self.screens.entry(pane).or_default().insert(at, screen);
            }
            Fact::Listed(dir, all) => {
                for one in all {
                    let key = (dir.clone(), one.pid);
                    self.lists.entry(key).or_default().insert(at, one);
                }
            }
            Fact::Hook(event) => {
                let told = self.hooks.entry(event.session_id.clone()).or_default();
                told.insert(at, *event);
                self.bound_hooks();
            }
            Fact::Pause(id, record) => {
                let value = Some(*record);
                file_newer(&mut self.pauses, id, DatedValue { at, value });
            }
            Fact::PauseGone(id) => file_newer(&mut self.pauses, id, DatedValue { at, value: None }),
            Fact::Gates(id, value) => {
                let told = self.gates_told_at.entry(id).or_insert(at);
                *told = at.max(*told);
                file_newer(&mut self.gates, id, DatedValue { at, value });
            }
            Fact::HookMarks(value) => newer(&mut self.hook_marks, DatedValue { at, value }),
            Fact::HookInstall(dir, value) => {
                file_newer(&mut self.connections, dir, DatedValue { at, value });
            }
            Fact::RequestHeld(id, asking) => self
                .requests
                .entry(id)
                .or_default()
                .file_request(at, *asking),
            Fact::RequestEnded(id, request, over) => {
                self.requests
                    .entry(id)
                    .or_default()
                    .record_outcome(at, request, over);
            }
            Fact::Answered(id, given) => {
                file_newer(&mut self.answers, id, DatedValue { at, value: *given });
            }
            Fact::ActionProgress(id, value) => {
                file_newer(&mut self.acts, id, DatedValue { at, value });
            }
            Fact::Preferences(value) => newer(&mut self.preferences, DatedValue { at, value }),
            Fact::WallClock(value) => newer(&mut self.wall_clock, DatedValue { at, value }),
            Fact::Health(key, problem) => {
                self.health.entry(key).or_default().insert(at, problem);
            }
            Fact::Attention(FocusEvent::Popover) => set_if_later(&mut self.popover_at, at),
            Fact::Attention(FocusEvent::Terminal(id)) => {
                let seen = self.focused_at.entry(id).or_insert(at);
                *seen = at.max(*seen);
            }
        }
    }
}
