//! macOS: libproc by way of `trusty_platform`, and perl in the place of `setsid`. Type-checked on
//! Linux, not yet run on a Mac.

use super::ProcStat;
use crate::TestHome;
use crate::process::ProcessRef;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::sys;

/// The npm package of the newest Claude Code.
pub(crate) const CLIENT_PACKAGE: &str = if cfg!(target_arch = "aarch64") {
    "claude-code-darwin-arm64"
} else {
    "claude-code-darwin-x64"
};
/// The `PATH` of programs in a test's home, with Homebrew's folder of either processor.
pub(crate) const DEFAULT_PATH: &str =
    "/opt/homebrew/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Starts the program that follows in a session of its own. A child of ours leads no group, so it
/// can begin a session.
pub(crate) const SESSION_LAUNCHER: &[&str] = &[
    "/usr/bin/perl",
    "-e",
    "use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV or die $!",
];
/// The same, with the terminal on standard input as the controlling one: `TIOCSCTTY` of
/// `sys/ttycom.h`.
pub(crate) const TERMINAL_LAUNCHER: &[&str] = &[
    "/usr/bin/perl",
    "-e",
    "use POSIX; POSIX::setsid(); ioctl(STDIN, 0x20007461, 0) or die $!; \
     exec { $ARGV[0] } @ARGV or die $!",
];

pub(crate) fn process_stat(pid: u32) -> Option<ProcStat> {
    let stat = sys::stat(pid).ok()??;
    let state = match (stat.zombie, stat.stopped) {
        (true, _) => 'Z',
        (false, Some(_)) => 'T',
        (false, None) => 'S',
    };
    Some(ProcStat {
        process: ProcessRef {
            pid,
            start_ticks: stat.start.0,
        },
        parent: stat.parent,
        state,
        is_foreground: stat.group == stat.foreground,
    })
}

pub(crate) fn all_pids() -> Vec<u32> {
    sys::pids().expect("libproc lists the processes")
}

/// The variables of a process, each as `NAME=value`.
pub(crate) fn process_environment(pid: u32) -> Vec<Vec<u8>> {
    let pairs = sys::environment(pid).unwrap_or_default().into_iter();
    let pairs = pairs.map(|(name, value)| {
        let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
        [name, b"=", value].concat()
    });
    pairs.collect()
}

/// The folder of the engine's sockets in a home.
pub(crate) fn socket_folder(home: &TestHome) -> PathBuf {
    let uid = rustix::process::getuid().as_raw();
    home.environment().runtime_dir(uid)
}

/// Sends a signal if the pid still belongs to this process; whether the signal was sent.
pub(crate) fn send_signal(process: ProcessRef, signal: Signal) -> bool {
    let key = ProcessKey {
        pid: process.pid,
        start: StartTime(process.start_ticks),
    };
    sys::signal(key, signal).unwrap_or(false)
}

/// The settings of the controlling terminal of a process, as `stty -g` prints them.
#[track_caller]
pub(crate) fn terminal_settings(process: ProcessRef) -> String {
    let stat = sys::stat(process.pid).expect("readable").expect("alive");
    let tty = sys::control_terminal(stat.terminal).expect("a terminal");
    let tty = File::open(tty).expect("the terminal opens");
    let told = Command::new("stty")
        .arg("-g")
        .stdin(Stdio::from(tty))
        .output()
        .expect("stty runs");
    assert!(told.status.success(), "{told:?}");
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

/// Both ends of a new pseudo-terminal, the master first; programs that are started between the
/// two calls for the master inherit it, which macOS offers no means to prevent.
pub(crate) fn open_terminal() -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    fcntl_setfd(&master, FdFlags::CLOEXEC).expect("our descriptor");
    grantpt(&master).expect("a granted terminal");
    unlockpt(&master).expect("an unlocked terminal");
    let name = ptsname(&master, Vec::new()).expect("the terminal's name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = open(name, flags, Mode::empty()).expect("the other end of the terminal");
    (master, slave)
}
