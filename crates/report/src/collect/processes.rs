//! The processes that could be a session, with all their ancestors.

use super::text;
use crate::format::{ReportedProcess, StoppedBy};
use crate::redact::REPORTED_VARIABLES;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use trusty_fleet::client::{ProcessRole, classify_process, is_named_after_client};
use trusty_fleet::observation::HookObstacle;
use trusty_platform::process_stat::ProcessProgram;
use trusty_platform::{clock, tmux};
use trusty_sources::process::{DiscoveryReader, StartedProcess};
use trusty_wire::environment::Environment;
use trusty_wire::process_scope::{Confinement, ProcessScope};

/// The most processes of a report.
const MAX_COLLECTED_PROCESSES: usize = 1_000;
/// The most ancestors of one process; a longer chain is taken for a loop.
const MAX_ANCESTORS: usize = 32;

/// Collects processes of one machine.
pub(super) struct ProcessCollector<'a, K> {
    kernel: &'a K,
    env: &'a Environment,
    scope: ProcessScope,
    found: BTreeMap<u32, ReportedProcess>,
    /// Config folders to which the environments of possible sessions lead.
    folders: BTreeSet<PathBuf>,
    /// tmux servers that these environments name.
    tmux_sockets: BTreeSet<PathBuf>,
}

impl<'a, K: DiscoveryReader> ProcessCollector<'a, K> {
    pub(super) fn new(kernel: &'a K, env: &'a Environment, scope: ProcessScope) -> Self {
        Self {
            kernel,
            env,
            scope,
            found: BTreeMap::new(),
            folders: BTreeSet::new(),
            tmux_sockets: BTreeSet::new(),
        }
    }

    /// Adds the user's processes that are Claude Code, or whose name says so.
    pub(super) fn add_recognised(&mut self, pids: &BTreeSet<u32>) {
        for pid in pids {
            let is_ours =
                matches!(self.kernel.stat(*pid), Ok(Some(stat)) if stat.uid == self.scope.uid);
            let program = is_ours.then(|| self.kernel.program(*pid)).flatten();
            if program.is_some_and(|program| may_be_client(&program)) && self.is_in_scope(*pid) {
                self.add(*pid);
            }
        }
    }

    /// Whether the settings let discovery see a process.
    fn is_in_scope(&self, pid: u32) -> bool {
        match self.scope.confinement {
            Confinement::Open => true,
            Confinement::Confined => {
                let environment = self.kernel.environment(pid).ok();
                self.scope.contains_environment(environment.as_deref())
            }
        }
    }

    pub(super) fn add_all(&mut self, pids: impl IntoIterator<Item = u32>) {
        for pid in pids {
            self.add(pid);
        }
    }

    /// Adds a process that could be a session, and its ancestors.
    fn add(&mut self, pid: u32) {
        if let Some(parent) = self.describe(pid) {
            self.add_ancestors(parent);
        }
        if let Some(environment) = self
            .kernel
            .environment(pid)
            .ok()
            .filter(|all| !all.is_empty())
        {
            let named = |name: &str| {
                let found = environment.iter().find(|(n, _)| n == name)?;
                Some(found.1.clone()).filter(|value| !value.is_empty())
            };
            let default = || {
                let home = named("HOME").map_or_else(|| self.env.home.clone(), PathBuf::from);
                home.join(".claude")
            };
            let folder = named("CLAUDE_CONFIG_DIR").map_or_else(default, PathBuf::from);
            if folder.is_absolute() {
                self.folders.insert(folder);
            }
            let tmux = named("TMUX");
            let socket = tmux.as_deref().and_then(tmux::socket_in_variable);
            self.tmux_sockets.extend(socket);
        }
    }

    pub(super) fn add_ancestors_of(&mut self, pids: &BTreeSet<u32>) {
        for pid in pids {
            self.add_ancestors(*pid);
        }
    }

    fn add_ancestors(&mut self, nearest: u32) {
        let mut next = nearest;
        for _ in 0..MAX_ANCESTORS {
            if next <= 1 {
                break;
            }
            let Some(parent) = self.describe(next) else {
                break;
            };
            next = parent;
        }
    }

    /// Describes a process, unless that was done; returns its parent.
    fn describe(&mut self, pid: u32) -> Option<u32> {
        if let Some(known) = self.found.get(&pid) {
            return Some(known.parent);
        }
        if self.found.len() >= MAX_COLLECTED_PROCESSES {
            return None;
        }
        let process = describe_process(self.kernel, pid)?;
        let parent = process.parent;
        self.found.insert(pid, process);
        Some(parent)
    }

    pub(super) fn config_folders(&self) -> BTreeSet<PathBuf> {
        self.folders.clone()
    }

    pub(super) fn tmux_sockets(&self) -> &BTreeSet<PathBuf> {
        &self.tmux_sockets
    }

    pub(super) fn into_processes(self) -> Vec<ReportedProcess> {
        self.found.into_values().collect()
    }
}

/// Whether a process is Claude Code, or is called so: what is called so and not recognised is what a
/// report is for.
fn may_be_client(program: &ProcessProgram) -> bool {
    let is_known = |path: &Path| classify_process(Some(path), &program.argv) != ProcessRole::Other;
    let first = program.argv.first().map(Path::new);
    program
        .paths()
        .into_iter()
        .any(|path| is_known(path) || is_named_after_client(path))
        || first.is_some_and(is_named_after_client)
        || is_named_after_client(Path::new(&program.name))
}

fn describe_process(kernel: &impl DiscoveryReader, pid: u32) -> Option<ReportedProcess> {
    let stat = kernel.stat(pid).ok()??;
    let program = kernel.program(pid).unwrap_or_default();
    let folder = kernel.current_folder(pid);
    let environment = kernel.environment(pid).ok();
    let age = kernel
        .since_boot()
        .saturating_sub(kernel.start_since_boot(stat.start));
    // Whole seconds, because the subtraction of two clocks is not more exact.
    let started_at = clock::wall()
        .checked_sub(age)?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let started_at = UNIX_EPOCH + std::time::Duration::from_secs(started_at.as_secs());
    let argv = Some(program.argv.clone()).filter(|argv| !argv.is_empty());
    let obstacle = kernel.hook_obstacle(&StartedProcess {
        pid,
        argv: &program.argv,
        // What the environment says is in the report itself.
        environment: &[],
        cwd: folder.as_deref(),
    });
    let own = |path: &Option<PathBuf>| path.as_deref().map(text);
    Some(ReportedProcess {
        pid,
        parent: stat.parent,
        start: Some(stat.start.0),
        started_at: Some(started_at),
        uid: Some(stat.uid),
        exec_path: own(&program.exec_path),
        real_path: own(&program.real_path),
        exec_target: own(&program.exec_target),
        name: Some(program.name).filter(|name| !name.is_empty()),
        argv,
        project: folder
            .as_deref()
            .and_then(|folder| kernel.project_folder(folder))
            .as_deref()
            .map(text),
        folder: own(&folder),
        tty: kernel.terminal_name(stat.terminal),
        session: Some(stat.session),
        group: Some(stat.group),
        foreground: Some(stat.foreground).filter(|group| *group != 0),
        stopped: stat
            .stopped
            .map(|signal| StoppedBy::from_number(kernel.system(), signal)),
        zombie: stat.zombie,
        frozen: kernel.is_frozen(pid),
        freezable: kernel.can_leave_cgroup(pid),
        contained: !kernel.shares_our_namespaces(pid),
        other_pid_namespace: obstacle == Some(HookObstacle::OtherPidNamespace),
        environment: environment.map(|all| chosen_variables(&all)),
        hooks_disabled_in: match obstacle {
            Some(HookObstacle::Disabled(file)) => Some(text(&file)),
            _ => None,
        },
    })
}

fn chosen_variables(all: &[(OsString, OsString)]) -> BTreeMap<String, String> {
    let named = all.iter().filter_map(|(name, value)| {
        // Of all search paths, only that of the program that writes the report matters.
        let name = name
            .to_str()
            .filter(|name| REPORTED_VARIABLES.contains(name) && *name != "PATH")?;
        Some((name.to_owned(), value.to_string_lossy().into_owned()))
    });
    named.collect()
}
