//! `trusty-hook keep <record>`: a process that only waits until a file is gone. Its presence keeps
//! a cgroup from being empty, because an empty one may be removed by the program that made it.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::path::Path;
use std::time::Duration;
use trusty_platform::folder_watch::FolderWatch;
use trusty_platform::sys;

/// How often the file is checked: a watch on a folder that was replaced reports nothing more.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Blocks until nothing exists at this path.
pub(crate) fn wait_until_removed(record: &Path) {
    // A relative path would lose its meaning: `detach` changes the current folder.
    let Ok(record) = std::path::absolute(record) else {
        return;
    };
    let Some(folder) = record.parent() else {
        return;
    };
    detach();
    let changes = FolderWatch::new(folder);
    while is_there(&record) {
        changes.wait(POLL_INTERVAL);
    }
}

/// Whether the file may still exist. Errors other than "not found" do not count as gone.
fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|e| {
        matches!(
            e.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    })
}

/// Leaves the terminal, the current folder and the pipes of the starting process, so that none of
/// them is held open. A step that fails does not end the process.
fn detach() {
    sys::ignore_hangup();
    let _ = rustix::process::setsid();
    let _ = std::env::set_current_dir("/");
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}
