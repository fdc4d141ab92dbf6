//! What the kernel says of one process: its state, its program, and what it uses.

use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_fleet::identity::StartTime;

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
    /// running process and for one stopped by a debugger. The number is that of the system on which
    /// the process runs.
    pub stopped: Option<u32>,
    /// Whether the process has ended, but was not yet reaped by its parent.
    pub zombie: bool,
    /// The device number of the controlling terminal; 0 for none.
    pub terminal: u64,
}

/// The program that a process runs, as the kernel tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessProgram {
    /// The short name: `comm`, which Linux cuts at 15 bytes; on macOS up to 32 bytes.
    pub name: String,
    /// The running file itself, links resolved: `/proc/<pid>/exe` without Linux's mark of a removed
    /// file, `proc_pidpath` on macOS. None if the process may not be read; on macOS also if the
    /// file was removed.
    pub real_path: Option<PathBuf>,
    /// The path that execve(2) was given, links not followed. Only macOS keeps it.
    pub exec_path: Option<PathBuf>,
    /// Where `exec_path` leads now; looked up only if `real_path` is unknown. After an update, the
    /// link in the search path leads to the new version of the same program.
    pub exec_target: Option<PathBuf>,
    /// The arguments, the program's name first, without empty ones.
    pub argv: Vec<String>,
}

impl ProcessProgram {
    /// The known paths of the executable, the most reliable first.
    pub fn paths(&self) -> Vec<&Path> {
        let paths = [&self.real_path, &self.exec_target, &self.exec_path];
        paths.into_iter().flatten().map(PathBuf::as_path).collect()
    }

    /// The most reliable of the known paths.
    pub fn path(&self) -> Option<&Path> {
        self.paths().first().copied()
    }
}

/// What one process, without its children, uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUsage {
    /// The processor time so far, of user and system.
    pub cpu_time: Duration,
    /// The resident memory in bytes.
    pub resident_bytes: u64,
}
