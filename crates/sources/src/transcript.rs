//! Claude Code's transcripts, `<config>/projects/<folder>/<session id>.jsonl`, and those of its
//! sub-agents beside them: prompts, open tool calls, and the ends of turns. Transcripts are only
//! read, from the end, and each byte once; the whole requests to the model that they also hold are
//! skipped.

mod problems;
mod subagents;
mod transcript_search;
mod turn_tracker;

pub use subagents::{SubagentDescription, decode_about};

use super::watch::{SourceWatcher, WatchEvent, WatchedFolder};
use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use crate::transcript_record::{ConversationChain, decode};
use futures_util::FutureExt;
use problems::TranscriptProblems;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use subagents::SubagentTracker;
use tokio::sync::watch::Receiver;
use transcript_search::TranscriptSearch;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{TranscriptFacts, TranscriptKey, TranscriptSelector};
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, Timestamp};
use trusty_platform::clock;
use trusty_platform::files::FileReadError;
use trusty_platform::folder_access::FolderAccess;
use trusty_platform::tail::{FileTail, TailEvent};
use trusty_platform::trusted_path::check_folder;
use turn_tracker::TurnTracker;

/// How long to wait between reads of changes: Claude Code writes many lines at once.
const TRANSCRIPT_DEBOUNCE: Duration = Duration::from_millis(50);
/// How often transcripts are read while changes cannot be watched.
const TRANSCRIPT_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// What was last reported of a transcript.
#[derive(Debug, PartialEq)]
enum LastReported {
    Nothing,
    Gone,
    Facts(Box<TranscriptFacts>),
}

#[derive(Debug)]
struct FollowedTranscript {
    search: TranscriptSearch,
    path: Option<PathBuf>,
    tail: FileTail,
    story: TurnTracker,
    agents: SubagentTracker,
    /// Whether the file has been read at least once.
    known: bool,
    /// Whether other users could replace the file, which is then not read.
    is_refused: bool,
    told: LastReported,
}

/// The transcripts that are wanted, and the problems with their files.
#[derive(Debug)]
pub struct TranscriptSource {
    follows: BTreeMap<TranscriptKey, FollowedTranscript>,
    trouble: TranscriptProblems,
    access: FolderAccess,
}

impl TranscriptSource {
    /// Follows no transcript yet. The folders of sessions are looked at as `access` allows.
    pub fn new(access: FolderAccess) -> Self {
        Self {
            follows: BTreeMap::new(),
            trouble: TranscriptProblems::default(),
            access,
        }
    }

    /// Follows exactly these transcripts. Returns whether any is new.
    pub fn set_transcripts(&mut self, wanted: &BTreeSet<TranscriptKey>) -> bool {
        let trouble = &mut self.trouble;
        self.follows.retain(|key, follow| {
            let kept = wanted.contains(key);
            if let (false, Some(path)) = (kept, &follow.path) {
                forget_problems(path, trouble);
            }
            kept
        });
        let mut new = false;
        for key in wanted {
            self.follows.entry(key.clone()).or_insert_with(|| {
                new = true;
                FollowedTranscript::new(key, &self.access)
            });
        }
        new
    }

    /// Finds all transcripts and reads what was added to them.
    pub fn scan_all(&mut self) -> Vec<Fact> {
        let named = self.session_ids();
        for follow in self.follows.values_mut() {
            follow.find(&named, &mut self.trouble);
            follow.read(&mut self.trouble);
            follow.scan_subagents(&mut self.trouble);
        }
        self.drain_facts()
    }

    /// Reads paths that events named.
    fn read_changed_paths(&mut self, paths: &BTreeSet<PathBuf>) -> Vec<Fact> {
        let named = self.session_ids();
        for path in paths {
            for follow in self.follows.values_mut() {
                follow.read_changed_path(path, &named, &mut self.trouble);
            }
        }
        self.drain_facts()
    }

    /// The session ids by which transcripts are wanted.
    fn session_ids(&self) -> BTreeSet<String> {
        let ids = self.follows.keys().filter_map(|key| match &key.which {
            TranscriptSelector::Session(id) => Some(id.clone()),
            TranscriptSelector::NewestSince(_) => None,
        });
        ids.collect()
    }

    fn drain_facts(&mut self) -> Vec<Fact> {
        let follows = self.follows.iter_mut();
        let mut facts: Vec<Fact> = follows
            .filter_map(|(key, follow)| follow.changed_fact(key))
            .collect();
        facts.extend(self.trouble.drain_facts());
        facts
    }

    /// The folders to watch.
    fn folders(&self) -> impl Iterator<Item = WatchedFolder> {
        self.follows.values().flat_map(|follow| {
            let agents = follow.path.as_deref().map(SubagentTracker::folder);
            let folders = std::iter::once(follow.search.folder()).chain(agents);
            folders.map(|folder| WatchedFolder {
                folder,
                root: follow.search.projects().to_path_buf(),
            })
        })
    }
}

fn forget_problems(path: &Path, trouble: &mut TranscriptProblems) {
    trouble.note_recovery(path);
    trouble.forget_below(&path.with_extension(""));
}

impl FollowedTranscript {
    fn new(key: &TranscriptKey, access: &FolderAccess) -> Self {
        Self {
            search: TranscriptSearch::new(key, access),
            path: None,
            tail: FileTail::default(),
            story: TurnTracker::default(),
            agents: SubagentTracker::default(),
            known: false,
            is_refused: false,
            told: LastReported::Nothing,
        }
    }

    /// Looks for the file; a different one is read from scratch.
    fn find(&mut self, named: &BTreeSet<String>, trouble: &mut TranscriptProblems) {
        let path = self.search.path(named);
        if self.path != path {
            if let Some(old) = &self.path {
                forget_problems(old, trouble);
            }
            self.path = path;
            self.tail = FileTail::default();
            self.story = TurnTracker::default();
            self.agents = SubagentTracker::default();
            self.known = false;
        }
        self.is_refused = match self
            .path
            .as_deref()
            .and_then(Path::parent)
            .map(check_folder)
        {
            Some(Err(refusal)) if refusal.is_distrust() => {
                let told = FileReadError::from(refusal).to_string();
                if let Some(path) = &self.path {
                    trouble.note_failure(path, told);
                }
                true
            }
            _ => false,
        };
    }

    fn read(&mut self, trouble: &mut TranscriptProblems) {
        let Some(path) = self.path.clone().filter(|_| !self.is_refused) else {
            return;
        };
        let now = Timestamp::from(clock::wall());
        let story = &mut self.story;
        let read = self.tail.read(&path, |piece| match piece {
            TailEvent::Restarted => *story = TurnTracker::default(),
            TailEvent::Line(line) => {
                if let Some(record) = decode(line) {
                    story.apply_record(record, ConversationChain::Main, now);
                }
            }
        });
        match read {
            Ok(()) => {
                self.known = true;
                trouble.note_recovery(&path);
            }
            // The file was removed since it was found.
            Err(FileReadError::Gone) => {}
            Err(e) => trouble.note_failure(&path, e.to_string()),
        }
    }

    fn scan_subagents(&mut self, trouble: &mut TranscriptProblems) {
        if let Some(path) = self.path.as_ref().filter(|_| !self.is_refused) {
            self.agents
                .scan_folder(&SubagentTracker::folder(path), trouble);
        }
    }

    fn read_changed_path(
        &mut self,
        path: &Path,
        named: &BTreeSet<String>,
        trouble: &mut TranscriptProblems,
    ) {
        if self.path.as_deref() == Some(path) && path.symlink_metadata().is_ok() {
            self.read(trouble);
        } else if path.parent() == Some(&self.search.folder()) {
            let before = self.path.clone();
            self.find(named, trouble);
            if self.path != before {
                self.read(trouble);
                self.scan_subagents(trouble);
            }
        } else if let Some(own) = &self.path
            && path.parent() == Some(&SubagentTracker::folder(own))
            && !self.is_refused
        {
            self.agents.notice(path, trouble);
        }
    }

    /// What is known of the transcript, if it differs from the last report.
    fn changed_fact(&mut self, key: &TranscriptKey) -> Option<Fact> {
        let now = if self.path.is_some() {
            if !self.known {
                return None;
            }
            let mut transcript = self.story.transcript();
            let ended_at = |id: &str| self.story.ended_at(id);
            transcript.delegations = self.agents.delegations(ended_at);
            transcript.results.extend(self.agents.results(ended_at));
            LastReported::Facts(Box::new(transcript))
        } else {
            LastReported::Gone
        };
        if self.told == now {
            return None;
        }
        self.told = now;
        match &self.told {
            LastReported::Facts(transcript) => {
                Some(Fact::Transcript(key.clone(), transcript.clone()))
            }
            LastReported::Gone => Some(Fact::TranscriptGone(key.clone())),
            LastReported::Nothing => None,
        }
    }
}

impl ObservationSource for TranscriptSource {
    const THREAD_NAME: &'static str = "trusty-transcript";
    const SCAN_STAGE: ScanStage = ScanStage::Discovery;

    async fn scan(
        &mut self,
        _round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        if !self.set_transcripts(&wanted.transcripts) {
            return ScanProgress::Nothing;
        }
        sink(self.scan_all());
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        let watch = SourceWatcher::new(Source::Transcript);
        run_transcript_source(self, watch, orders, out).await
    }
}

/// Reports changes as they happen, and scans everything from time to time.
async fn run_transcript_source(
    mut transcripts: TranscriptSource,
    mut watch: SourceWatcher,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    loop {
        transcripts.set_transcripts(&orders.borrow_and_update().wanted.transcripts);
        let mut facts = Vec::new();
        // A folder that appears between the scan and the watch is found by scanning again.
        loop {
            facts.extend(transcripts.scan_all());
            if !watch.set_folders(transcripts.folders()) {
                break;
            }
        }
        facts.extend(watch.health());
        if let Err(ended) = out.send(facts).await {
            return ended;
        }
        let relook = watch.is_blind().then_some(TRANSCRIPT_POLL_INTERVAL);
        let relook = relook.unwrap_or(orders.borrow().cadence.registry);
        if let Err(ended) =
            follow_changes(&mut transcripts, &mut watch, &mut orders, &out, relook).await
        {
            return ended;
        }
    }
}

/// Reads single changes until the next scan of everything is due.
async fn follow_changes(
    transcripts: &mut TranscriptSource,
    watch: &mut SourceWatcher,
    orders: &mut Receiver<SourceConfig>,
    out: &ObservationSender,
    relook: Duration,
) -> Result<(), Shutdown> {
    let timer = clock::sleep(relook);
    tokio::pin!(timer);
    loop {
        let noticed = tokio::select! {
            noticed = watch.next() => noticed,
            changed = orders.changed() => {
                changed.map_err(|_| Shutdown)?;
                let wanted = orders.borrow_and_update().wanted.transcripts.clone();
                if transcripts.set_transcripts(&wanted) {
                    return Ok(());
                }
                continue;
            }
            () = &mut timer => return Ok(()),
        };
        let mut paths = BTreeSet::new();
        let mut next = Some(noticed);
        while let Some(noticed) = next {
            match noticed {
                WatchEvent::Path(path) => paths.insert(path),
                WatchEvent::Anything => {
                    tokio::time::sleep(TRANSCRIPT_DEBOUNCE).await;
                    return Ok(());
                }
            };
            next = watch.next().now_or_never();
        }
        let aimed: BTreeSet<WatchedFolder> = transcripts.folders().collect();
        out.send(transcripts.read_changed_paths(&paths)).await?;
        if transcripts.folders().any(|folder| !aimed.contains(&folder)) {
            return Ok(());
        }
        tokio::time::sleep(TRANSCRIPT_DEBOUNCE).await;
    }
}

#[cfg(test)]
mod tests;
