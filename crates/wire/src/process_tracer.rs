//! Whether a session started a process, and which process is at the other end of a connection. The
//! facts are gathered here and judged by [`trusty_fleet::authorization`].

use crate::process_scope::ProcessScope;
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::{
    FIRST_PID, GroupMember, LivingSession, NamedProcess, PeerTerminal, ProcessMark, ProcessOrigin,
    TerminalOperator, TracedProcess, find_mark,
};
use trusty_fleet::client::{ProcessRole, identify_program};
use trusty_fleet::identity::{MachineIdentity, ProcessKey};
use trusty_platform::file_identity::FileState;
use trusty_platform::peer_identity::{PeerIdentity, PeerIdentityError};
use trusty_platform::process_executable::process_executable;
use trusty_platform::process_reader::{LiveKernel, ProcessReader};
use trusty_platform::terminal_master::{DevptsInstances, terminal_holders};
use trusty_platform::{process_details, sys};

/// The variables by which Claude Code identifies itself to its child processes.
pub const SESSION_VARIABLES: [&str; 2] = ["CLAUDE_PID", "CLAUDE_CODE_SESSION_ID"];

/// Distinguishes the processes of sessions from all others.
#[derive(Debug, Clone)]
pub struct ProcessTracer {
    machine: MachineIdentity,
    scope: ProcessScope,
}

impl ProcessTracer {
    /// A tracer for the sessions of this machine within the scope of discovery.
    pub fn new(machine: MachineIdentity, scope: ProcessScope) -> Self {
        Self { machine, scope }
    }

    /// The mark by which a process, or its terminal, counts as started by a session; none if it has
    /// no mark.
    ///
    /// `sessions` may be empty if they are not known; then Claude Code is recognised by executable
    /// and arguments alone. Reads many small files: do not call this on a thread that must not
    /// block.
    pub fn find_mark(&self, pid: u32, sessions: &[LivingSession]) -> Option<ProcessMark> {
        find_mark(&self.origin(pid, sessions), sessions)
    }

    /// The mark of this process; see [`Self::mark`].
    pub fn own_mark(&self, sessions: &[LivingSession]) -> Option<ProcessMark> {
        self.find_mark(std::process::id(), sessions)
    }

    /// The terminal of a process and the mark of its operator; none if the process has no terminal.
    pub fn terminal(&self, pid: u32, sessions: &[LivingSession]) -> Option<PeerTerminal> {
        let stat = sys::stat(pid).ok()??;
        let tty = sys::control_terminal(stat.terminal)?;
        let instances = DevptsInstances::of_controlling_terminal(pid, stat.terminal);
        let holders = terminal_holders(stat.terminal, &instances);
        Some(PeerTerminal {
            tty,
            foreground: stat.foreground != 0 && stat.foreground == stat.group,
            operator: terminal_operator(holders, |holder| self.find_mark(holder, sessions)),
        })
    }

    fn origin(&self, pid: u32, sessions: &[LivingSession]) -> ProcessOrigin {
        let stat = sys::stat(pid).ok().flatten();
        let device = stat.map_or(0, |stat| stat.terminal);
        let tty = sys::control_terminal(device);
        let of_same_path = sessions
            .iter()
            .filter(|session| tty.is_some() && session.tty == tty);
        let (lineage, entered_namespace) = self.lineage(pid);
        ProcessOrigin {
            lineage,
            entered_namespace,
            foreign_ttys: foreign_terminals(pid, device, of_same_path),
            tty,
            group: self.group(pid),
        }
    }

    /// A process and all its parents, without a limit, so that a long chain hides nothing; and
    /// whether the last one was put into this pid namespace from outside.
    fn lineage(&self, pid: u32) -> (Vec<TracedProcess>, bool) {
        let mut seen = BTreeSet::new();
        let mut lineage = Vec::new();
        let mut entered_namespace = false;
        let mut next = pid;
        while next > 0 && seen.insert(next) {
            let Ok(Some(stat)) = sys::stat(next) else {
                break;
            };
            entered_namespace = is_from_outside(next, stat.parent);
            let key = ProcessKey {
                pid: next,
                start: stat.start,
            };
            let [client, claude_id] = process_details::variables(next, SESSION_VARIABLES);
            let text = |value: std::ffi::OsString| value.into_string().ok();
            lineage.push(TracedProcess {
                key,
                id: self.machine.session_id(key),
                is_client: self.is_client(next),
                client: client
                    .and_then(text)
                    .and_then(|pid| self.named_process(&pid)),
                claude_id: claude_id.and_then(text),
            });
            next = stat.parent;
        }
        (lineage, entered_namespace)
    }

    /// The process whose pid a variable names, if it lives.
    fn named_process(&self, pid: &str) -> Option<NamedProcess> {
        let pid = pid.parse().ok()?;
        let stat = sys::stat(pid).ok()??;
        let key = ProcessKey {
            pid,
            start: stat.start,
        };
        (!stat.zombie).then(|| NamedProcess {
            key,
            id: self.machine.session_id(key),
            is_client: self.is_client(pid),
        })
    }

    /// Whether a process is Claude Code, by its executable and arguments, and in the scope of
    /// discovery.
    fn is_client(&self, pid: u32) -> bool {
        let Some(program) = LiveKernel.program(pid) else {
            return false;
        };
        identify_program(&program.paths(), &program.argv).role != ProcessRole::Other
            && self.scope.contains_process(pid)
    }

    /// The processes in the cgroup of a process; none if that is the root cgroup.
    fn group(&self, pid: u32) -> Vec<GroupMember> {
        let Ok(Some(group)) = sys::cgroup::cgroup_of(pid) else {
            return Vec::new();
        };
        if sys::cgroup::is_root(&group) {
            return Vec::new();
        }
        let pids = sys::cgroup::members(&group).unwrap_or_default();
        let keys = pids.into_iter().filter_map(|pid| {
            let start = sys::stat(pid).ok()??.start;
            Some(ProcessKey { pid, start })
        });
        let keys: Vec<ProcessKey> = keys.collect();
        let oldest = keys.iter().map(|key| key.start).min();
        let member = |key: ProcessKey| GroupMember {
            key,
            id: self.machine.session_id(key),
            is_client: Some(key.start) == oldest && self.is_client(key.pid),
        };
        keys.into_iter().map(member).collect()
    }
}

/// Whether a process was put into this pid namespace from outside: it has no parent here, and is
/// not the first process.
fn is_from_outside(pid: u32, parent: u32) -> bool {
    parent == 0 && pid != FIRST_PID
}

/// The sessions whose terminal has this device number, but is not the terminal of the process: a
/// container has a `/dev/pts/0` of its own.
fn foreign_terminals<'a>(
    pid: u32,
    device: u64,
    sessions: impl Iterator<Item = &'a LivingSession>,
) -> Vec<SessionId> {
    let own = LazyCell::new(|| DevptsInstances::of_controlling_terminal(pid, device));
    let foreign = sessions.filter(|session| {
        let instances = DevptsInstances::of_controlling_terminal(session.pid, device);
        !instances.may_be_same(&own)
    });
    foreign.map(|session| session.id).collect()
}

/// The peer of a connection, or why it is not known.
pub type ConnectedPeer = Arc<Result<ConnectedProcess, PeerIdentityError>>;

/// A process at the other end of a connection.
#[derive(Debug)]
pub struct ConnectedProcess {
    /// The process's identity.
    pub identity: PeerIdentity,
    /// The file that the process executed when the connection was accepted or made.
    pub executable: Option<FileState>,
}

/// The process at the other end of a connection that was just accepted or made.
pub fn connected_peer(stream: impl AsFd) -> ConnectedPeer {
    let identity = PeerIdentity::of_socket(stream, sys::living_start);
    Arc::new(identity.map(|identity| {
        let executable = process_executable(identity.pid);
        ConnectedProcess {
            executable: executable.ok().map(|executable| executable.file),
            identity,
        }
    }))
}

/// Whether one of the processes that hold a terminal's master has the mark of a session.
fn terminal_operator(
    holders: io::Result<Vec<u32>>,
    mark: impl Fn(u32) -> Option<ProcessMark>,
) -> TerminalOperator {
    match holders {
        Ok(holders) => match holders.into_iter().find_map(mark) {
            Some(mark) => TerminalOperator::Marked(mark),
            None => TerminalOperator::Unmarked,
        },
        Err(e) => TerminalOperator::Unknown(e.to_string()),
    }
}

#[cfg(test)]
mod operator_tests;
#[cfg(test)]
mod tests;
