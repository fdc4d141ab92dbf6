//! A stage with one session of Claude Code itself.

use super::TestStage;
use crate::wait::{self, WAIT_TIMEOUT, until};
use crate::{ProcessRef, TestTerminal};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::time::Duration;

/// Longer than Claude Code is idle between two turns that follow each other without the user.
const REST_TIME: Duration = Duration::from_millis(700);

/// A stage with one session of Claude Code itself. Dropping the stage closes the terminal first.
pub struct ClientStage {
    /// The terminal of the session.
    pub terminal: TestTerminal,
    /// The Claude Code process of the session.
    pub client: ProcessRef,
    /// The folder of the session.
    pub folder: PathBuf,
    pub(super) stage: TestStage,
}

impl Deref for ClientStage {
    type Target = TestStage;

    fn deref(&self) -> &TestStage {
        &self.stage
    }
}

impl DerefMut for ClientStage {
    fn deref_mut(&mut self) -> &mut TestStage {
        &mut self.stage
    }
}

impl ClientStage {
    /// The pid of the session, as an argument of `trusty`.
    pub fn pid(&self) -> String {
        self.client.pid.to_string()
    }

    /// Whether the folder of the session holds a file of this name.
    pub fn made(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Waits until the folder of the session holds a file of this name.
    #[track_caller]
    pub fn wait_made(&self, name: &str) {
        wait::until_or(
            WAIT_TIMEOUT,
            &format!("the file {name}"),
            || self.made(name).then_some(()),
            || self.terminal.screen(),
        );
    }

    /// Approves in the terminal's permission dialog, and waits for the file and an idle session.
    #[track_caller]
    pub fn approve_making(&self, name: &str) {
        self.terminal.approve();
        self.wait_made(name);
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
    }

    /// Submits a prompt and waits for the whole answer of the model.
    #[track_caller]
    pub fn ask_model(&self, prompt: &str) {
        self.terminal.submit(prompt);
        self.wait_answered(prompt);
    }

    /// Waits until the session has been idle for 700 ms, so that no further turn begins by itself.
    #[track_caller]
    pub fn rest(&self) {
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
        until(WAIT_TIMEOUT, "a free prompt", || {
            let before = self.terminal.wait_status(WAIT_TIMEOUT, "idle");
            let moved = wait::poll(REST_TIME, || {
                let now = self.terminal.registry()?;
                (now["statusUpdatedAt"] != before["statusUpdatedAt"]).then_some(())
            });
            moved.is_none().then_some(())
        });
    }
}
