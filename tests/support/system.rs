//! What the tests need of the operating system, under one name each.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    CLIENT_PACKAGE, DEFAULT_PATH, SESSION_LAUNCHER, TERMINAL_LAUNCHER, all_pids, open_terminal,
    process_environment, process_stat, send_signal, socket_folder, terminal_settings,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    CLIENT_PACKAGE, DEFAULT_PATH, SESSION_LAUNCHER, TERMINAL_LAUNCHER, all_pids, open_terminal,
    process_environment, process_stat, send_signal, socket_folder, terminal_settings,
};

use crate::process::ProcessRef;

/// What the kernel reports about a process.
pub(crate) struct ProcStat {
    pub(crate) process: ProcessRef,
    pub(crate) parent: u32,
    /// The state letter, as `ps` prints it.
    pub(crate) state: char,
    /// Whether the process is in the foreground process group of its terminal.
    pub(crate) is_foreground: bool,
}
