//! Watches folders for changes, including folders that do not exist yet.

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

/// The capacity of the event queue. A full queue is drained into one [`WatchEvent::Anything`], so
/// that no change is missed.
const EVENT_QUEUE_LEN: usize = 256;

/// What changed.
pub(super) enum WatchEvent {
    /// This path changed.
    Path(PathBuf),
    /// An unknown path changed: everything is to be read again.
    Anything,
}

/// What is watched for a folder: the folder itself, or its nearest existing parent.
#[derive(Debug, PartialEq, Eq)]
struct WatchTarget {
    at: PathBuf,
    inode: u64,
}

/// Watches the folders of one source.
pub(super) struct SourceWatcher {
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<WatchEvent>,
    aims: BTreeMap<PathBuf, WatchTarget>,
    problem: Option<String>,
    told: Option<String>,
    source: Source,
}

impl SourceWatcher {
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
                // A full queue already makes the reader read everything again.
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

    /// Watches exactly these folders. Returns whether a watch was added or moved, after which the
    /// caller has to read everything once more.
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

    /// Drops the watch of a folder, unless another folder shares its target.
    fn unwatch_folder(&mut self, folder: &Path) {
        if let Some(old) = self.aims.remove(folder)
            && !self.aims.values().any(|a| a.at == old.at)
            && let Some(watcher) = &mut self.watcher
        {
            // Fails if the folder is gone, and its watch with it.
            let _ = watcher.unwatch(&old.at);
        }
    }

    /// Whether some folder cannot be watched and has to be polled.
    pub(super) fn is_blind(&self) -> bool {
        self.problem.is_some()
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

    /// Returns the next change. A change outside the watched folders counts if it may be the
    /// creation of one of them.
    pub(super) async fn next(&mut self) -> WatchEvent {
        loop {
            if self.events.len() >= EVENT_QUEUE_LEN {
                while self.events.try_recv().is_ok() {}
                return WatchEvent::Anything;
            }
            match self.events.recv().await {
                Some(WatchEvent::Path(path)) => {
                    // Checked first, because one watched folder may lie within another.
                    if self.may_bear_a_folder(&path) {
                        // A removed folder has lost its watch, and a new one may have the same
                        // inode.
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
