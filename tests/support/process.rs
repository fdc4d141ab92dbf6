//! Processes, identified by pid and start time, so that a reused pid is never mistaken for one.

use crate::wait::{self, WAIT_TIMEOUT};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// One process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessRef {
    /// The process id.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`.
    pub start_ticks: u64,
}

impl ProcessRef {
    /// The process that currently has this pid.
    pub fn of_pid(pid: u32) -> Option<Self> {
        ProcStat::read(pid).map(|stat| stat.process)
    }

    /// All processes that were started with `HOME` set to this folder.
    pub fn at_home(home: &Path) -> Vec<Self> {
        let ours = [b"HOME=", home.as_os_str().as_encoded_bytes()].concat();
        all_processes()
            .map(|stat| stat.process)
            .filter(|process| {
                let read = std::fs::read(format!("/proc/{}/environ", process.pid));
                read.is_ok_and(|all| all.split(|b| *b == 0).any(|one| one == ours))
            })
            .collect()
    }

    /// Whether the process still runs; a zombie does not.
    pub fn is_alive(self) -> bool {
        self.state().is_some_and(|state| state != 'Z')
    }

    /// The state letter of `/proc/PID/stat`; `None` once the process is gone.
    pub fn state(self) -> Option<char> {
        ProcStat::read(self.pid)
            .filter(|stat| stat.process == self)
            .map(|stat| stat.state)
    }

    /// Whether the process is in the foreground process group of its terminal.
    pub fn has_terminal(self) -> bool {
        ProcStat::read(self.pid).is_some_and(|stat| stat.process == self && stat.is_foreground)
    }

    /// The settings of the terminal on the process's standard input, as `stty -g` prints them.
    #[track_caller]
    pub fn tty_settings(self) -> String {
        let tty = std::fs::read_link(format!("/proc/{}/fd/0", self.pid)).expect("a terminal");
        let told = std::process::Command::new("stty")
            .args(["-g", "-F"])
            .arg(&tty)
            .output()
            .expect("stty runs");
        assert!(told.status.success(), "stty of {}", tty.display());
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    /// The file that the process executes.
    pub fn exe(self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/exe", self.pid)).ok()
    }

    /// Sends a signal if the pid still belongs to this process; whether the signal was sent.
    pub fn signal(self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid.cast_signed()) else {
            return false;
        };
        // The descriptor keeps referring to the process checked below, even if its pid is reused.
        let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else {
            return false;
        };
        Self::of_pid(self.pid) == Some(self) && pidfd_send_signal(fd, signal).is_ok()
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

struct ProcStat {
    process: ProcessRef,
    parent: u32,
    state: char,
    is_foreground: bool,
}

impl ProcStat {
    fn read(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything, including spaces and parentheses.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        // proc(5) numbers fields from 1; the pid and the name are 1 and 2.
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            state: field(3)?.chars().next()?,
            parent: field(4)?.parse().ok()?,
            is_foreground: field(5) == field(8),
            process: ProcessRef {
                pid,
                start_ticks: field(22)?.parse().ok()?,
            },
        })
    }
}

fn all_processes() -> impl Iterator<Item = ProcStat> {
    let entries = std::fs::read_dir("/proc").expect("/proc is mounted");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(ProcStat::read)
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
