//! The operating system: one name, two files.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::{
    OPENER, control_terminal, data_home, environment, exited, ignore_hangup, is_frozen, machine,
    pids, since_boot, sleep, started, stat,
};
#[cfg(target_os = "macos")]
pub use macos::{
    OPENER, control_terminal, data_home, environment, exited, ignore_hangup, is_frozen, machine,
    pids, since_boot, sleep, started, stat,
};

use trusty_fleet::identity::StartTime;

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
