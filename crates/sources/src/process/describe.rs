//! Describes single processes with sysinfo.

use super::config_folder::OwnFolder;
use super::run_state;
use crate::project::project_of;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use trusty_fleet::client::{ProcessRole, classify_process};
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::{JobControlIds, ProcessFacts, ProcessSample};
use trusty_fleet::session::ResourceUsage;
use trusty_fleet::terminal::ProcessAncestor;
use trusty_integration::StartedProcess;
use trusty_platform::clock::Clock;
use trusty_platform::folder_access::FolderAccess;
use trusty_platform::process_namespaces::shares_our_namespaces;
use trusty_platform::sys::{self, ProcessStat};
use trusty_platform::tmux;

/// The limit for the chain of parents; a longer one is taken for a loop.
const MAX_CLIENT_ANCESTORS: usize = 32;
/// Processes whose usage is kept after they have ended; with more, all are forgotten.
const MAX_ENDED_FIGURES: usize = 256;

#[derive(Debug)]
pub(super) struct ProcessDescriber {
    clock: Clock,
    /// The home folder of a process without `$HOME`.
    home: PathBuf,
    system: System,
    /// Keeps the processor times from which the next usage is measured.
    figures: System,
}

impl ProcessDescriber {
    pub(super) fn new(clock: Clock, home: PathBuf) -> io::Result<Self> {
        let (system, figures) = (system()?, system()?);
        Ok(Self {
            clock,
            home,
            system,
            figures,
        })
    }

    /// Drops everything that was read, which would otherwise be kept for every pid ever seen.
    pub(super) fn forget_ended(&mut self) {
        if let Ok(empty) = system() {
            self.system = empty;
        }
    }

    fn read(&mut self, pid: u32, kind: ProcessRefreshKind) -> Option<&Process> {
        let pid = Pid::from_u32(pid);
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            kind.without_tasks(),
        );
        self.system.process(pid)
    }

    pub(super) fn role(&mut self, pid: u32) -> ProcessRole {
        let kind = ProcessRefreshKind::nothing()
            .with_exe(UpdateKind::Always)
            .with_cmd(UpdateKind::Always);
        self.read(pid, kind)
            .map_or(ProcessRole::Other, |p| classify_process(p.exe(), &argv(p)))
    }

    /// Describes a process; `None` if it has ended meanwhile.
    pub(super) fn describe(&mut self, pid: u32, stat: &ProcessStat) -> Option<ProcessFacts> {
        let kind = ProcessRefreshKind::nothing()
            .with_exe(UpdateKind::Always)
            .with_cmd(UpdateKind::Always)
            .with_cwd(UpdateKind::Always);
        let process = self.read(pid, kind)?;
        let argv = argv(process);
        let told = classify_process(process.exe(), &argv);
        let cwd = process.cwd().map(Path::to_path_buf);
        let exe = process.exe().map(Path::to_path_buf);
        // On macOS, a process that hides its environment has an empty one.
        let environment = sys::environment(pid).unwrap_or_default();
        let folder = if environment.is_empty() {
            OwnFolder::default()
        } else {
            OwnFolder::find(pid, &environment, cwd.as_deref(), &self.home)
        };
        let named = |name: &str| {
            let found = environment.iter().find(|(n, _)| n == name)?;
            Some(found.1.clone()).filter(|v| !v.is_empty())
        };
        let contained = !shares_our_namespaces(pid);
        let ancestors = self.ancestors(stat.parent);
        // Between fork and exec, every command that Claude Code starts is a copy of Claude Code.
        let is_copy = ancestors
            .first()
            .is_some_and(|a| classify_process(a.exe.as_deref(), &[]) != ProcessRole::Other);
        let role = if is_copy { ProcessRole::Other } else { told };
        let key = ProcessKey {
            pid,
            start: stat.start,
        };
        let hook_obstacle = trusty_integration::hook_obstacle(&StartedProcess {
            pid,
            argv: &argv,
            environment: &environment,
            cwd: cwd.as_deref(),
        });
        let facts = ProcessFacts {
            key,
            uid: stat.uid,
            role,
            started_at: self.clock.at(sys::start_since_boot(stat.start)),
            project: cwd
                .as_deref()
                .and_then(|cwd| project_of(cwd, &FolderAccess::current())),
            cwd,
            ancestors,
            tty: sys::control_terminal(stat.terminal),
            config_dir: folder.path,
            config_folder: folder.facts,
            contained,
            // In a container, another process could listen at that path, and a tmux client runs
            // what the server says.
            tmux_socket: named("TMUX")
                .filter(|_| !contained)
                .and_then(tmux_socket)
                .map(|socket| tmux::server_path(&socket, &FolderAccess::current())),
            exe,
            seat: Some(job_control_ids(stat)),
            freezable: sys::cgroup::can_leave_cgroup(pid),
            hook_obstacle,
            pulse: ProcessSample {
                key,
                state: run_state(pid, stat),
                usage: None,
            },
        };
        // The parts were read one after another, so they count only if the process is still the
        // same.
        sys::stat(pid)
            .ok()
            .flatten()
            .filter(|now| now.start == stat.start)
            .map(|_| facts)
    }

    fn ancestors(&mut self, parent: u32) -> Vec<ProcessAncestor> {
        let mut chain: Vec<ProcessAncestor> = Vec::new();
        let mut next = parent;
        while next > 1 && chain.len() < MAX_CLIENT_ANCESTORS && chain.iter().all(|a| a.pid != next)
        {
            let Ok(Some(stat)) = sys::stat(next) else {
                break;
            };
            let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
            let Some(process) = self.read(next, kind) else {
                break;
            };
            chain.push(ProcessAncestor {
                pid: next,
                name: process.name().to_string_lossy().into_owned(),
                exe: process.exe().map(Path::to_path_buf),
                start: Some(stat.start),
                uid: Some(stat.uid),
                seat: Some(job_control_ids(&stat)),
            });
            next = stat.parent;
        }
        chain
    }

    /// The usage of the process tree below each root. Reads the whole table, so only while usage is
    /// shown.
    pub(super) fn usages(
        &mut self,
        roots: impl Iterator<Item = u32>,
    ) -> BTreeMap<u32, ResourceUsage> {
        let parents: BTreeMap<u32, u32> = sys::pids()
            .unwrap_or_default()
            .into_iter()
            .filter_map(|pid| Some((pid, sys::stat(pid).ok()??.parent)))
            .collect();
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (pid, parent) in parents {
            children.entry(parent).or_default().push(pid);
        }
        let trees: BTreeMap<u32, Vec<u32>> = roots
            .map(|root| (root, process_subtree(root, &children)))
            .collect();
        // One tree may lie within another.
        let all: BTreeSet<u32> = trees.values().flatten().copied().collect();
        let all: Vec<Pid> = all.into_iter().map(Pid::from_u32).collect();
        if self.figures.processes().len() > 2 * all.len() + MAX_ENDED_FIGURES
            && let Ok(empty) = system()
        {
            self.figures = empty;
        }
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        self.figures
            .refresh_processes_specifics(ProcessesToUpdate::Some(&all), true, kind);
        trees
            .into_iter()
            .map(|(root, tree)| (root, self.usage(&tree)))
            .collect()
    }

    fn usage(&self, tree: &[u32]) -> ResourceUsage {
        let mut usage = ResourceUsage { cpu: 0.0, rss: 0 };
        for process in tree
            .iter()
            .filter_map(|pid| self.figures.process(Pid::from_u32(*pid)))
        {
            usage.cpu += process.cpu_usage();
            usage.rss += process.memory();
        }
        usage
    }
}

fn system() -> io::Result<System> {
    System::new().map_err(|e| io::Error::other(e.to_string()))
}

/// A process and its descendants.
fn process_subtree(root: u32, children: &BTreeMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(pid) = tree.get(at) {
        let below = children.get(pid).cloned().unwrap_or_default();
        tree.extend(below);
        at += 1;
    }
    tree
}

fn job_control_ids(stat: &ProcessStat) -> JobControlIds {
    JobControlIds {
        session: stat.session,
        group: stat.group,
    }
}

fn argv(process: &Process) -> Vec<String> {
    process
        .cmd()
        .iter()
        .map(|a| a.to_string_lossy().into_owned())
        .collect()
}

/// `$TMUX` is `socket,pid,session`, and the path of the socket may contain commas.
fn tmux_socket(tmux: OsString) -> Option<PathBuf> {
    let text = tmux.into_string().ok()?;
    let socket = text.rsplitn(3, ',').nth(2)?;
    Some(PathBuf::from(socket)).filter(|p| p.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_server() {
        assert_eq!(
            tmux_socket("/tmp/tmux-0/a,b,12,0".into()),
            Some("/tmp/tmux-0/a,b".into())
        );
        assert_eq!(tmux_socket("nonsense".into()), None);
    }
}
