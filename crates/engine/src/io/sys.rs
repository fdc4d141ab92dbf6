//! The operating system: one name, two files.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::{
    OPENER, SCRIPTS, cgroup, control_terminal, data_home, environment, exited, ignore_hangup,
    is_frozen, machine, pids, signal, since_boot, sleep, started, stat,
};
#[cfg(target_os = "macos")]
pub use macos::{
    OPENER, SCRIPTS, cgroup, control_terminal, data_home, environment, exited, ignore_hangup,
    is_frozen, machine, pids, signal, since_boot, sleep, started, stat,
};

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use trusty_fleet::identity::{ProcessKey, StartTime};

/// Whether a control group can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frost {
    /// Nothing in it can.
    Frozen,
    /// All in it can.
    Thawed,
}

/// What the kernel tells of a process without its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
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

/// Whether this process was started deaf to the signal of this number, and still is.
pub fn is_ignored(number: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: the call changes nothing where no new action is given, and fills the old one where
    // it succeeds.
    unsafe {
        libc::sigaction(number, ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_known() {
        // A program in Rust is started deaf to it.
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGTERM));
    }
}
