//! Who is there, and who is below whom.

use rustix::process::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_platform::clock;
use trusty_platform::process_files::process_executable;
use trusty_platform::sys::{self, ProcessStat};
use trusty_wire::hook_program;

/// How often something awaited is looked at.
const PROCESS_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The names of the programs of ours that see to pauses.
const OWN_PROGRAM_NAMES: [&str; 2] = ["trusty", "trusty-bar"];
/// A longer chain of parents is a loop.
const MAX_OWN_ANCESTORS: usize = 64;

/// A process and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveProcess {
    pub(super) key: ProcessKey,
    pub(super) stat: ProcessStat,
}

/// A process that lives, as it is now.
pub(super) fn live_stat(key: ProcessKey) -> io::Result<Option<ProcessStat>> {
    let stat = sys::stat(key.pid)?;
    Ok(stat.filter(|s| s.start == key.start && !s.zombie))
}

/// The process that has this pid now.
pub(super) fn process_at(pid: u32) -> io::Result<Option<LiveProcess>> {
    let stat = sys::stat(pid)?.filter(|s| !s.zombie);
    Ok(stat.map(|stat| LiveProcess {
        key: ProcessKey {
            pid,
            start: stat.start,
        },
        stat,
    }))
}

fn all_processes() -> io::Result<Vec<LiveProcess>> {
    let pids = sys::pids()?;
    // One that cannot be read is another user's or gone.
    Ok(pids
        .into_iter()
        .filter_map(|pid| process_at(pid).ok().flatten())
        .collect())
}

/// All that are stopped.
pub(super) fn stopped() -> io::Result<BTreeSet<ProcessKey>> {
    let all = all_processes()?.into_iter();
    Ok(all
        .filter(|f| f.stat.stopped.is_some())
        .map(|f| f.key)
        .collect())
}

/// All below a process, parents first.
pub(super) fn descendants(root: ProcessKey) -> io::Result<Vec<LiveProcess>> {
    let mut children: BTreeMap<u32, Vec<LiveProcess>> = BTreeMap::new();
    for found in all_processes()? {
        children.entry(found.stat.parent).or_default().push(found);
    }
    let mut tree = children.remove(&root.pid).unwrap_or_default();
    let mut at = 0;
    while let Some(parent) = tree.get(at) {
        tree.extend(children.remove(&parent.key.pid).unwrap_or_default());
        at += 1;
    }
    Ok(tree)
}

/// Whether a process runs our app or our command, which see to pauses.
pub(super) fn is_own_program(pid: u32) -> bool {
    let path = process_executable(pid);
    let name = path.as_deref().and_then(Path::file_name);
    name.is_some_and(|name| OWN_PROGRAM_NAMES.iter().any(|own| name == *own))
}

/// Whether a hook program of ours, of whatever version, runs below a client.
pub(super) fn has_hook_below(client: ProcessKey) -> io::Result<bool> {
    let below = descendants(client)?.into_iter();
    let mut executables = below.filter_map(|found| process_executable(found.key.pid));
    Ok(executables.any(|path| hook_program::is_hook_program(&path)))
}

/// The children of a process.
pub(super) fn children(pid: u32) -> io::Result<Vec<LiveProcess>> {
    let mut all = all_processes()?;
    all.retain(|found| found.stat.parent == pid);
    Ok(all)
}

/// All of a process group.
pub(super) fn group(group: u32) -> io::Result<Vec<LiveProcess>> {
    let mut all = all_processes()?;
    all.retain(|found| found.stat.group == group);
    Ok(all)
}

/// This process and all above it.
pub(super) fn own_process_chain() -> BTreeSet<u32> {
    let mut chain = BTreeSet::new();
    let mut next = std::process::id();
    while next > 1 && chain.len() < MAX_OWN_ANCESTORS && chain.insert(next) {
        let Ok(Some(stat)) = sys::stat(next) else {
            break;
        };
        next = stat.parent;
    }
    chain
}

/// Whether a process is our own user's.
pub(super) fn is_ours(stat: &ProcessStat) -> bool {
    stat.uid == rustix::process::getuid().as_raw()
}

/// Sends a signal to a process of our own user's, unless it has ended; whether it was sent.
pub(super) fn signal(key: ProcessKey, signal: Signal) -> io::Result<bool> {
    match live_stat(key)? {
        Some(stat) if is_ours(&stat) => sys::signal(key, signal),
        _ => Ok(false),
    }
}

/// Waits until it is so; whether it became so in time.
pub(super) async fn wait_until(
    limit: Duration,
    mut ask: impl FnMut() -> io::Result<bool>,
) -> io::Result<bool> {
    let begun = clock::instant();
    loop {
        if ask()? {
            return Ok(true);
        }
        if begun.elapsed() >= limit {
            return Ok(false);
        }
        clock::sleep(PROCESS_POLL_INTERVAL).await;
    }
}

/// Whether a process cannot run, or has ended.
pub(super) fn is_stopped_or_gone(key: ProcessKey) -> io::Result<bool> {
    Ok(live_stat(key)?.is_none_or(|stat| stat.stopped.is_some()))
}

/// Whether a process can run, or has ended.
pub(super) fn is_running_or_gone(key: ProcessKey) -> io::Result<bool> {
    Ok(live_stat(key)?.is_none_or(|stat| stat.stopped.is_none()))
}
