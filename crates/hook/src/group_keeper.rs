//! `trusty-hook keep <record>`: a process that does nothing for as long as a file is there. It
//! keeps a control group alive.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::path::Path;
use std::time::Duration;
use trusty_platform::folder_watch::FolderWatch;
use trusty_platform::sys;

/// A folder that was replaced tells no more changes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Returns once nothing is at this path.
pub(crate) fn wait_until_removed(record: &Path) {
    // Its folder is left below.
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

/// Not even when it cannot be told is it taken for gone.
fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|e| {
        matches!(
            e.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    })
}

/// Leaves the terminal, the folder and the pipes of whoever started it: none of them is to be
/// held open. What fails here is no reason to end.
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
