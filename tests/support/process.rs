//! Processes, identified by pid and start time, so that a reused pid is never mistaken for one.

use crate::system::{self, ProcStat};
use crate::wait::{self, WAIT_TIMEOUT};
use rustix::process::Signal;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use trusty_platform::process_executable::process_executable;

/// One process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessRef {
    /// The process id.
    pub pid: u32,
    /// The start time in the kernel's unit: on Linux field 22 of `/proc/PID/stat`, on macOS
    /// microseconds since 1970.
    pub start_ticks: u64,
}

impl ProcessRef {
    /// The process that currently has this pid.
    pub fn of_pid(pid: u32) -> Option<Self> {
        system::process_stat(pid).map(|stat| stat.process)
    }

    /// All processes that were started with `HOME` set to this folder.
    pub fn at_home(home: &Path) -> Vec<Self> {
        let ours = [b"HOME=", home.as_os_str().as_encoded_bytes()].concat();
        all_processes()
            .map(|stat| stat.process)
            .filter(|process| system::process_environment(process.pid).contains(&ours))
            .collect()
    }

    /// Whether the process still runs; a zombie does not.
    pub fn is_alive(self) -> bool {
        self.state().is_some_and(|state| state != 'Z')
    }

    /// The state letter, as `ps` prints it; `None` once the process is gone.
    pub fn state(self) -> Option<char> {
        system::process_stat(self.pid)
            .filter(|stat| stat.process == self)
            .map(|stat| stat.state)
    }

    /// Whether the process is in the foreground process group of its terminal.
    pub fn has_terminal(self) -> bool {
        system::process_stat(self.pid)
            .is_some_and(|stat| stat.process == self && stat.is_foreground)
    }

    /// The settings of the process's terminal, as `stty -g` prints them.
    #[track_caller]
    pub fn tty_settings(self) -> String {
        system::terminal_settings(self)
    }

    /// The file that the process executes.
    pub fn exe(self) -> Option<PathBuf> {
        let told = process_executable(self.pid).ok();
        told.map(|executable| executable.path)
    }

    /// Sends a signal if the pid still belongs to this process; whether the signal was sent.
    pub fn signal(self, signal: Signal) -> bool {
        system::send_signal(self, signal)
    }

    /// Sends SIGSTOP and waits until the process is stopped.
    #[track_caller]
    pub fn stop(self) {
        assert!(self.signal(Signal::STOP));
        wait::until(WAIT_TIMEOUT, "a stop", || {
            (self.state() == Some('T')).then_some(())
        });
    }

    /// The process itself and all its descendants, nearest first; empty once it is gone.
    pub fn tree(self) -> Vec<Self> {
        let mut children: HashMap<u32, Vec<Self>> = HashMap::new();
        for stat in all_processes() {
            children.entry(stat.parent).or_default().push(stat.process);
        }
        let mut found: Vec<Self> = Self::of_pid(self.pid)
            .filter(|it| *it == self)
            .into_iter()
            .collect();
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            found.extend(children.remove(&parent.pid).unwrap_or_default());
            next += 1;
        }
        found
    }

    /// The nearest process of the [`tree`](Self::tree) that executes this file.
    pub fn find_exe(self, exe: &Path) -> Option<Self> {
        self.tree()
            .into_iter()
            .find(|process| process.exe().is_some_and(|found| found == exe))
    }
}

fn all_processes() -> impl Iterator<Item = ProcStat> {
    system::all_pids()
        .into_iter()
        .filter_map(system::process_stat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_below_its_parent_and_can_be_signalled() {
        let me = ProcessRef::of_pid(std::process::id()).expect("this process");
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep starts");
        let process = ProcessRef::of_pid(child.id()).expect("the child");
        assert!(me.tree().contains(&process));
        assert!(process.is_alive());
        assert!(process.signal(Signal::KILL));
        child.wait().expect("the child ends");
        assert!(!process.is_alive());
        assert!(!process.signal(Signal::KILL));
    }

    #[test]
    fn a_process_of_another_start_time_is_never_signalled() {
        let mut other = ProcessRef::of_pid(std::process::id()).expect("this process");
        other.start_ticks += 1;
        assert!(!other.signal(Signal::KILL));
        assert!(other.tree().is_empty());
    }
}
