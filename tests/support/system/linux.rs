//! Linux: `/proc`, pidfd, and `setsid` of util-linux.

use super::ProcStat;
use crate::TestHome;
use crate::process::ProcessRef;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The npm package of the newest Claude Code.
pub(crate) const CLIENT_PACKAGE: &str = "claude-code-linux-x64";
/// The `PATH` of programs in a test's home.
pub(crate) const DEFAULT_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Starts the program that follows in a session of its own.
pub(crate) const SESSION_LAUNCHER: &[&str] = &["/usr/bin/setsid"];
/// The same, with the terminal on standard input as the controlling one.
pub(crate) const TERMINAL_LAUNCHER: &[&str] = &["/usr/bin/setsid", "--ctty"];

pub(crate) fn process_stat(pid: u32) -> Option<ProcStat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, including spaces and parentheses.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // proc(5) numbers fields from 1; the pid and the name are 1 and 2.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(ProcStat {
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        is_foreground: field(5) == field(8),
        process: ProcessRef {
            pid,
            start_ticks: field(22)?.parse().ok()?,
        },
    })
}

pub(crate) fn all_pids() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc is mounted");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.collect()
}

/// The variables of a process, each as `NAME=value`.
pub(crate) fn process_environment(pid: u32) -> Vec<Vec<u8>> {
    let read = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    read.split(|b| *b == 0).map(<[u8]>::to_vec).collect()
}

/// The folder of the engine's sockets in a home.
pub(crate) fn socket_folder(home: &TestHome) -> PathBuf {
    home.runtime().join("trusty")
}

/// Sends a signal if the pid still belongs to this process; whether the signal was sent.
pub(crate) fn send_signal(process: ProcessRef, signal: Signal) -> bool {
    let Some(pid) = Pid::from_raw(process.pid.cast_signed()) else {
        return false;
    };
    // The descriptor keeps referring to the process checked below, even if its pid is reused.
    let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    ProcessRef::of_pid(process.pid) == Some(process) && pidfd_send_signal(fd, signal).is_ok()
}

/// The settings of the terminal on a process's standard input, as `stty -g` prints them.
#[track_caller]
pub(crate) fn terminal_settings(process: ProcessRef) -> String {
    let tty = std::fs::read_link(format!("/proc/{}/fd/0", process.pid)).expect("a terminal");
    let told = std::process::Command::new("stty")
        .args(["-g", "-F"])
        .arg(&tty)
        .output()
        .expect("stty runs");
    assert!(told.status.success(), "stty of {}", tty.display());
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

/// Both ends of a new pseudo-terminal, the master first; both are closed in programs that are
/// started meanwhile.
pub(crate) fn open_terminal() -> (OwnedFd, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).expect("a pseudo-terminal");
    grantpt(&master).expect("a granted terminal");
    unlockpt(&master).expect("an unlocked terminal");
    let slave = ioctl_tiocgptpeer(&master, flags).expect("the other end of the terminal");
    (master, slave)
}
