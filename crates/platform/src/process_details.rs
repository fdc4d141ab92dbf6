//! The environment of a process, and the terminals of its children.

use super::sys;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// How many different terminals the children of these processes are on.
pub fn terminals(parents: &[u32]) -> usize {
    let children = sys::pids().unwrap_or_default().into_iter();
    let devices: BTreeSet<u64> = children
        .filter_map(|pid| sys::stat(pid).ok().flatten())
        .filter(|stat| parents.contains(&stat.parent) && stat.terminal != 0 && !stat.zombie)
        .map(|stat| stat.terminal)
        .collect();
    devices.len()
}

/// The values of these environment variables of a process, in this order.
///
/// None for a variable that is empty or missing, and for a process of another user. The rest of the
/// environment is discarded.
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
