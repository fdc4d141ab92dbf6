//! `trusty record`, run alongside a scenario.

use crate::trusty::{RunningProgram, trusty};
use crate::wait::until;
use crate::{Signal, TestHome, Value, WAIT_TIMEOUT};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A recording in progress. Dropping it kills the recorder; the file is complete only after
/// [`stop_recording`](Self::stop_recording).
pub struct RunningRecording {
    running: RunningProgram,
    path: PathBuf,
}

impl RunningRecording {
    /// Records this home into a new file; returns once the first scan is recorded (`FirstLook`).
    #[track_caller]
    pub fn start(home: &TestHome, path: &Path) -> Self {
        let mut command = trusty(home);
        command.arg("record").arg(path).stderr(Stdio::null());
        let recording = Self {
            running: RunningProgram::start(&mut command),
            path: path.to_path_buf(),
        };
        until(WAIT_TIMEOUT, "the first look in a recording", || {
            let text = fs::read_to_string(path).ok()?;
            text.contains("\"FirstLook\"").then_some(())
        });
        recording
    }

    /// Stops the recorder with SIGTERM, as a user would; returns the path of the complete file.
    #[track_caller]
    pub fn stop_recording(mut self) -> PathBuf {
        assert!(
            self.running.process().signal(Signal::TERM),
            "trusty record runs until it is stopped"
        );
        assert_eq!(self.running.wait(WAIT_TIMEOUT), Some(0), "trusty record");
        self.path
    }

    /// Stops the recorder, and writes the recording to `to` without what identifies this machine.
    #[track_caller]
    pub fn keep_at(self, to: &Path) {
        let raw = self.stop_recording();
        let text = fs::read_to_string(&raw).expect("a recording");
        let kept: Vec<String> = text.lines().map(placeless).collect();
        fs::write(to, kept.join("\n") + "\n").expect("a file for the recording");
    }
}

/// A line with the project's path replaced, and without the ancestors from the test process up.
fn placeless(line: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the project");
    let own = std::process::id();
    let line = line.replace(&*root.to_string_lossy(), "/opt/trusty");
    let mut value: Value = serde_json::from_str(&line).expect("a line of a recording");
    let Some(ancestors) = value.pointer_mut("/fact/Process/ancestors") else {
        return line;
    };
    if let Value::Array(chain) = ancestors
        && let Some(end) = chain.iter().position(|a| a["pid"] == own)
    {
        chain.truncate(end);
    }
    value.to_string()
}
