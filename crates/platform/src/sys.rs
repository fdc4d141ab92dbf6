//! The calls that differ between Linux and macOS, under one name each.

mod freezer_state;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod signals;

#[cfg(target_os = "linux")]
pub use linux::{
    CURRENT_SYSTEM, FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract,
    control_terminal, current_folder, data_home, environment, ignore_hangup, is_frozen, machine,
    peer_uid, pids, program, runtime_home, signal, since_boot, start_since_boot, stat, usage,
};
#[cfg(target_os = "macos")]
pub use macos::{
    CURRENT_SYSTEM, FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract,
    control_terminal, current_folder, data_home, environment, executable_path, ignore_hangup,
    is_frozen, machine, peer_uid, pids, program, runtime_home, signal, since_boot,
    start_since_boot, stat, usage,
};

pub use super::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};
pub use freezer_state::FreezerState;
pub use signals::{is_ignored, with_first_file_limit};

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use trusty_fleet::identity::ProcessKey;

/// The start time of a live process, in the kernel's unit; none if there is no such process.
///
/// # Errors
/// The system does not report the process.
pub fn living_start(pid: u32) -> io::Result<Option<u64>> {
    let stat = stat(pid)?.filter(|stat| !stat.zombie);
    Ok(stat.map(|stat| stat.start.0))
}

/// Sends a signal to a process group if `member` still lives and is in it; returns whether the
/// signal was sent.
///
/// # Errors
/// As kill(2) fails, or the member cannot be read.
pub fn signal_group(member: ProcessKey, group: u32, signal: Signal) -> io::Result<bool> {
    let raw = i32::try_from(group).ok().and_then(Pid::from_raw);
    let Some(pid) = raw.filter(|_| group > 1) else {
        return Ok(false);
    };
    match stat(member.pid)? {
        Some(now) if now.start == member.start && now.group == group && !now.zombie => {}
        _ => return Ok(false),
    }
    match kill_process_group(pid, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(e) => Err(e.into()),
    }
}
