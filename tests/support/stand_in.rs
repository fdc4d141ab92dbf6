//! A program that lies where a client would, with a registry file: a session without a client.

use crate::trusty::{Running, session_of, word};
use crate::wait;
use crate::{Home, ProcessRef};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A process that is taken for a client.
pub struct StandIn {
    running: Running,
    file: PathBuf,
}

impl StandIn {
    /// Starts it in a home.
    #[track_caller]
    pub fn start(home: &Home) -> Self {
        Self::run(home, "exec \"$0\" 600")
    }

    /// One that hears no SIGTERM.
    #[track_caller]
    pub fn start_deaf(home: &Home) -> Self {
        // What is ignored stays so in the program that takes the shell's place.
        Self::run(home, "trap '' TERM; exec \"$0\" 600")
    }

    #[track_caller]
    fn run(home: &Home, script: &str) -> Self {
        let exe = home.path().join("lib/claude-code/claude");
        std::fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
        if !exe.exists() {
            std::fs::copy("/bin/sleep", &exe).expect("copied");
        }
        // Apart from us: who pauses it, pauses all of its process group.
        let mut command = Command::new("setsid");
        command
            .args(["sh", "-c", script])
            .arg(&exe)
            .env_clear()
            .env("HOME", home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let running = Running::start(&mut command);
        wait::until(Duration::from_mins(1), "the stand-in", || {
            (running.process().exe()? == exe).then_some(())
        });
        let sessions = home.config_dir().join("sessions");
        std::fs::create_dir_all(&sessions).expect("folder");
        let file = sessions.join(format!("{}.json", running.process().pid));
        Self { running, file }
    }

    /// Writes its registry file: `"status":"busy"`.
    #[track_caller]
    pub fn says(&self, rest: &str) {
        let start = self.running.process().start_ticks;
        let text = format!(
            r#"{{"sessionId":"s","procStart":"{start}","version":"2.1.330","kind":"interactive",{rest}}}"#
        );
        std::fs::write(&self.file, text).expect("written");
    }

    /// Its process.
    pub fn process(&self) -> ProcessRef {
        self.running.process()
    }

    /// Its word in a snapshot; none if it is not there.
    pub fn word(&self, snapshot: &Value) -> Option<String> {
        session_of(snapshot, self.process().pid).map(|session| word(&session))
    }

    /// Its id in a snapshot; none if it is not there.
    pub fn id(&self, snapshot: &Value) -> Option<String> {
        let session = session_of(snapshot, self.process().pid)?;
        session["id"].as_str().map(str::to_owned)
    }
}
