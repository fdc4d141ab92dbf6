//! `trusty record` beside a scenario.

use crate::trusty::{Running, trusty};
use crate::wait::until;
use crate::{Home, Signal};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const LONG: Duration = Duration::from_mins(1);

/// A recording under way; stopped when dropped, but whole only after [`end`](Self::end).
pub struct Recording {
    running: Running,
    path: PathBuf,
}

impl Recording {
    /// Records this home into a new file, and returns once the first look is over.
    #[track_caller]
    pub fn start(home: &Home, path: &Path) -> Self {
        let mut command = trusty(home);
        command.arg("record").arg(path).stderr(Stdio::null());
        let recording = Self {
            running: Running::start(&mut command),
            path: path.to_path_buf(),
        };
        until(LONG, "the first look in a recording", || {
            let text = fs::read_to_string(path).ok()?;
            text.contains("\"FirstLook\"").then_some(())
        });
        recording
    }

    /// Ends it as its owner would; the file is whole.
    #[track_caller]
    pub fn end(mut self) -> PathBuf {
        assert!(
            self.running.process().signal(Signal::TERM),
            "it runs until it is ended"
        );
        assert_eq!(self.running.wait(LONG), Some(0), "trusty record");
        self.path
    }
}
