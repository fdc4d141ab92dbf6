//! Waits for changes of one folder, without a runtime, a thread or a queue.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
use linux::ChangeDescriptor;
#[cfg(target_os = "macos")]
use macos::ChangeDescriptor;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use std::path::Path;
use std::time::Duration;

/// How often the caller has to check for changes where the system reports none.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A watch on one folder, for changes of its entries and of the files and folders they name.
#[derive(Debug)]
pub struct FolderWatch {
    /// None if the system refuses the watch.
    changes: Option<ChangeDescriptor>,
}

impl FolderWatch {
    /// Watches a folder from now on. If the folder does not exist or cannot be watched, the caller
    /// has to poll it: see [`Self::wait`].
    pub fn new(folder: &Path) -> Self {
        Self {
            changes: ChangeDescriptor::open(folder).ok(),
        }
    }

    /// Blocks until something has changed since the last wait, at most for `timeout`. May return
    /// early; without a watch, returns after 250 ms at the latest.
    pub fn wait(&self, timeout: Duration) {
        let Some(changes) = &self.changes else {
            std::thread::sleep(timeout.min(POLL_INTERVAL));
            return;
        };
        let mut watched = [PollFd::new(changes, PollFlags::IN)];
        let timeout = Timespec::try_from(timeout).ok();
        // On a change, a timeout or a signal alike, the caller checks the folder.
        let _ = poll(&mut watched, timeout.as_ref());
        changes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn every_kind_of_change_ends_the_wait_and_a_look_does_not() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("a");
        fs::write(&file, "1").expect("write");
        let watch = FolderWatch::new(dir.path());
        assert!(watch.changes.is_some());
        let (long, begun) = (Duration::from_mins(1), clock::instant());
        fs::read(&file).expect("read");
        fs::read_dir(dir.path()).expect("listed").for_each(drop);
        let short = Duration::from_millis(50);
        watch.wait(short);
        assert!(begun.elapsed() >= short, "reading is no change");

        let written = || fs::write(&file, "22").expect("written");
        let renamed = || fs::rename(&file, dir.path().join("b")).expect("renamed");
        let made = || fs::create_dir(dir.path().join("c")).expect("made");
        let removed = || fs::remove_dir(dir.path().join("c")).expect("removed");
        let closed = || {
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(dir.path().join("b"), private).expect("changed");
        };
        let mut changes: Vec<&dyn Fn()> = vec![&renamed, &made, &removed];
        if cfg!(target_os = "linux") {
            changes.insert(0, &written);
            changes.push(&closed);
        }
        for change in changes {
            change();
            watch.wait(long);
        }
        assert!(begun.elapsed() < long, "reported, not timed out");
    }

    #[test]
    fn many_changes_end_one_wait() {
        let dir = tempfile::tempdir().expect("folder");
        let watch = FolderWatch::new(dir.path());
        for n in 0..1000 {
            fs::write(dir.path().join(n.to_string()), "").expect("write");
        }
        watch.wait(Duration::from_mins(1));
        let (short, begun) = (Duration::from_millis(50), clock::instant());
        watch.wait(short);
        assert!(begun.elapsed() >= short, "no change is reported twice");
    }

    #[test]
    fn a_folder_that_is_not_there_is_left_to_the_caller() {
        let dir = tempfile::tempdir().expect("folder");
        let nowhere = FolderWatch::new(&dir.path().join("none"));
        assert!(nowhere.changes.is_none());
        let (long, begun) = (Duration::from_mins(1), clock::instant());
        nowhere.wait(long);
        assert!(begun.elapsed() < long);
    }
}
