//! The parents of a process, and what it was started with.

use super::sys;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use trusty_fleet::terminal::Ancestor;

/// A longer chain of parents is a loop.
const MOST: usize = 32;

/// The parents of a process, nearest first.
pub fn ancestors(pid: u32) -> Vec<Ancestor> {
    let mut chain: Vec<Ancestor> = Vec::new();
    let Ok(mut system) = System::new() else {
        return chain;
    };
    let mut next = sys::stat(pid).ok().flatten().map_or(0, |stat| stat.parent);
    while next > 1 && chain.len() < MOST && chain.iter().all(|a| a.pid != next) {
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
        chain.push(Ancestor {
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

/// The arguments of a process; none where they may not be read.
pub fn arguments(pid: u32) -> Vec<String> {
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    let id = Pid::from_u32(pid);
    let kind = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, kind.without_tasks());
    let process = system.process(id);
    let arguments = process.map(sysinfo::Process::cmd).unwrap_or_default();
    arguments
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

/// How many terminals the children of these processes are on.
pub fn terminals(parents: &[u32]) -> usize {
    let children = sys::pids().unwrap_or_default().into_iter();
    let devices: BTreeSet<u64> = children
        .filter_map(|pid| sys::stat(pid).ok().flatten())
        .filter(|stat| parents.contains(&stat.parent) && stat.terminal != 0 && !stat.zombie)
        .map(|stat| stat.terminal)
        .collect();
    devices.len()
}

/// These variables of a process of our own user's, in this order. All others are forgotten.
pub fn variables<const N: usize>(pid: u32, names: [&str; N]) -> [Option<OsString>; N] {
    let own = rustix::process::getuid().as_raw();
    let is_own = sys::stat(pid).ok().flatten().is_some_and(|s| s.uid == own);
    let all = if is_own {
        sys::environment(pid).unwrap_or_default()
    } else {
        Vec::new()
    };
    names.map(|name| {
        let found = all.iter().find(|(known, _)| known == name)?;
        Some(found.1.clone()).filter(|value| !value.is_empty())
    })
}
