//! Notices changes in folders that may not exist yet.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use trusty_fleet::Fact;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_platform::files;

/// Events kept while nobody reads them. More mean "look at everything", so none is lost.
const EVENT_QUEUE_LEN: usize = 256;

/// What was noticed.
pub(super) enum WatchEvent {
    /// This path changed.
    Path(PathBuf),
    /// Something did: look at everything.
    Anything,
}

/// Where a folder is watched: itself, or the nearest parent that exists.
#[derive(Debug, PartialEq, Eq)]
struct WatchTarget {
    at: PathBuf,
    inode: u64,
}

/// Watches folders.
pub(super) struct SourceWatcher {
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<WatchEvent>,
    aims: BTreeMap<PathBuf, WatchTarget>,
    problem: Option<String>,
    told: Option<String>,
    source: Source,
}

impl SourceWatcher {
    /// Watches for this source.
    pub(super) fn new(source: Source) -> Self {
        let (send, events) = mpsc::channel(EVENT_QUEUE_LEN);
        let overflow = send.clone();
        let handle = move |event: notify::Result<Event>| {
            let noticed = match event {
                Ok(event)
                    if matches!(event.kind, EventKind::Access(_)) && !is_close_write(&event) =>
                {
                    return;
                }
                Ok(event) if !event.need_rescan() => {
                    event.paths.into_iter().map(WatchEvent::Path).collect()
                }
                _ => vec![WatchEvent::Anything],
            };
            for one in noticed {
                // A full channel already holds enough to make the reader look at everything.
                let _ = overflow.try_send(one);
            }
        };
        let (watcher, problem) = match notify::recommended_watcher(handle) {
            Ok(watcher) => (Some(watcher), None),
            Err(e) => (None, Some(watch_problem(&e))),
        };
        Self {
            watcher,
            events,
            aims: BTreeMap::new(),
            problem,
            told: None,
            source,
        }
    }

    /// Watches exactly these folders. Tells whether it had to aim anew, after which the caller
    /// looks at everything once more.
    pub(super) fn set_folders(&mut self, folders: impl Iterator<Item = PathBuf>) -> bool {
        if self.watcher.is_none() {
            return false;
        }
        let folders: BTreeSet<PathBuf> = folders.collect();
        let dropped: Vec<PathBuf> = self
            .aims
            .keys()
            .filter(|f| !folders.contains(*f))
            .cloned()
            .collect();
        for folder in dropped {
            self.unwatch_folder(&folder);
        }
        let mut moved = false;
        self.problem = None;
        for folder in folders {
            let Some(at) = files::nearest_existing(&folder) else {
                continue;
            };
            let aim = WatchTarget {
                inode: fs::metadata(&at).map_or(0, |m| m.ino()),
                at,
            };
            if self.aims.get(&folder) == Some(&aim) {
                continue;
            }
            self.unwatch_folder(&folder);
            let Some(watcher) = &mut self.watcher else {
                continue;
            };
            match watcher.watch(&aim.at, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.aims.insert(folder, aim);
                    moved = true;
                }
                Err(e) => self.problem = Some(watch_problem(&e)),
            }
        }
        moved
    }

    /// Watches a folder no longer, unless another is watched at the same place.
    fn unwatch_folder(&mut self, folder: &Path) {
        if let Some(old) = self.aims.remove(folder)
            && !self.aims.values().any(|a| a.at == old.at)
            && let Some(watcher) = &mut self.watcher
        {
            // Fails if the folder is gone, and the watch with it.
            let _ = watcher.unwatch(&old.at);
        }
    }

    /// Whether some folder cannot be watched and must be looked at instead.
    pub(super) fn is_blind(&self) -> bool {
        self.problem.is_some()
    }

    /// What changed about its health since last asked.
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

    /// The next change. A change beside the watched folders, while one of them does not exist
    /// yet, may be its birth.
    pub(super) async fn next(&mut self) -> WatchEvent {
        loop {
            if self.events.len() >= EVENT_QUEUE_LEN {
                while self.events.try_recv().is_ok() {}
                return WatchEvent::Anything;
            }
            match self.events.recv().await {
                Some(WatchEvent::Path(path)) => {
                    // Of two watched folders one may lie within the other.
                    if self.may_bear_a_folder(&path) {
                        // If it was removed, the watch is gone; one made anew may have its inode.
                        self.aims.retain(|_, aim| aim.at != path);
                        return WatchEvent::Anything;
                    }
                    if self.is_within_aimed_folder(&path) {
                        return WatchEvent::Path(path);
                    }
                }
                Some(WatchEvent::Anything) => return WatchEvent::Anything,
                None => std::future::pending().await,
            }
        }
    }

    fn is_within_aimed_folder(&self, path: &Path) -> bool {
        path.parent()
            .is_some_and(|parent| self.aims.contains_key(parent))
    }

    fn may_bear_a_folder(&self, path: &Path) -> bool {
        self.aims.keys().any(|folder| folder.starts_with(path))
    }
}

fn is_close_write(event: &Event) -> bool {
    use notify::event::{AccessKind, AccessMode};
    event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

fn watch_problem(e: &notify::Error) -> String {
    format!("could not watch for changes ({e}); polling every 2 s instead")
}
