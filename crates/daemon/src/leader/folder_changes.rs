//! Waits without a runtime for changes in folders that may be removed and recreated.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use trusty_platform::file_identity::FileIdentity;

/// Watches several folders, each of which may be removed and recreated.
#[derive(Debug)]
pub(super) struct FolderChanges {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, FileIdentity>,
    /// Removed paths. A folder that is recreated at such a path may get the same inode.
    removed: Arc<Mutex<BTreeSet<PathBuf>>>,
    told: mpsc::Receiver<()>,
    waker: ChangeWaker,
}

/// Ends a wait of [`FolderChanges`] early.
#[derive(Debug, Clone)]
pub(super) struct ChangeWaker(mpsc::SyncSender<()>);

impl ChangeWaker {
    /// Ends the current wait, or the next one.
    pub(super) fn wake(&self) {
        // A full channel already ends the wait.
        let _ = self.0.try_send(());
    }
}

impl FolderChanges {
    /// Watches nothing yet.
    pub(super) fn new() -> Self {
        let (tell, told) = mpsc::sync_channel(1);
        let waker = ChangeWaker(tell);
        let removed = Arc::<Mutex<BTreeSet<PathBuf>>>::default();
        let (woken, gone) = (waker.clone(), Arc::clone(&removed));
        let handle = move |event: notify::Result<Event>| {
            match event {
                // Opening a folder to read it changes nothing in it.
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
                Ok(event) if !matches!(event.kind, EventKind::Create(_)) => {
                    let mut gone = gone.lock().unwrap_or_else(PoisonError::into_inner);
                    gone.extend(event.paths);
                }
                _ => {}
            }
            woken.wake();
        };
        Self {
            watcher: notify::recommended_watcher(handle).ok(),
            watched: BTreeMap::new(),
            removed,
            told,
            waker,
        }
    }

    /// A handle that ends a wait early.
    pub(super) fn waker(&self) -> ChangeWaker {
        self.waker.clone()
    }

    /// Watches these folders; returns whether any of them was not watched before.
    pub(super) fn set_folders(&mut self, folders: &[&Path]) -> bool {
        let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        for path in std::mem::take(&mut *removed) {
            self.watched.remove(&path);
        }
        drop(removed);
        let mut aimed = false;
        for folder in folders {
            let Ok(identity) = FileIdentity::of_path(folder) else {
                self.watched.remove(*folder);
                continue;
            };
            if self.watched.get(*folder) == Some(&identity) {
                continue;
            }
            let Some(watcher) = &mut self.watcher else {
                continue;
            };
            // Fails if the folder was removed, because its watch went with it.
            let _ = watcher.unwatch(folder);
            if watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                self.watched.insert(folder.to_path_buf(), identity);
                aimed = true;
            }
        }
        aimed
    }

    /// Waits until something changes in a watched folder, for `most` at the longest. May return
    /// early.
    pub(super) fn wait(&self, most: Duration) {
        // The channel cannot close: `waker` keeps a sender.
        let _ = self.told.recv_timeout(most);
    }
}

impl Default for FolderChanges {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use trusty_platform::clock;

    #[test]
    fn a_folder_that_was_made_anew_is_watched_again() {
        let dir = tempfile::tempdir().expect("folder");
        let folder = dir.path().join("a");
        fs::create_dir(&folder).expect("made");
        let mut changes = FolderChanges::new();
        assert!(changes.set_folders(&[&folder]) && !changes.set_folders(&[&folder]));
        let (long, begun) = (Duration::from_mins(1), clock::instant());
        // The recreated folder may have the inode of the first.
        for _ in 0..2 {
            fs::remove_dir(&folder).expect("removed");
            changes.wait(long);
            changes.set_folders(&[&folder]);
            fs::create_dir(&folder).expect("made");
            changes.set_folders(&[&folder]);
            changes.wait(Duration::from_millis(1));
            fs::write(folder.join("b"), "").expect("write");
            changes.wait(long);
            fs::remove_file(folder.join("b")).expect("removed");
        }
        assert!(begun.elapsed() < long, "a change ended the wait");
        changes.waker().wake();
        changes.wait(long);
        assert!(begun.elapsed() < long, "woken");
    }
}
