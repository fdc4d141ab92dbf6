//! Describes single processes of one machine.

use super::config_folder::OwnFolder;
use super::discovery_reader::DiscoveryReader;
use super::run_state::run_state;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use trusty_fleet::Timestamp;
use trusty_fleet::client::{ProcessRole, classify_process, identify_program};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::observation::{ProcessFacts, ProcessSample};
use trusty_integration::StartedProcess;
use trusty_platform::ancestors::{job_control_ids, read_ancestors};
use trusty_platform::clock::Clock;
use trusty_platform::sys::ProcessStat;
use trusty_platform::tmux;

/// Describes the processes of one machine.
#[derive(Debug)]
pub(super) struct ProcessDescriber<R> {
    machine: R,
    clock: Clock,
    /// The home folder of a process without `$HOME`.
    home: PathBuf,
    /// When each described process started. Kept, because macOS derives the time anew from two
    /// clocks at each question, and a start that moves would make each description another one.
    started: BTreeMap<u32, (StartTime, Timestamp)>,
}

impl<R: DiscoveryReader> ProcessDescriber<R> {
    pub(super) fn new(machine: R, clock: Clock, home: PathBuf) -> Self {
        Self {
            machine,
            clock,
            home,
            started: BTreeMap::new(),
        }
    }

    pub(super) fn machine(&self) -> &R {
        &self.machine
    }

    #[cfg(test)]
    pub(super) fn replace_machine(&mut self, machine: R) {
        self.machine = machine;
    }

    /// Drops what is kept of processes that have ended.
    pub(super) fn forget_ended(&mut self, alive: &BTreeSet<u32>) {
        self.started.retain(|pid, _| alive.contains(pid));
    }

    pub(super) fn role(&self, pid: u32) -> ProcessRole {
        let program = self.machine.program(pid);
        program.map_or(ProcessRole::Other, |program| {
            identify_program(&program.paths(), &program.argv).role
        })
    }

    /// Describes a process; `None` if it has ended meanwhile.
    pub(super) fn describe(&mut self, pid: u32, stat: &ProcessStat) -> Option<ProcessFacts> {
        let machine = &self.machine;
        let program = machine.program(pid)?;
        let paths = program.paths();
        let identified = identify_program(&paths, &program.argv);
        let cwd = machine.current_folder(pid);
        // On macOS, a process that hides its environment has an empty one.
        let environment = machine.environment(pid).unwrap_or_default();
        let folder = if environment.is_empty() {
            OwnFolder::default()
        } else {
            OwnFolder::find(machine, pid, &environment, cwd.as_deref(), &self.home)
        };
        let named = |name: &str| {
            let found = environment.iter().find(|(n, _)| n == name)?;
            Some(found.1.clone()).filter(|v| !v.is_empty())
        };
        let contained = !machine.shares_our_namespaces(pid);
        let ancestors = read_ancestors(machine, stat.parent);
        // Between fork and exec, every command that Claude Code starts is a copy of Claude Code.
        let is_copy = ancestors
            .first()
            .is_some_and(|a| classify_process(a.exe.as_deref(), &[]) != ProcessRole::Other);
        let role = if is_copy {
            ProcessRole::Other
        } else {
            identified.role
        };
        let key = ProcessKey {
            pid,
            start: stat.start,
        };
        let hook_obstacle = machine.hook_obstacle(&StartedProcess {
            pid,
            argv: &program.argv,
            environment: &environment,
            cwd: cwd.as_deref(),
        });
        let started_at = match self.started.get(&pid) {
            Some((same, at)) if *same == stat.start => *at,
            _ => self.clock.at(machine.start_since_boot(stat.start)),
        };
        self.started.insert(pid, (stat.start, started_at));
        let facts = ProcessFacts {
            key,
            uid: stat.uid,
            role,
            started_at,
            project: cwd.as_deref().and_then(|cwd| machine.project_folder(cwd)),
            cwd,
            ancestors,
            tty: machine.terminal_name(stat.terminal),
            config_dir: folder.path,
            config_folder: folder.facts,
            contained,
            // In a container, another process could listen at that path, and a tmux client runs
            // what the server says.
            tmux_socket: named("TMUX")
                .filter(|_| !contained)
                .and_then(|tmux| tmux::socket_in_variable(&tmux))
                .map(|socket| machine.tmux_server_path(&socket)),
            exe: identified.path.map(Path::to_path_buf),
            seat: Some(job_control_ids(stat)),
            freezable: machine.can_leave_cgroup(pid),
            hook_obstacle,
            pulse: ProcessSample {
                key,
                state: run_state(machine, pid, stat),
                usage: None,
            },
        };
        // The parts were read one after another, so they count only if the process is still the
        // same.
        machine
            .stat(pid)
            .ok()
            .flatten()
            .filter(|now| now.start == stat.start)
            .map(|_| facts)
    }
}
