//! Waits without a runtime for changes in folders that may be removed and recreated.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use trusty_fleet::System;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::path_match::may_be_same_path;
use trusty_platform::sys::CURRENT_SYSTEM;

/// A watched folder. Events name its path without links, on macOS in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LocatedFolder {
    path: PathBuf,
    identity: FileIdentity,
}

impl LocatedFolder {
    fn find(folder: &Path) -> Option<Self> {
        let path = folder.canonicalize().ok()?;
        let identity = FileIdentity::of_path(&path).ok()?;
        Some(Self { path, identity })
    }
}

/// Drops the folders that were removed.
fn forget_removed(
    watched: &mut BTreeMap<PathBuf, LocatedFolder>,
    removed: &BTreeSet<PathBuf>,
    system: System,
) {
    watched.retain(|_, folder| {
        let is_it = |path: &PathBuf| may_be_same_path(system, path, &folder.path);
        !removed.iter().any(is_it)
    });
}

/// Watches several folders, each of which may be removed and recreated.
#[derive(Debug)]
pub(super) struct FolderChanges {
    watcher: Option<RecommendedWatcher>,
    /// By the path as asked for.
    watched: BTreeMap<PathBuf, LocatedFolder>,
    /// Removed paths, without links. A folder that is recreated at such a path may get the same inode.
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
        let removed = {
            let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *removed)
        };
        forget_removed(&mut self.watched, &removed, CURRENT_SYSTEM);
        let mut aimed = false;
        for folder in folders {
            let Some(located) = LocatedFolder::find(folder) else {
                self.watched.remove(*folder);
                continue;
            };
            if self.watched.get(*folder) == Some(&located) {
                continue;
            }
            let Some(watcher) = &mut self.watcher else {
                continue;
            };
            if let Some(old) = self.watched.remove(*folder) {
                let _ = watcher.unwatch(&old.path);
            }
            // Fails if the folder was removed, because its watch went with it.
            let _ = watcher.unwatch(&located.path);
            let added = watcher.watch(&located.path, RecursiveMode::NonRecursive);
            if added.is_ok() {
                self.watched.insert(folder.to_path_buf(), located);
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
    use std::os::unix::fs::symlink;
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

    #[test]
    fn a_folder_that_is_reached_through_a_link_is_watched_again_where_the_link_leads() {
        let dir = tempfile::tempdir().expect("folder");
        let dir = dir.path().canonicalize().expect("there");
        let (first, second, link) = (dir.join("1"), dir.join("2"), dir.join("link"));
        for folder in [&first, &second] {
            fs::create_dir(folder).expect("made");
        }
        symlink(&first, &link).expect("link");
        let mut changes = FolderChanges::new();
        assert!(changes.set_folders(&[&link]) && !changes.set_folders(&[&link]));
        let (long, begun) = (Duration::from_mins(1), clock::instant());
        fs::write(first.join("b"), "").expect("write");
        changes.wait(long);
        fs::remove_file(&link).expect("removed");
        symlink(&second, &link).expect("link");
        assert!(changes.set_folders(&[&link]), "the link leads elsewhere");
        changes.wait(Duration::from_millis(1));
        fs::write(second.join("b"), "").expect("write");
        changes.wait(long);
        assert!(begun.elapsed() < long, "a change ended the wait");
    }

    #[test]
    fn a_removed_folder_is_known_by_the_path_without_links() {
        let located = LocatedFolder {
            path: "/private/tmp/trusty".into(),
            identity: FileIdentity {
                device: 1,
                inode: 2,
            },
        };
        let left = |system, removed: &str| {
            let mut watched = BTreeMap::from([(PathBuf::from("/tmp/trusty"), located.clone())]);
            forget_removed(&mut watched, &[PathBuf::from(removed)].into(), system);
            watched.len()
        };
        for system in [System::Linux, System::Mac] {
            assert_eq!(left(system, "/private/tmp/trusty"), 0);
            assert_eq!(left(system, "/private/tmp/trusty/engine.json"), 1);
        }
        assert_eq!(left(System::Mac, "/private/tmp/Trusty"), 0);
        assert_eq!(left(System::Linux, "/private/tmp/Trusty"), 1);
    }
}
