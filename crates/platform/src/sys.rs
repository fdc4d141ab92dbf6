//! The operating system: one name, two files.

mod freezer_state;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod signals;

#[cfg(target_os = "linux")]
pub use linux::{
    FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract, control_terminal, data_home,
    environment, ignore_hangup, is_frozen, machine, peer_uid, pids, runtime_home, signal,
    since_boot, start_since_boot, stat,
};
#[cfg(target_os = "macos")]
pub use macos::{
    FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract, control_terminal, data_home,
    environment, ignore_hangup, is_frozen, machine, peer_uid, pids, runtime_home, signal,
    since_boot, start_since_boot, stat,
};

pub use freezer_state::FreezerState;
pub use signals::{is_ignored, with_first_file_limit};

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use trusty_fleet::identity::{ProcessKey, StartTime};

/// What the kernel tells of a process without its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// When it started, in the kernel's unit.
    pub start: StartTime,
    /// Its parent.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// The first process of its terminal's session.
    pub session: u32,
    /// The process group that its terminal listens to; 0 for none.
    pub foreground: u32,
    /// Its owner.
    pub uid: u32,
    /// Stopped by this signal, 0 if the kernel does not tell which; a stop under a debugger is
    /// none.
    pub stopped: Option<u32>,
    /// Ended, but not yet collected by its parent.
    pub zombie: bool,
    /// The number of its controlling terminal's device; 0 for none.
    pub terminal: u64,
}

/// When a process that lives started, in the kernel's unit; none if there is no such process.
///
/// # Errors
/// The system does not tell.
pub fn living_start(pid: u32) -> io::Result<Option<u64>> {
    let stat = stat(pid)?.filter(|stat| !stat.zombie);
    Ok(stat.map(|stat| stat.start.0))
}

/// Sends a signal to a process group of which this process is one; whether it was sent.
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
