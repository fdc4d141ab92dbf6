//! A program of ours in a plain terminal, with somebody who reads and types.

use crate::host::pty::PtyHost;
use crate::{WAIT_TIMEOUT, wait};
use std::num::NonZeroU16;
use std::process::{Command, ExitStatus};

/// A program in a terminal of its own.
pub struct TypedProgram(PtyHost);

impl TypedProgram {
    /// Starts it on a terminal of this size; a capable one, unless `$TERM` is set.
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

    /// Gives its terminal another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.0.resize(number(rows), number(columns));
    }

    /// What its terminal shows.
    pub fn screen(&self) -> String {
        self.0.screen()
    }

    /// Whether its terminal is as a shell expects it.
    pub fn is_cooked(&self) -> bool {
        self.0.is_cooked()
    }

    /// Waits until its terminal shows a text; the whole screen then.
    #[track_caller]
    pub fn wait_shows(&self, text: &str) -> String {
        let shown = || Some(self.screen()).filter(|screen| screen.contains(text));
        wait::until_or(WAIT_TIMEOUT, text, shown, || self.screen())
    }

    /// How it ended; none while it lives.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.ended()
    }

    /// What its terminal shows in the end, once it has ended.
    pub fn last_screen(self) -> String {
        self.0.last_screen()
    }

    /// Waits for its end.
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
