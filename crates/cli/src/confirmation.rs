//! A letter typed in the terminal itself, which an approval from here needs. Standard input may
//! come from anywhere, so it is not read.

use crate::failure::Failure;
use crate::fleet::Place;
use crate::out;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use trusty_engine::authorization::mark_of_this_process;
use trusty_fleet::authorization::{AnswerChannel, AuthorizationRefusal};
use trusty_platform::raw_terminal::discard_input;

const CONTROLLING_TERMINAL_PATH: &str = "/dev/tty";

/// A question as it is printed.
pub(crate) fn yes_no_prompt(question: &str) -> String {
    format!("{question} [y/N] ")
}

/// Whether a line that was typed confirms; everything but y, Y and yes does not.
pub(crate) fn is_yes(line: &str) -> bool {
    matches!(line.trim(), "y" | "Y" | "yes")
}

/// The controlling terminal of this process.
#[derive(Debug)]
pub(crate) struct ControllingTerminal {
    file: File,
}

impl ControllingTerminal {
    /// Opens it for a request that is to be `what`: "approved", "answered".
    ///
    /// # Errors
    ///
    /// There is no terminal; the refusal says that the request was not `what`, and why.
    pub(crate) async fn open(place: &Place, what: &str) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        match options
            .read(true)
            .write(true)
            .open(CONTROLLING_TERMINAL_PATH)
        {
            Ok(file) => Ok(Self { file }),
            Err(_) => Err(refusal(place, what).await),
        }
    }

    /// Asks, and reads a line; none at its end. What was typed before the question does not count.
    pub(crate) fn ask(&self, question: &str) -> Result<Option<String>, Failure> {
        discard_input(&self.file);
        (&self.file).write_all(out::plain(question).as_bytes())?;
        let mut line = String::new();
        let count = BufReader::new(&self.file).read_line(&mut line)?;
        Ok((count > 0).then_some(line))
    }

    /// Whether the user types the letter; the channel that the answer is given in then.
    pub(crate) fn confirm(&self, question: &str) -> Result<Option<AnswerChannel>, Failure> {
        let line = self.ask(&yes_no_prompt(question))?.unwrap_or_default();
        Ok(is_yes(&line).then_some(AnswerChannel::Terminal))
    }
}

/// Why there is no terminal to ask in: most often since a session runs this.
async fn refusal(place: &Place, what: &str) -> Failure {
    let mark = mark_of_this_process(&place.around, &place.settings).await;
    Failure::Refused(match mark {
        Some(mark) => AuthorizationRefusal::MarkedAnswer(mark).to_string(),
        None => format!(
            "not {what}: no terminal to confirm in; run trusty in a terminal, or answer in the \
             popover"
        ),
    })
}
