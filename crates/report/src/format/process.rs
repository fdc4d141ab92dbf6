//! One process of a report.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::SystemTime;
use trusty_fleet::System;
use trusty_fleet::time::rfc3339;
use utoipa::ToSchema;

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, by its name in the file"
)]
pub struct ReportedProcess {
    /// The process id.
    pub pid: u32,
    /// The pid of the parent.
    #[serde(default)]
    pub parent: u32,
    /// When the process started, in the kernel's unit: on Linux clock ticks since boot (1/100 s),
    /// on macOS microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// The same as a time (RFC 3339); used if `start` is missing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<SystemTime>,
    /// The user id of the owner; that of the user if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The short name, which the system may have cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path with which the program was started, links included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_path: Option<String>,
    /// The path of the file that runs, without links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_path: Option<String>,
    /// Where `exec_path` leads, if `real_path` is unknown, as after an update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_target: Option<String>,
    /// The arguments, the program first; none if they could not be read. Words that could be a
    /// prompt are replaced by their length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// The current folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The root of the git work tree around that folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The controlling terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The terminal session: the pid of its leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// The process group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// The process group in the foreground of the terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreground: Option<u32>,
    /// Which signal stopped the process; none if it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StoppedBy>,
    /// Whether the process has ended and waits for its parent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zombie: bool,
    /// Whether the process is in a frozen cgroup.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// Whether the process may be moved into a cgroup of its own and frozen there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freezable: bool,
    /// Whether the process runs in a container.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contained: bool,
    /// Whether the process is in another pid namespace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_pid_namespace: bool,
    /// Chosen variables of the environment; none if the environment could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<BTreeMap<String, String>>,
    /// The settings file of the project that disables hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks_disabled_in: Option<String>,
}

/// Which signal stopped a process.
///
/// * `keyboard`: SIGTSTP, as Ctrl-Z sends it
/// * `program`: SIGSTOP, which only another program sends
/// * `terminal`: SIGTTIN or SIGTTOU
/// * `unknown`: the system does not say
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// SIGTSTP, as Ctrl-Z sends it.
    Keyboard,
    /// SIGSTOP, which only another program sends.
    Program,
    /// SIGTTIN or SIGTTOU.
    Terminal,
    /// The system does not say.
    Unknown,
}

impl StoppedBy {
    /// The kinds that are known by a number.
    const NUMBERED_KINDS: [Self; 3] = [Self::Keyboard, Self::Program, Self::Terminal];

    /// The number of the signal on a system; 0 if it is not known.
    pub const fn signal_number(self, system: System) -> u32 {
        match (self, system) {
            (Self::Program, System::Linux) => 19,
            (Self::Program, System::Mac) => 17,
            (Self::Keyboard, System::Linux) => 20,
            (Self::Keyboard, System::Mac) => 18,
            (Self::Terminal, _) => 21,
            (Self::Unknown, _) => 0,
        }
    }

    /// The signal with a number on a system.
    pub fn from_number(system: System, number: u32) -> Self {
        // SIGTTOU, on both systems.
        if number == 22 {
            return Self::Terminal;
        }
        let known = Self::NUMBERED_KINDS.into_iter();
        let mut known = known.filter(|by| by.signal_number(system) == number);
        known.next().unwrap_or(Self::Unknown)
    }
}
