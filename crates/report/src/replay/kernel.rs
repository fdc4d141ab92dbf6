//! The kernel of the machine in a report.

use crate::format::{MachineReport, ReportedFolder, ReportedProcess};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use trusty_fleet::client::hooks_left_out;
use trusty_fleet::identity::StartTime;
use trusty_fleet::observation::{FolderIdentity, HookObstacle};
use trusty_fleet::{System, Timestamp};
use trusty_platform::folder_access;
use trusty_platform::process_reader::ProcessReader;
use trusty_platform::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};
use trusty_sources::process::{DiscoveryReader, ProcessFolder, StartedProcess};

/// The kernel's clock tick of Linux in user space.
const MILLIS_PER_TICK: u64 = 10;
/// How long the machine has run at least, if the report does not say.
const DEFAULT_UPTIME: Duration = Duration::from_hours(24 * 30);

/// The kernel of the machine in a report. Nothing of the machine that reads the report is asked.
#[derive(Debug)]
pub struct ReportedKernel<'a> {
    report: &'a MachineReport,
    processes: BTreeMap<u32, &'a ReportedProcess>,
    /// The terminals; the number of a device is its position, counted from 1.
    terminals: Vec<&'a str>,
    /// The config folders by path: two paths lead to one folder if their real paths are equal.
    folders: BTreeMap<PathBuf, FolderIdentity>,
    uptime: Duration,
}

impl<'a> ReportedKernel<'a> {
    /// The kernel as the report describes it. Of two processes with one pid, the last counts.
    pub fn new(report: &'a MachineReport) -> Self {
        let processes: BTreeMap<u32, &ReportedProcess> =
            report.processes.iter().map(|p| (p.pid, p)).collect();
        let mut terminals: Vec<&str> = processes
            .values()
            .filter_map(|process| process.tty.as_deref())
            .collect();
        terminals.sort_unstable();
        terminals.dedup();
        let uptime = match report.machine.uptime_millis {
            0 => DEFAULT_UPTIME,
            millis => Duration::from_millis(millis),
        };
        Self {
            report,
            processes,
            terminals,
            folders: identify_folders(report),
            uptime,
        }
    }

    /// The identity of a config folder; `None` if there is no such folder.
    pub fn folder_identity(&self, folder: &ReportedFolder) -> Option<FolderIdentity> {
        folder.real_path.as_ref()?;
        self.folders
            .get(&plain_path(Path::new(&folder.path)))
            .copied()
    }

    /// A process; `None` if the report does not show it.
    pub fn process(&self, pid: u32) -> Option<&'a ReportedProcess> {
        self.processes.get(&pid).copied()
    }

    /// When the facts were read.
    pub fn taken_at(&self) -> Timestamp {
        self.report.taken_at.into()
    }

    /// When a process started, in the kernel's unit.
    pub fn start_of(&self, process: &ReportedProcess) -> StartTime {
        let from_time = |at: SystemTime| match self.system() {
            System::Mac => {
                let since = at
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default();
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            }
            System::Linux => {
                let age = self.report.taken_at.duration_since(at).unwrap_or_default();
                let since_boot = self.uptime.saturating_sub(age);
                u64::try_from(since_boot.as_millis()).unwrap_or(u64::MAX) / MILLIS_PER_TICK
            }
        };
        StartTime(
            process
                .start
                .or(process.started_at.map(from_time))
                .unwrap_or(0),
        )
    }
}

fn identify_folders(report: &MachineReport) -> BTreeMap<PathBuf, FolderIdentity> {
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    let mut folders = BTreeMap::new();
    for folder in &report.config_folders {
        let Some(real) = folder.real_path.as_deref() else {
            continue;
        };
        let next = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        let inode = *numbers.entry(real).or_insert(next);
        let identity = FolderIdentity { device: 1, inode };
        for path in [folder.path.as_str(), real] {
            folders.insert(plain_path(Path::new(path)), identity);
        }
    }
    folders
}

/// A path without a slash at its end.
fn plain_path(path: &Path) -> PathBuf {
    path.components().collect()
}

impl ProcessReader for ReportedKernel<'_> {
    fn system(&self) -> System {
        self.report.machine.system
    }

    fn pids(&self) -> io::Result<Vec<u32>> {
        Ok(self.processes.keys().copied().collect())
    }

    fn stat(&self, pid: u32) -> io::Result<Option<ProcessStat>> {
        let Some(process) = self.process(pid) else {
            return Ok(None);
        };
        let terminal = process.tty.as_deref().and_then(|tty| {
            let at = self.terminals.binary_search(&tty).ok()?;
            u64::try_from(at + 1).ok()
        });
        Ok(Some(ProcessStat {
            start: self.start_of(process),
            parent: process.parent,
            group: process.group.unwrap_or(pid),
            session: process.session.unwrap_or(pid),
            foreground: process.foreground.unwrap_or(0),
            uid: process.uid.unwrap_or(self.report.machine.uid),
            stopped: process.stopped.map(|by| by.signal_number(self.system())),
            zombie: process.zombie,
            terminal: terminal.unwrap_or(0),
        }))
    }

    fn program(&self, pid: u32) -> Option<ProcessProgram> {
        let process = self.process(pid)?;
        let own = |path: &Option<String>| path.as_ref().map(PathBuf::from);
        let argv = process.argv.clone().unwrap_or_default();
        let path = process.real_path.as_ref().or(process.exec_path.as_ref());
        let last = path.and_then(|path| path.rsplit('/').next());
        Some(ProcessProgram {
            name: process
                .name
                .clone()
                .or(last.map(str::to_owned))
                .unwrap_or_default(),
            real_path: own(&process.real_path),
            exec_path: own(&process.exec_path),
            exec_target: own(&process.exec_target),
            argv,
        })
    }

    fn environment(&self, pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
        let process = self.process(pid).ok_or(io::ErrorKind::NotFound)?;
        let all = process.environment.as_ref();
        let all = all.ok_or(io::ErrorKind::PermissionDenied)?;
        Ok(all.iter().map(|(n, v)| (n.into(), v.into())).collect())
    }

    fn current_folder(&self, pid: u32) -> Option<PathBuf> {
        self.process(pid)?.folder.as_ref().map(PathBuf::from)
    }

    fn terminal_name(&self, device: u64) -> Option<String> {
        let at = usize::try_from(device).ok()?.checked_sub(1)?;
        self.terminals.get(at).map(|tty| (*tty).to_owned())
    }

    fn start_since_boot(&self, start: StartTime) -> Duration {
        match self.system() {
            System::Linux => Duration::from_millis(start.0.saturating_mul(MILLIS_PER_TICK)),
            System::Mac => {
                let started = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(start.0));
                let age = started.and_then(|at| self.report.taken_at.duration_since(at).ok());
                self.uptime.saturating_sub(age.unwrap_or_default())
            }
        }
    }

    fn since_boot(&self) -> Duration {
        self.uptime
    }

    fn shares_our_namespaces(&self, pid: u32) -> bool {
        self.process(pid).is_none_or(|process| !process.contained)
    }

    fn is_frozen(&self, pid: u32) -> bool {
        self.process(pid).is_some_and(|process| process.frozen)
    }

    fn can_leave_cgroup(&self, pid: u32) -> bool {
        self.process(pid).is_some_and(|process| process.freezable)
    }

    fn usage(&self, _pid: u32) -> Option<ProcessUsage> {
        None
    }
}

impl DiscoveryReader for ReportedKernel<'_> {
    fn folder_of_process(&self, _pid: u32, path: &Path) -> Option<ProcessFolder> {
        Some(ProcessFolder {
            identity: self.folders.get(&plain_path(path)).copied(),
            is_shared: true,
        })
    }

    fn may_look(&self, path: &Path) -> bool {
        folder_access::may_look(path, Path::new(&self.report.home), self.system())
    }

    fn project_folder(&self, folder: &Path) -> Option<PathBuf> {
        let in_it = self.processes.values();
        let mut in_it = in_it.filter(|p| p.folder.as_deref().map(Path::new) == Some(folder));
        in_it.find_map(|process| process.project.as_ref().map(PathBuf::from))
    }

    fn tmux_server_path(&self, socket: &Path) -> PathBuf {
        let servers = &self.report.tmux;
        let is_named = |path: &Path| servers.iter().any(|s| Path::new(&s.socket) == path);
        // On macOS, `/tmp` and `/var` are links into `/private`.
        let in_private = Path::new("/private").join(socket.strip_prefix("/").unwrap_or(socket));
        let private =
            Some(in_private).filter(|path| self.system() == System::Mac && is_named(path));
        private.unwrap_or_else(|| socket.to_path_buf())
    }

    fn hook_obstacle(&self, process: &StartedProcess<'_>) -> Option<HookObstacle> {
        let variable = |name: &str| {
            let found = process.environment.iter().find(|(n, _)| n == name)?;
            found.1.to_str().map(str::to_owned)
        };
        let reported = self.process(process.pid);
        let file = reported.and_then(|process| process.hooks_disabled_in.as_ref());
        let is_apart = reported.is_some_and(|process| process.other_pid_namespace);
        hooks_left_out(process.argv, variable)
            .or_else(|| file.map(|file| HookObstacle::Disabled(PathBuf::from(file))))
            .or_else(|| is_apart.then_some(HookObstacle::OtherPidNamespace))
    }
}
