//! A program installed where Claude Code would be, with a registry file: a session without Claude
//! Code itself.

use crate::socket_client::{HookClient, hook_socket};
use crate::system::SESSION_LAUNCHER;
use crate::trusty::{RunningProgram, program, session_of, status_word_of};
use crate::wait;
use crate::{ProcessRef, Signal, TestHome};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The path of Claude Code in a home.
const CLIENT_PLACE: &str = "lib/claude-code/claude";
/// The path of a shell that is taken for Claude Code.
const SHELL_PLACE: &str = "lib/claude-code/shell/claude";
const SLEEP_SECONDS: &str = "600";
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Configures and starts a [`StandIn`].
#[must_use]
pub struct StandInBuilder<'a> {
    home: &'a TestHome,
    place: &'a str,
    launcher: &'a [&'a str],
    /// The arguments of a shell that runs instead of the sleeping program.
    shell: Option<Vec<OsString>>,
    cwd: PathBuf,
    config: PathBuf,
    environment: Vec<(String, Option<OsString>)>,
    session_id: String,
}

impl<'a> StandInBuilder<'a> {
    /// Sets the path of the program in the home.
    pub fn place(mut self, place: &'a str) -> Self {
        self.place = place;
        self
    }

    /// Sets a command that finally executes the program and arguments appended to the command.
    pub fn launcher(mut self, launcher: &'a [&'a str]) -> Self {
        self.launcher = launcher;
        self
    }

    /// Runs a script in a shell in place of the sleeping program; there is no relay then.
    pub fn shell<A: Into<OsString>>(
        mut self,
        script: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut all: Vec<OsString> = ["-c", script, "claude"].map(OsString::from).into();
        all.extend(arguments.into_iter().map(Into::into));
        self.shell = Some(all);
        self.place = SHELL_PLACE;
        self
    }

    /// Sets the working directory of the stand-in.
    pub fn cwd(mut self, cwd: &Path) -> Self {
        self.cwd = cwd.to_path_buf();
        self
    }

    /// Sets another config folder, and `$CLAUDE_CONFIG_DIR` to `named`.
    pub fn config_dir(mut self, named: &str, folder: &Path) -> Self {
        self.config = folder.to_path_buf();
        self.env("CLAUDE_CONFIG_DIR", Some(named))
    }

    /// Sets a variable of the stand-in's environment, or removes it.
    pub fn env(mut self, name: &str, value: Option<impl Into<OsString>>) -> Self {
        let value = value.map(Into::into);
        self.environment.push((name.to_owned(), value));
        self
    }

    /// Sets the session id in the registry file; `s` by default.
    pub fn session_id(mut self, id: String) -> Self {
        self.session_id = id;
        self
    }

    /// Starts the stand-in; panics where its launcher fails.
    #[track_caller]
    pub fn start(self) -> StandIn {
        self.try_start().expect("the launcher starts the stand-in")
    }

    /// Starts the stand-in; `None` where its launcher fails.
    #[track_caller]
    pub fn try_start(self) -> Option<StandIn> {
        let source = match self.shell {
            Some(_) => PathBuf::from("/bin/bash"),
            None => program("stand-in-client"),
        };
        let exe = copy_program(self.home, self.place, &source);
        // A session of its own for the stand-in, because a pause acts on the whole process group.
        let mut command = Command::new(SESSION_LAUNCHER[0]);
        command.args(&SESSION_LAUNCHER[1..]);
        command.args(self.launcher).arg(&exe);
        match &self.shell {
            Some(arguments) => command.args(arguments),
            None => command.arg(SLEEP_SECONDS).arg(hook_socket(self.home)),
        };
        command
            .current_dir(&self.cwd)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let running = RunningProgram::start(&mut command);
        let launcher = running.process();
        let process = wait::until(START_TIMEOUT, "a stand-in", || {
            if launcher.exe().is_some_and(|found| found == exe) {
                return Some(Some(launcher));
            }
            let found = launcher.find_exe(&exe).map(Some);
            found.or_else(|| (!launcher.is_alive()).then_some(None))
        })?;
        fs::create_dir_all(self.config.join("sessions")).expect("folder");
        Some(StandIn {
            running,
            process,
            exe,
            config: self.config,
            session_id: self.session_id,
        })
    }
}

/// A process that is taken for Claude Code; killed with all its descendants on drop.
pub struct StandIn {
    running: RunningProgram,
    process: ProcessRef,
    exe: PathBuf,
    config: PathBuf,
    session_id: String,
}

/// Installs the sleeping program where Claude Code would be in this home; returns its path.
#[track_caller]
pub fn executable(home: &TestHome) -> PathBuf {
    copy_program(home, CLIENT_PLACE, &program("stand-in-client"))
}

#[track_caller]
fn copy_program(home: &TestHome, place: &str, source: &Path) -> PathBuf {
    let exe = home.path().join(place);
    fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
    if !exe.exists() {
        fs::copy(source, &exe).expect("copied");
    }
    exe
}

impl StandIn {
    /// A builder of a stand-in in this home.
    pub fn builder(home: &TestHome) -> StandInBuilder<'_> {
        StandInBuilder {
            home,
            place: CLIENT_PLACE,
            launcher: &[],
            shell: None,
            cwd: home.path().to_path_buf(),
            config: home.config_dir().to_path_buf(),
            environment: Vec::new(),
            session_id: "s".to_owned(),
        }
    }

    /// Starts a stand-in in this home, without a registry file.
    #[track_caller]
    pub fn start(home: &TestHome) -> Self {
        Self::builder(home).start()
    }

    /// Starts a stand-in with a registry file that says `busy`.
    #[track_caller]
    pub fn busy(home: &TestHome) -> Self {
        let session = Self::start(home);
        session.write_status(r#""status":"busy""#);
        session
    }

    /// Writes the registry file with these JSON fields, such as `"status":"busy"`.
    #[track_caller]
    pub fn write_status(&self, rest: &str) {
        self.is_named_in(&self.config, rest);
    }

    /// Writes a registry file according to which the session waits for a permission.
    #[track_caller]
    pub fn waits(&self) {
        self.write_status(r#""status":"waiting","waitingFor":"permission prompt""#);
    }

    /// Writes the registry file of the stand-in into this config folder, with these JSON fields.
    #[track_caller]
    pub fn is_named_in(&self, config: &Path, rest: &str) {
        let (id, start) = (&self.session_id, self.process.start_ticks);
        let text = format!(
            r#"{{"sessionId":"{id}","procStart":"{start}","version":"2.1.330","kind":"interactive",{rest}}}"#
        );
        let file = config.join(format!("sessions/{}.json", self.process.pid));
        fs::write(file, text).expect("written");
    }

    /// A connection to the hook socket, on which this process is the peer that the engine sees.
    #[track_caller]
    pub fn hook_connection(&self) -> HookClient {
        let relay = self
            .exe
            .with_file_name(format!("{}.sock", self.process.pid));
        wait::until(START_TIMEOUT, "the relay of a stand-in", || {
            relay.exists().then_some(())
        });
        HookClient::open(&relay).expect("the stand-in listens")
    }

    /// The process of the stand-in.
    pub fn process(&self) -> ProcessRef {
        self.process
    }

    /// The pid of the stand-in, as an argument of `trusty`.
    pub fn pid_argument(&self) -> String {
        self.process.pid.to_string()
    }

    /// The stand-in's status word in a snapshot; `None` if the snapshot does not list the stand-in.
    pub fn status_word(&self, snapshot: &Value) -> Option<String> {
        session_of(snapshot, self.process.pid).map(|session| status_word_of(&session))
    }

    /// The stand-in's id in a snapshot; `None` if the snapshot does not list the stand-in.
    pub fn id(&self, snapshot: &Value) -> Option<String> {
        let session = session_of(snapshot, self.process.pid)?;
        session["id"].as_str().map(str::to_owned)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for process in self.running.process().tree() {
            process.signal(Signal::KILL);
        }
    }
}
