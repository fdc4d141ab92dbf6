//! A process that keeps a control group alive while those who lived in it are elsewhere: a group
//! without any may be removed by whoever made it.

use super::pause_transaction::failed;
use super::process_tree;
use super::{ActionError, ActionExecutor};
use rustix::process::Signal;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use trusty_fleet::identity::ProcessKey;
use trusty_platform::launch;

/// The program that ends by itself once a record is gone.
const KEEPER_PROGRAM: &str = "trusty-hook";

/// Starts one that stays until this record is gone.
pub(super) fn start_keeper(
    hands: &ActionExecutor,
    record: &Path,
) -> Result<ProcessKey, ActionError> {
    let program = find(hands).ok_or_else(|| {
        ActionError::Failed(format!(
            "could not keep the session's cgroup: {KEEPER_PROGRAM} is neither next to this program nor in \
             {}; reinstall Trusty Bar",
            hands.data.join("bin").display()
        ))
    })?;
    let arguments = [OsStr::new("keep"), record.as_os_str()];
    let what = "start the process that keeps the session's cgroup";
    let pid = launch::spawn_detached(&program, &arguments).map_err(failed(what))?;
    let found = process_tree::process_at(pid).map_err(failed(what))?;
    found
        .map(|f| f.key)
        .ok_or_else(|| failed(what)("the process exited at once"))
}

fn find(hands: &ActionExecutor) -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.and_then(|exe| Some(exe.parent()?.join(KEEPER_PROGRAM)));
    let kept = hands.data.join("bin").join(KEEPER_PROGRAM);
    [beside, Some(kept)]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}

/// Ends it.
pub(super) fn end_keeper(keeper: ProcessKey) -> Result<(), ActionError> {
    process_tree::signal(keeper, Signal::TERM)
        .map(drop)
        .map_err(failed("end the process that keeps the session's cgroup"))
}
