//! The client's transcripts, `<config>/projects/<folder>/<session id>.jsonl`, and those of its
//! sub-agents beside them: what was asked, which tool calls are open, how a turn ended. Read only,
//! from the end, each byte once; whole requests to the model, which they also hold, are skipped.

mod problems;
mod subagents;
mod transcript_search;
mod turn_tracker;

pub use subagents::{SubagentDescription, decode_about};

use super::watch::{SourceWatcher, WatchEvent};
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
use trusty_platform::tail::{FileTail, TailEvent};
use trusty_platform::trusted_path::check_folder;
use turn_tracker::TurnTracker;

/// What changes is read at most so often: a client writes many lines at once.
const TRANSCRIPT_DEBOUNCE: Duration = Duration::from_millis(50);
/// How often to look while changes cannot be watched.
const TRANSCRIPT_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// What was told of a transcript.
#[derive(Debug, PartialEq)]
enum LastReported {
    Nothing,
    Gone,
    Facts(Box<TranscriptFacts>),
}

/// One transcript as it is followed.
#[derive(Debug)]
struct FollowedTranscript {
    search: TranscriptSearch,
    path: Option<PathBuf>,
    tail: FileTail,
    story: TurnTracker,
    agents: SubagentTracker,
    /// Whether it could ever be read.
    known: bool,
    /// Other users could put another file in its place.
    is_refused: bool,
    told: LastReported,
}

/// What is known of the transcripts that are wanted.
#[derive(Debug, Default)]
pub struct TranscriptSource {
    follows: BTreeMap<TranscriptKey, FollowedTranscript>,
    trouble: TranscriptProblems,
}

impl TranscriptSource {
    /// Follows none yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows exactly these. Tells whether any is new.
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
                FollowedTranscript::new(key)
            });
        }
        new
    }

    /// Looks for all of them and reads what was added.
    pub fn scan_all(&mut self) -> Vec<Fact> {
        let named = self.session_ids();
        for follow in self.follows.values_mut() {
            follow.find(&named, &mut self.trouble);
            follow.read(&mut self.trouble);
            follow.scan_subagents(&mut self.trouble);
        }
        self.drain_facts()
    }

    /// Looks at paths that were noticed to change.
    fn read_changed_paths(&mut self, paths: &BTreeSet<PathBuf>) -> Vec<Fact> {
        let named = self.session_ids();
        for path in paths {
            for follow in self.follows.values_mut() {
                follow.read_changed_path(path, &named, &mut self.trouble);
            }
        }
        self.drain_facts()
    }

    /// The session ids that are asked for by name.
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

    /// Where changes are to be watched for.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        self.follows.values().flat_map(|follow| {
            let agents = follow.path.as_deref().map(SubagentTracker::folder);
            std::iter::once(follow.search.folder()).chain(agents)
        })
    }
}

fn forget_problems(path: &Path, trouble: &mut TranscriptProblems) {
    trouble.note_recovery(path);
    trouble.forget_below(&path.with_extension(""));
}

impl FollowedTranscript {
    fn new(key: &TranscriptKey) -> Self {
        Self {
            search: TranscriptSearch::new(key),
            path: None,
            tail: FileTail::default(),
            story: TurnTracker::default(),
            agents: SubagentTracker::default(),
            known: false,
            is_refused: false,
            told: LastReported::Nothing,
        }
    }

    /// Looks where it is; another file is read from its beginning.
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
            // It went this moment.
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

    /// What is to be told, if it is not what was told last.
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
        run_transcript_source(self, orders, out).await
    }
}

/// Tells what changes, as it changes, and looks at everything once in a while.
async fn run_transcript_source(
    mut transcripts: TranscriptSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Transcript);
    loop {
        transcripts.set_transcripts(&orders.borrow_and_update().wanted.transcripts);
        let mut facts = Vec::new();
        // A folder that appears between the look and the watch is found by looking again.
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

/// Follows single changes until it is time to look at everything again.
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
        let aimed: BTreeSet<PathBuf> = transcripts.folders().collect();
        out.send(transcripts.read_changed_paths(&paths)).await?;
        if transcripts.folders().any(|folder| !aimed.contains(&folder)) {
            return Ok(());
        }
        tokio::time::sleep(TRANSCRIPT_DEBOUNCE).await;
    }
}

#[cfg(test)]
mod tests;
