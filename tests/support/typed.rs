//! One of our programs in a plain terminal, read and typed into as a user would.

use crate::host::pty::PtyHost;
use crate::{WAIT_TIMEOUT, wait};
use std::num::NonZeroU16;
use std::process::{Command, ExitStatus};

/// A program in a pseudo-terminal of its own.
pub struct TypedProgram(PtyHost);

impl TypedProgram {
    /// Starts a program on a terminal of this size. `$TERM` is `xterm-256color`, unless the command
    /// sets another.
    pub fn start(command: &mut Command, rows: u16, columns: u16) -> Self {
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        Self(PtyHost::spawn_sized(command, number(rows), number(columns)))
    }

    /// The pid of the program.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Types a text.
    pub fn types(&self, text: &str) {
        self.0.type_text(text);
    }

    /// Resizes the terminal.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.0.resize(number(rows), number(columns));
    }

    /// The text on the screen.
    pub fn screen(&self) -> String {
        self.0.screen()
    }

    /// Whether the terminal echoes and delivers whole lines, as a shell expects.
    pub fn is_cooked(&self) -> bool {
        self.0.is_cooked()
    }

    /// Waits until the screen holds a text; returns the whole screen.
    #[track_caller]
    pub fn wait_shows(&self, text: &str) -> String {
        let shown = || Some(self.screen()).filter(|screen| screen.contains(text));
        wait::until_or(WAIT_TIMEOUT, text, shown, || self.screen())
    }

    /// The exit status of the program; `None` while the program runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.ended()
    }

    /// The final screen; waits until every process has closed the terminal.
    pub fn last_screen(self) -> String {
        self.0.last_screen()
    }

    /// Waits until the program exits.
    #[track_caller]
    pub fn wait_end(&mut self) -> ExitStatus {
        let Self(pty) = self;
        wait::until(WAIT_TIMEOUT, "the end of a program in a terminal", || {
            pty.ended()
        })
    }
}

fn number(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).expect("a terminal has rows and columns")
}
