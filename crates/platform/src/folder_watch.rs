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

/// How often the caller looks for itself where changes are not reported.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Knows when something in a folder changes: a name in it, or a file or folder that it names.
#[derive(Debug)]
pub struct FolderWatch {
    /// None where the system refuses.
    changes: Option<ChangeDescriptor>,
}

impl FolderWatch {
    /// Watches this folder from now on. One that is not there, or cannot be watched, is polled by
    /// the caller: see [`Self::wait`].
    pub fn new(folder: &Path) -> Self {
        Self {
            changes: ChangeDescriptor::open(folder).ok(),
        }
    }

    /// Returns once something has changed since the last wait, and after `timeout` at the latest.
    /// It may return early, and does so after 250 ms where the folder is not watched.
    pub fn wait(&self, timeout: Duration) {
        let Some(changes) = &self.changes else {
            std::thread::sleep(timeout.min(POLL_INTERVAL));
            return;
        };
        let mut watched = [PollFd::new(changes, PollFlags::IN)];
        let timeout = Timespec::try_from(timeout).ok();
        // Told, late or interrupted: it is time to look.
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
        assert!(begun.elapsed() >= short, "a look is no change");

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
        assert!(begun.elapsed() < long, "told, not timed out");
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
        assert!(begun.elapsed() >= short, "nothing is told twice");
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
