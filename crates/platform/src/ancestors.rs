//! The parents of a process.

use super::sys;
use std::path::Path;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use trusty_fleet::terminal::ProcessAncestor;

/// The limit for the parents of one process; a longer chain is taken for a loop.
const MAX_PARENT_CHAIN: usize = 32;

/// The parents of a process, nearest first, without pid 1; at most 32.
pub fn ancestors(pid: u32) -> Vec<ProcessAncestor> {
    let mut chain: Vec<ProcessAncestor> = Vec::new();
    let Ok(mut system) = System::new() else {
        return chain;
    };
    let mut next = sys::stat(pid).ok().flatten().map_or(0, |stat| stat.parent);
    while next > 1 && chain.len() < MAX_PARENT_CHAIN && chain.iter().all(|a| a.pid != next) {
        let Ok(Some(stat)) = sys::stat(next) else {
            break;
        };
        let id = Pid::from_u32(next);
        let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[id]),
            true,
            kind.without_tasks(),
        );
        let Some(process) = system.process(id) else {
            break;
        };
        chain.push(ProcessAncestor {
            pid: next,
            name: process.name().to_string_lossy().into_owned(),
            exe: process.exe().map(Path::to_path_buf),
            start: Some(stat.start),
            uid: Some(stat.uid),
            seat: None,
        });
        next = stat.parent;
    }
    chain
}
