//! The app and other programs of a desktop, ended by pid.

use crate::process::ProcessRef;
use crate::trusty::{RunningProgram, program};
use crate::wait;
use rustix::process::Signal;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The time between SIGTERM and SIGKILL.
const TERMINATE_TIMEOUT: Duration = Duration::from_secs(3);

/// Sets the whole environment of a command.
pub(super) fn command<'a>(command: &'a mut Command, env: &[(String, String)]) -> &'a mut Command {
    command.env_clear().envs(env.iter().cloned())
}

/// A process that the test has started; ended with all its descendants on drop.
pub struct OwnedProcess(RunningProgram);

impl OwnedProcess {
    /// Takes over a child that was just started.
    pub(super) fn from_child(child: Child) -> Self {
        Self(RunningProgram::from_child(child))
    }

    /// Starts a program whose output is appended to a file.
    #[track_caller]
    pub(super) fn start(to_run: &mut Command, env: &[(String, String)], log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log);
        let out = out.expect("a log");
        let both = out.try_clone().expect("a log");
        let name = to_run.get_program().display().to_string();
        let child = command(to_run, env)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(both)
            .spawn();
        Self::from_child(child.unwrap_or_else(|e| panic!("{name}: {e}")))
    }

    /// The process of the program.
    pub fn process(&self) -> ProcessRef {
        self.0.process()
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> bool {
        self.0.is_running()
    }

    /// Waits until the program exits; returns the exit code, `None` after a signal.
    #[track_caller]
    pub fn wait_exit(&mut self, deadline: Duration) -> Option<i32> {
        self.0.wait(deadline)
    }
}

impl Drop for OwnedProcess {
    fn drop(&mut self) {
        let below = self.process().tree();
        if self.is_running() {
            self.process().signal(Signal::TERM);
            wait::poll(TERMINATE_TIMEOUT, || (!self.is_running()).then_some(()));
        }
        for process in below {
            process.signal(Signal::KILL);
        }
    }
}

/// The app, ended on drop.
pub struct RunningApp {
    owned: OwnedProcess,
    log: PathBuf,
}

impl RunningApp {
    #[track_caller]
    pub(super) fn start(arguments: &[&str], env: &[(String, String)], logs: &Path) -> Self {
        let log = logs.join("app");
        let mut app = Command::new(program("trusty-bar"));
        app.args(arguments);
        let owned = OwnedProcess::start(&mut app, env, &log);
        Self { owned, log }
    }

    /// The process of the program.
    pub fn process(&self) -> ProcessRef {
        self.owned.process()
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> bool {
        self.owned.is_running()
    }

    /// Waits until the program exits; returns the exit code, `None` after a signal.
    #[track_caller]
    pub fn wait_exit(&mut self, deadline: Duration) -> Option<i32> {
        self.owned.wait_exit(deadline)
    }

    /// The output of all apps of this home so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}
