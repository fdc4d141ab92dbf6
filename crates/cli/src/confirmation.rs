//! The controlling terminal: a request is read on it before a letter typed on it approves that
//! request. Standard input and output may lead anywhere, so neither is used for that.

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::terminal_output;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use trusty_engine::authorization::mark_of_this_process;
use trusty_fleet::authorization::{AnswerChannel, AuthorizationRefusal};
use trusty_platform::raw_terminal::discard_input;

const CONTROLLING_TERMINAL_PATH: &str = "/dev/tty";

/// A question as it is printed.
pub(crate) fn yes_no_prompt(question: &str) -> String {
    format!("{question} [y/N] ")
}

/// The controlling terminal of this process.
#[derive(Debug)]
pub(crate) struct ControllingTerminal {
    file: File,
}

impl ControllingTerminal {
    /// Opens it; none where this process has none.
    pub(crate) fn open() -> Option<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .open(CONTROLLING_TERMINAL_PATH)
            .ok()?;
        Some(Self { file })
    }

    /// Writes a text to it at once.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        (&self.file).write_all(text.as_bytes())
    }

    /// Asks, and reads a line; none at its end. What was typed before the question does not count.
    pub(crate) fn ask(&self, question: &str) -> Result<Option<String>, CommandFailure> {
        discard_input(&self.file);
        self.print(&terminal_output::without_controls(question))?;
        let mut line = String::new();
        let count = BufReader::new(&self.file).read_line(&mut line)?;
        Ok((count > 0).then_some(line))
    }

    /// Whether the user types the letter; the channel that the answer is given in then.
    pub(crate) fn confirm(&self, question: &str) -> Result<Option<AnswerChannel>, CommandFailure> {
        let line = self.ask(&yes_no_prompt(question))?.unwrap_or_default();
        Ok(is_yes(&line).then_some(AnswerChannel::Terminal))
    }
}

impl AsFd for ControllingTerminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Whether a line confirms what was asked.
pub(crate) fn is_yes(line: &str) -> bool {
    matches!(line.trim(), "y" | "Y" | "yes")
}

/// Why there is no terminal to confirm an answer in: most often since a session runs this. `what`
/// names what was not done.
pub(crate) async fn no_terminal(place: &CliContext, what: &str) -> CommandFailure {
    let mark = mark_of_this_process(&place.env, &place.settings).await;
    CommandFailure::Refused(match mark {
        Some(mark) => AuthorizationRefusal::MarkedAnswer(mark).to_string(),
        None => format!(
            "not {what}: no terminal to confirm in; run `trusty` in a terminal, or answer in the \
             popover"
        ),
    })
}
