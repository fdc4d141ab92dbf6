//! Watches folders for changes, including folders that do not exist yet.

mod watch_plan;

pub(crate) use watch_plan::WatchedFolder;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, System};
use trusty_platform::path_match::may_be_same_path;
use trusty_platform::sys::CURRENT_SYSTEM;
use watch_plan::{EventMeaning, FolderAim, WatchDepth, WatchTarget, map_event, plan_targets};

/// The capacity of the event queue. After an overflow, the queue is drained into one
/// [`WatchEvent::Anything`], so that no change is missed.
const EVENT_QUEUE_LEN: usize = 256;

/// How often everything is read again on macOS, whatever is reported: notify drops the report of
/// lost events if it names a folder above the watched one, and nothing is reported if a link on the
/// way to a folder changes.
const MAC_RESCAN_INTERVAL: Duration = Duration::from_mins(1);

/// What changed.
#[derive(Debug)]
pub(super) enum WatchEvent {
    /// This path changed.
    Path(PathBuf),
    /// An unknown path changed: everything is to be read again.
    Anything,
}

/// What the thread that receives events shares with the source. The thread sends with the filter
/// locked, so that a full queue does not go unnoticed.
#[derive(Debug, Default)]
struct EventFilter {
    aims: Vec<FolderAim>,
    /// Watched folders with an event of their own. A removed folder has lost its watch, and a new
    /// one may have the same inode.
    touched: BTreeSet<PathBuf>,
    /// Whether the queue was full.
    has_lost_events: bool,
}

impl EventFilter {
    /// What an event of the system means for the source.
    fn apply(&mut self, system: System, event: notify::Result<Event>) -> Vec<WatchEvent> {
        let paths = match event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) && !is_close_write(&event) => {
                return Vec::new();
            }
            Ok(event) if !event.need_rescan() => event.paths,
            _ => return vec![WatchEvent::Anything],
        };
        let mut noticed = Vec::new();
        for path in paths {
            match map_event(system, &self.aims, &path) {
                EventMeaning::Nothing => {}
                EventMeaning::Entries(entries) => {
                    noticed.extend(entries.into_iter().map(WatchEvent::Path));
                }
                EventMeaning::Folder => {
                    self.touched.insert(path);
                    noticed.push(WatchEvent::Anything);
                }
            }
        }
        noticed
    }
}

/// Watches the folders of one source.
pub(super) struct SourceWatcher {
    system: System,
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<WatchEvent>,
    /// Paths received and not yet returned; a change may be reported several times.
    pending: BTreeSet<PathBuf>,
    filter: Arc<Mutex<EventFilter>>,
    targets: BTreeMap<PathBuf, WatchTarget>,
    problem: Option<String>,
    told: Option<String>,
    source: Source,
}

impl SourceWatcher {
    pub(super) fn new(source: Source) -> Self {
        Self::with_system(source, CURRENT_SYSTEM)
    }

    /// Watches as this system does.
    pub(super) fn with_system(source: Source, system: System) -> Self {
        let (send, events) = mpsc::channel(EVENT_QUEUE_LEN);
        let filter = Arc::<Mutex<EventFilter>>::default();
        let shared = Arc::clone(&filter);
        let handle = move |event: notify::Result<Event>| {
            let mut filter = lock_filter(&shared);
            for noticed in filter.apply(system, event) {
                filter.has_lost_events |= send.try_send(noticed).is_err();
            }
        };
        // A link within a tree has a watch of its own; FSEvents follows none either.
        let config = notify::Config::default().with_follow_symlinks(false);
        let (watcher, problem) = match RecommendedWatcher::new(handle, config) {
            Ok(watcher) => (Some(watcher), None),
            Err(e) => (None, Some(watch_problem(&e))),
        };
        Self {
            system,
            watcher,
            events,
            pending: BTreeSet::new(),
            filter,
            targets: BTreeMap::new(),
            problem,
            told: None,
            source,
        }
    }

    /// The system whose way of watching is used.
    pub(super) fn system(&self) -> System {
        self.system
    }

    /// Watches exactly these folders. Returns whether a folder was added or moved, after which the
    /// caller has to read everything once more.
    pub(super) fn set_folders(&mut self, folders: impl Iterator<Item = WatchedFolder>) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let folders: BTreeSet<WatchedFolder> = folders.collect();
        let aims: Vec<FolderAim> = folders.iter().filter_map(FolderAim::find).collect();
        let planned = plan_targets(self.system, &aims);
        let (mut moved, touched) = {
            let mut filter = lock_filter(&self.filter);
            let is_new = |aim| !filter.aims.contains(aim);
            let moved = aims.iter().any(is_new);
            filter.aims = aims;
            (moved, std::mem::take(&mut filter.touched))
        };
        let is_touched = |path: &PathBuf| {
            let same = |other: &PathBuf| may_be_same_path(self.system, path, other);
            touched.iter().any(same)
        };
        let kept = |path: &PathBuf, target: &WatchTarget| {
            planned.get(path) == Some(target) && !is_touched(path)
        };
        let dropped: Vec<PathBuf> = self
            .targets
            .extract_if(.., |path, target| !kept(path, target))
            .map(|(path, _)| path)
            .collect();
        self.problem = None;
        let added: Vec<(PathBuf, WatchTarget)> = planned
            .into_iter()
            .filter(|(path, _)| !self.targets.contains_key(path))
            .collect();
        if dropped.is_empty() && added.is_empty() {
            return moved;
        }
        // All changes at once: on macOS, each call by itself would restart the stream. The filter is
        // not locked meanwhile, because its thread has to answer.
        let mut paths = watcher.paths_mut();
        for path in dropped {
            // Fails if the folder is gone, and its watch with it.
            let _ = paths.remove(&path);
        }
        for (path, target) in added {
            let mode = match target.depth {
                WatchDepth::Entries => RecursiveMode::NonRecursive,
                WatchDepth::Tree => RecursiveMode::Recursive,
            };
            match paths.add(&path, mode) {
                Ok(()) => {
                    self.targets.insert(path, target);
                    moved = true;
                }
                Err(e) => self.problem = Some(watch_problem(&e)),
            }
        }
        if let Err(e) = paths.commit() {
            self.problem = Some(watch_problem(&e));
            self.targets.clear();
        }
        moved
    }

    /// Whether some folder cannot be watched and has to be polled.
    pub(super) fn is_blind(&self) -> bool {
        self.problem.is_some()
    }

    /// How often a source without a scan of its own has to read everything again; `None` if all
    /// changes are reported.
    pub(super) fn rescan_interval(&self) -> Option<Duration> {
        match self.system {
            System::Linux => None,
            System::Mac => Some(MAC_RESCAN_INTERVAL),
        }
    }

    /// The health of the watcher, if it has changed since the last call.
    pub(super) fn health(&mut self) -> Option<Fact> {
        if self.problem == self.told {
            return None;
        }
        self.told.clone_from(&self.problem);
        let key = HealthKey {
            source: self.source,
            subject: "watcher".into(),
        };
        Some(Fact::Health(key, self.problem.clone()))
    }

    /// Returns the next change in a watched folder; the creation of such a folder is one.
    pub(super) async fn next(&mut self) -> WatchEvent {
        if let Some(path) = self.pending.pop_first() {
            return WatchEvent::Path(path);
        }
        let mut received = match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        };
        let mut is_anything = false;
        loop {
            match received {
                WatchEvent::Path(path) => {
                    self.pending.insert(path);
                }
                WatchEvent::Anything => is_anything = true,
            }
            match self.events.try_recv() {
                Ok(event) => received = event,
                Err(_) => break,
            }
        }
        is_anything |= std::mem::take(&mut lock_filter(&self.filter).has_lost_events);
        if is_anything {
            self.pending.clear();
            return WatchEvent::Anything;
        }
        self.pending
            .pop_first()
            .map_or(WatchEvent::Anything, WatchEvent::Path)
    }
}

fn lock_filter(filter: &Mutex<EventFilter>) -> MutexGuard<'_, EventFilter> {
    filter.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_close_write(event: &Event) -> bool {
    use notify::event::{AccessKind, AccessMode};
    event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

fn watch_problem(e: &notify::Error) -> String {
    format!("could not watch for changes ({e}); polling every 2 s instead")
}

#[cfg(test)]
mod tests;
