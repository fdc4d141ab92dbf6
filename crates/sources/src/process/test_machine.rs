//! A machine made of values, for tests.

use super::discovery_reader::{DiscoveryReader, ProcessFolder};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use trusty_fleet::System;
use trusty_fleet::identity::StartTime;
use trusty_fleet::observation::{FolderIdentity, HookObstacle};
use trusty_integration::StartedProcess;
use trusty_platform::clock::Clock;
use trusty_platform::process_reader::ProcessReader;
use trusty_platform::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};

/// When the machine booted, in seconds since the epoch.
const BOOT_SECOND: u64 = 1_789_300_000;
/// How far the two clocks that macOS compares may drift between two readings.
const CLOCK_JITTER: Duration = Duration::from_micros(7);

/// A process of the machine.
#[derive(Debug, Clone)]
pub(super) struct TestProcess {
    pub(super) stat: ProcessStat,
    pub(super) program: ProcessProgram,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) folder: Option<PathBuf>,
    pub(super) usage: ProcessUsage,
}

/// A Mac whose processes are values.
#[derive(Debug, Default)]
pub(super) struct TestMac {
    pub(super) processes: BTreeMap<u32, TestProcess>,
    readings: Cell<u32>,
}

impl TestMac {
    /// Adds a process of user 501 that started `seconds` after the boot.
    pub(super) fn start(&mut self, pid: u32, parent: u32, seconds: u64, program: ProcessProgram) {
        let micros = (BOOT_SECOND + seconds) * 1_000_000 + 123_456;
        let stat = ProcessStat {
            start: StartTime(micros),
            parent,
            group: pid,
            session: parent,
            foreground: pid,
            uid: 501,
            stopped: None,
            zombie: false,
            terminal: 0x1000_0003,
        };
        let process = TestProcess {
            stat,
            program,
            environment: vec![("HOME".into(), "/Users/dev".into())],
            folder: Some("/Users/dev/code/api".into()),
            usage: ProcessUsage {
                cpu_time: Duration::ZERO,
                resident_bytes: 1 << 20,
            },
        };
        self.processes.insert(pid, process);
    }

    pub(super) fn clock() -> Clock {
        let boot = SystemTime::UNIX_EPOCH + Duration::from_secs(BOOT_SECOND);
        Clock::recorded(boot + Duration::from_secs(500), Duration::from_secs(500))
    }
}

/// A program by the running file, the path given to execve(2) and the arguments.
pub(super) fn program(real: &str, given: &str, argv: &[&str]) -> ProcessProgram {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    ProcessProgram {
        name: given.rsplit('/').next().unwrap_or_default().to_owned(),
        real_path: path(real),
        exec_path: path(given),
        exec_target: None,
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
    }
}

impl ProcessReader for TestMac {
    fn system(&self) -> System {
        System::Mac
    }

    fn pids(&self) -> io::Result<Vec<u32>> {
        Ok(self.processes.keys().copied().collect())
    }

    fn stat(&self, pid: u32) -> io::Result<Option<ProcessStat>> {
        Ok(self.processes.get(&pid).map(|process| process.stat))
    }

    fn program(&self, pid: u32) -> Option<ProcessProgram> {
        Some(self.processes.get(&pid)?.program.clone())
    }

    fn environment(&self, pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
        let process = self.processes.get(&pid).ok_or(io::ErrorKind::NotFound)?;
        Ok(process.environment.clone())
    }

    fn current_folder(&self, pid: u32) -> Option<PathBuf> {
        self.processes.get(&pid)?.folder.clone()
    }

    fn terminal_name(&self, device: u64) -> Option<String> {
        (device == 0x1000_0003).then(|| "/dev/ttys003".to_owned())
    }

    fn start_since_boot(&self, start: StartTime) -> Duration {
        self.readings.set(self.readings.get() + 1);
        let since_boot = Duration::from_micros(start.0 - BOOT_SECOND * 1_000_000);
        since_boot + CLOCK_JITTER * self.readings.get()
    }

    fn since_boot(&self) -> Duration {
        Duration::from_secs(1_000)
    }

    fn shares_our_namespaces(&self, _pid: u32) -> bool {
        true
    }

    fn is_frozen(&self, _pid: u32) -> bool {
        false
    }

    fn can_leave_cgroup(&self, _pid: u32) -> bool {
        false
    }

    fn usage(&self, pid: u32) -> Option<ProcessUsage> {
        Some(self.processes.get(&pid)?.usage)
    }
}

impl DiscoveryReader for TestMac {
    fn folder_of_process(&self, _pid: u32, path: &Path) -> Option<ProcessFolder> {
        let identity = FolderIdentity {
            device: 1,
            inode: 7,
        };
        Some(ProcessFolder {
            identity: (path == Path::new("/Users/dev/.claude")).then_some(identity),
            is_shared: true,
        })
    }

    fn git_root(&self, folder: &Path) -> Option<PathBuf> {
        Some(folder.to_path_buf())
    }

    fn hook_obstacle(&self, _process: &StartedProcess<'_>) -> Option<HookObstacle> {
        None
    }
}
