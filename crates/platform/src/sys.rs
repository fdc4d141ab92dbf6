//! The calls that differ between Linux and macOS, under one name each.

mod freezer_state;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod own_session;
mod signals;

#[cfg(target_os = "linux")]
pub use linux::{
    CURRENT_SYSTEM, FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract,
    control_terminal, environment, ignore_hangup, is_frozen, machine, peer_uid, pids, signal,
    since_boot, start_since_boot, stat, user_folder,
};
#[cfg(target_os = "macos")]
pub use macos::{
    CURRENT_SYSTEM, FILE_OPENER, SCRIPT_RUNNER, arguments, cgroup, connect_abstract,
    control_terminal, environment, ignore_hangup, is_frozen, machine, peer_uid, pids, signal,
    since_boot, start_since_boot, stat, user_folder,
};

pub use freezer_state::FreezerState;
pub use own_session::in_own_session;
pub use signals::{is_ignored, with_first_file_limit};

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use trusty_fleet::identity::{ProcessKey, StartTime};

/// What the kernel reports about a process without its cooperation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// The start time, in the kernel's unit.
    pub start: StartTime,
    /// The parent's pid.
    pub parent: u32,
    /// The process group.
    pub group: u32,
    /// The session id: the pid of the session's leader.
    pub session: u32,
    /// The foreground process group of the controlling terminal; 0 for none.
    pub foreground: u32,
    /// The uid of the process's owner.
    pub uid: u32,
    /// The signal that stopped the process, 0 if the kernel does not report which; none for a
    /// running process and for one stopped by a debugger.
    pub stopped: Option<u32>,
    /// Whether the process has ended, but was not yet reaped by its parent.
    pub zombie: bool,
    /// The device number of the controlling terminal; 0 for none.
    pub terminal: u64,
}

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
