//! A program that lies where a client would, with a registry file: a session without a client.

use crate::trusty::{RunningProgram, program, session_of, status_word_of};
use crate::wait;
use crate::{ProcessRef, TestHome};
use serde_json::Value;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where a client lies in a home.
const CLIENT_PLACE: &str = "lib/claude-code/claude";

/// How it is started.
struct StandInOptions {
    /// Where its program lies in the home.
    place: String,
    script: &'static str,
    cwd: PathBuf,
    /// Its `$CLAUDE_CONFIG_DIR`.
    named: Option<String>,
    /// Where its registry file is written.
    config: PathBuf,
}

impl StandInOptions {
    fn client(home: &TestHome) -> Self {
        Self {
            place: CLIENT_PLACE.to_owned(),
            script: "exec \"$0\" \"$@\"",
            cwd: home.path().to_path_buf(),
            named: None,
            config: home.config_dir().to_path_buf(),
        }
    }
}

/// A process that is taken for a client.
pub struct StandIn {
    running: RunningProgram,
    file: PathBuf,
    relay: PathBuf,
}

/// The program of stand-ins, where a client would lie in this home.
#[track_caller]
pub fn executable(home: &TestHome) -> PathBuf {
    program_at(home, CLIENT_PLACE)
}

#[track_caller]
fn program_at(home: &TestHome, place: &str) -> PathBuf {
    let exe = home.path().join(place);
    std::fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
    if !exe.exists() {
        std::fs::copy(program("stand-in-client"), &exe).expect("copied");
    }
    exe
}

/// Where the hooks of a stand-in of this home reach the engine.
pub fn hook_socket(home: &TestHome) -> PathBuf {
    home.runtime().join("trusty/hooks.sock")
}

/// Where the stand-in with this program and pid hands on what its hooks say, as soon as it does.
#[track_caller]
pub fn hook_relay(exe: &Path, pid: u32) -> PathBuf {
    let relay = exe.with_file_name(format!("{pid}.sock"));
    wait::until(Duration::from_mins(1), "the relay of a stand-in", || {
        relay.exists().then_some(())
    });
    relay
}

impl StandIn {
    /// Starts it in a home.
    #[track_caller]
    pub fn start(home: &TestHome) -> Self {
        Self::run(home, &StandInOptions::client(home))
    }

    /// One whose environment names another config folder.
    #[track_caller]
    pub fn start_in(home: &TestHome, config: &Path) -> Self {
        Self::start_at(home, home.path(), &config.to_string_lossy(), config)
    }

    /// One that is started in a folder, where what its environment names is this config folder.
    #[track_caller]
    pub fn start_at(home: &TestHome, cwd: &Path, named: &str, config: &Path) -> Self {
        let start = StandInOptions {
            cwd: cwd.to_path_buf(),
            named: Some(named.to_owned()),
            config: config.to_path_buf(),
            ..StandInOptions::client(home)
        };
        Self::run(home, &start)
    }

    /// A program that lies where no client does.
    #[track_caller]
    pub fn start_other(home: &TestHome, place: &str) -> Self {
        let start = StandInOptions {
            place: place.to_owned(),
            ..StandInOptions::client(home)
        };
        Self::run(home, &start)
    }

    /// One that hears no SIGTERM.
    #[track_caller]
    pub fn start_deaf(home: &TestHome) -> Self {
        let start = StandInOptions {
            // What is ignored stays so in the program that takes the shell's place.
            script: "trap '' TERM; exec \"$0\" \"$@\"",
            ..StandInOptions::client(home)
        };
        Self::run(home, &start)
    }

    #[track_caller]
    fn run(home: &TestHome, start: &StandInOptions) -> Self {
        let exe = program_at(home, &start.place);
        // Apart from us: who pauses it, pauses all of its process group.
        let mut command = Command::new("setsid");
        command
            .args(["sh", "-c", start.script])
            .arg(&exe)
            .arg("600")
            .arg(hook_socket(home))
            .current_dir(&start.cwd)
            .env_clear()
            .env("HOME", home.path());
        command.envs(start.named.iter().map(|dir| ("CLAUDE_CONFIG_DIR", dir)));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let running = RunningProgram::start(&mut command);
        wait::until(Duration::from_mins(1), "the stand-in", || {
            (running.process().exe()? == exe).then_some(())
        });
        let sessions = start.config.join("sessions");
        std::fs::create_dir_all(&sessions).expect("folder");
        let pid = running.process().pid;
        let file = sessions.join(format!("{pid}.json"));
        let relay = hook_relay(&exe, pid);
        Self {
            running,
            file,
            relay,
        }
    }

    /// Writes its registry file: `"status":"busy"`.
    #[track_caller]
    pub fn write_status(&self, rest: &str) {
        self.is_said(&self.file, rest);
    }

    /// Writes a registry file that names it into another config folder.
    #[track_caller]
    pub fn is_named_in(&self, config: &Path, rest: &str) {
        let name = self.file.file_name().expect("a name");
        self.is_said(&config.join("sessions").join(name), rest);
    }

    #[track_caller]
    fn is_said(&self, file: &Path, rest: &str) {
        let start = self.running.process().start_ticks;
        let text = format!(
            r#"{{"sessionId":"s","procStart":"{start}","version":"2.1.330","kind":"interactive",{rest}}}"#
        );
        std::fs::write(file, text).expect("written");
    }

    /// A connection of its own to the hook socket: what is said on it comes from its process.
    #[track_caller]
    pub fn hook_connection(&self) -> UnixStream {
        UnixStream::connect(&self.relay).expect("the stand-in listens")
    }

    /// Its process.
    pub fn process(&self) -> ProcessRef {
        self.running.process()
    }

    /// Its word in a snapshot; none if it is not there.
    pub fn status_word(&self, snapshot: &Value) -> Option<String> {
        session_of(snapshot, self.process().pid).map(|session| status_word_of(&session))
    }

    /// Its id in a snapshot; none if it is not there.
    pub fn id(&self, snapshot: &Value) -> Option<String> {
        let session = session_of(snapshot, self.process().pid)?;
        session["id"].as_str().map(str::to_owned)
    }
}
