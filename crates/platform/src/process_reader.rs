//! What the kernel says about processes, behind one trait, so that discovery runs through the same
//! code for the live kernel and for a file that stands for another machine.

use super::files;
use super::process_namespaces;
use super::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};
use super::sys;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use trusty_fleet::System;
use trusty_fleet::identity::StartTime;

/// The kernel of one machine. An implementation asks nothing of any other machine.
pub trait ProcessReader {
    /// The operating system of the machine.
    fn system(&self) -> System;

    /// All visible pids.
    ///
    /// # Errors
    /// The system does not list its processes.
    fn pids(&self) -> io::Result<Vec<u32>>;

    /// The state of a process; `None` if there is no such process.
    ///
    /// # Errors
    /// The process may not be read.
    fn stat(&self, pid: u32) -> io::Result<Option<ProcessStat>>;

    /// The program of a process, as far as it may be read; `None` if there is no such process.
    fn program(&self, pid: u32) -> Option<ProcessProgram>;

    /// The environment that a process was started with. On macOS, the environment of a program that
    /// Apple's code signing restricts is empty.
    ///
    /// # Errors
    /// The process has ended, or its environment may not be read.
    fn environment(&self, pid: u32) -> io::Result<Vec<(OsString, OsString)>>;

    /// The current folder of a process.
    fn current_folder(&self, pid: u32) -> Option<PathBuf>;

    /// The path of a terminal device, by its number.
    fn terminal_name(&self, device: u64) -> Option<String>;

    /// When a process started, as the time since the machine's boot, sleep included. May differ by
    /// microseconds from call to call: callers keep the first answer for a process.
    fn start_since_boot(&self, start: StartTime) -> Duration;

    /// The time since the machine's boot, sleep included.
    fn since_boot(&self) -> Duration;

    /// Whether a process sees the same files and users as the program that reads it.
    fn shares_our_namespaces(&self, pid: u32) -> bool;

    /// Whether a process is in a frozen cgroup.
    fn is_frozen(&self, pid: u32) -> bool;

    /// Whether a process may be moved into a cgroup of its own, to be frozen there.
    fn can_leave_cgroup(&self, pid: u32) -> bool;

    /// What a process uses; `None` if it has ended or may not be read.
    fn usage(&self, pid: u32) -> Option<ProcessUsage>;
}

/// The kernel on which this program runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct LiveKernel;

impl ProcessReader for LiveKernel {
    fn system(&self) -> System {
        sys::CURRENT_SYSTEM
    }

    fn pids(&self) -> io::Result<Vec<u32>> {
        sys::pids()
    }

    fn stat(&self, pid: u32) -> io::Result<Option<ProcessStat>> {
        sys::stat(pid)
    }

    fn program(&self, pid: u32) -> Option<ProcessProgram> {
        sys::program(pid).map(with_exec_target)
    }

    fn environment(&self, pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
        sys::environment(pid)
    }

    fn current_folder(&self, pid: u32) -> Option<PathBuf> {
        sys::current_folder(pid)
    }

    fn terminal_name(&self, device: u64) -> Option<String> {
        sys::control_terminal(device)
    }

    fn start_since_boot(&self, start: StartTime) -> Duration {
        sys::start_since_boot(start)
    }

    fn since_boot(&self) -> Duration {
        sys::since_boot()
    }

    fn shares_our_namespaces(&self, pid: u32) -> bool {
        process_namespaces::shares_our_namespaces(pid)
    }

    fn is_frozen(&self, pid: u32) -> bool {
        sys::is_frozen(pid)
    }

    fn can_leave_cgroup(&self, pid: u32) -> bool {
        sys::cgroup::can_leave_cgroup(pid)
    }

    fn usage(&self, pid: u32) -> Option<ProcessUsage> {
        sys::usage(pid)
    }
}

/// Looks up where the path that execve(2) was given leads now, if the file itself is unknown.
fn with_exec_target(program: ProcessProgram) -> ProcessProgram {
    let exec_path = program.exec_path.as_deref();
    let lost = exec_path.filter(|path| program.real_path.is_none() && path.is_absolute());
    let exec_target = lost.and_then(files::resolve);
    ProcessProgram {
        exec_target,
        ..program
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_removed_program_is_known_by_where_its_link_leads_now() {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().canonicalize().expect("a path");
        let (link, new) = (root.join("program"), root.join("2.0"));
        std::fs::write(&new, "").expect("written");
        symlink(&new, &link).expect("link");
        let started = |real: Option<PathBuf>| {
            with_exec_target(ProcessProgram {
                exec_path: Some(link.clone()),
                real_path: real,
                ..ProcessProgram::default()
            })
        };
        let removed = started(None);
        assert_eq!(removed.path(), Some(new.as_path()));
        assert_eq!(removed.paths(), [new.as_path(), link.as_path()]);
        let old = root.join("1.0");
        let running = started(Some(old.clone()));
        assert_eq!(running.exec_target, None);
        assert_eq!(running.path(), Some(old.as_path()));
    }

    #[test]
    fn the_live_kernel_knows_this_process() {
        let (kernel, own) = (LiveKernel, std::process::id());
        let program = kernel.program(own).expect("it runs");
        let executable = std::env::current_exe().expect("a path");
        let executable = executable.canonicalize().expect("a path");
        assert_eq!(program.real_path, Some(executable));
        assert_eq!(program.argv.first(), std::env::args().next().as_ref());
        assert!(!program.name.is_empty());
        let folder = std::env::current_dir().expect("a folder");
        let folder = folder.canonicalize().expect("a path");
        assert_eq!(kernel.current_folder(own), Some(folder));
        assert!(kernel.usage(own).expect("it runs").resident_bytes > 0);
        assert_eq!(kernel.program(u32::MAX - 1), None);
        assert_eq!(kernel.usage(u32::MAX - 1), None);
        assert_eq!(kernel.current_folder(u32::MAX - 1), None);
    }
}
