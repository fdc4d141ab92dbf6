//! How a command fails: words on standard error and an exit code.

use crate::terminal_output;
use anyhow::anyhow;
use std::io;
use std::process::ExitCode;
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_engine::requests::AnswerError;
use trusty_fleet::Session;
use trusty_fleet::action::Refusal;
use trusty_fleet::jump::JumpObstacle;
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_fleet::session_selector::SelectionError;
use trusty_fleet::view::Row;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum CommandFailure {
    /// It failed.
    Failed(anyhow::Error),
    /// A word names several sessions.
    Ambiguous(String),
    /// It was refused, with a reason.
    Refused(String),
    /// Whoever read our output has stopped: nothing more to do.
    OutputClosed,
}

/// A session that has exited is an error; whatever else an engine refuses is a refusal.
fn is_refusal(problem: &Problem) -> bool {
    problem.is_refusal() && problem.known_code() != Some(ProblemCode::NoSuchSession)
}

impl From<ActionError> for CommandFailure {
    fn from(e: ActionError) -> Self {
        match e {
            ActionError::Refused(Refusal::Ended) => anyhow!("the session has exited").into(),
            ActionError::Reported(problem) if !is_refusal(&problem) => {
                Self::Failed(anyhow!(problem.to_string()))
            }
            e if e.is_refusal() => Self::Refused(e.to_string()),
            e => Self::Failed(e.into()),
        }
    }
}

impl From<JumpError> for CommandFailure {
    fn from(e: JumpError) -> Self {
        match e {
            JumpError::Refused(JumpObstacle::Ended) => Self::Failed(e.into()),
            JumpError::Refused(_) => Self::Refused(e.to_string()),
            JumpError::Reported(ref problem) if is_refusal(problem) => Self::Refused(e.to_string()),
            e => Self::Failed(e.into()),
        }
    }
}

impl From<AnswerError> for CommandFailure {
    fn from(e: AnswerError) -> Self {
        match e {
            AnswerError::Gone => Self::Refused(
                "Trusty Bar exited and returned the request to the terminal; answer there".into(),
            ),
            AnswerError::Reported(ref problem) if is_refusal(problem) => {
                Self::Refused(e.to_string())
            }
            e => Self::Failed(e.into()),
        }
    }
}

/// An error with its causes, each told once: many errors name their cause themselves.
pub(crate) fn in_words(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

impl CommandFailure {
    /// Tells it, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Failed(e) => {
                terminal_output::print_diagnostic(&in_words(e));
                ExitCode::from(1)
            }
            Self::Ambiguous(told) => {
                terminal_output::print_diagnostic(told);
                ExitCode::from(2)
            }
            Self::Refused(told) => {
                terminal_output::print_diagnostic(told);
                ExitCode::from(3)
            }
            Self::OutputClosed => ExitCode::SUCCESS,
        }
    }

    /// The same of a command that was to do something: what nobody reads was not done.
    pub(crate) fn of_action(self) -> Self {
        match self {
            Self::OutputClosed => Self::Failed(anyhow::anyhow!(
                "the reader of the output exited, so the command stopped"
            )),
            other => other,
        }
    }

    /// No session, or several, are called `word`.
    pub(crate) fn from_selection(word: &str, why: &SelectionError<'_>) -> Self {
        match why {
            SelectionError::Unknown => Self::Failed(anyhow::anyhow!(
                "no session matches {word:?}; run `trusty list` to see all sessions"
            )),
            SelectionError::Ambiguous(found) => {
                let lines: Vec<String> = found.iter().map(|s| candidate_line(s)).collect();
                Self::Ambiguous(format!(
                    "{word:?} matches {} sessions; use a pid instead:\n{}",
                    found.len(),
                    lines.join("\n")
                ))
            }
        }
    }
}

fn candidate_line(session: &Session) -> String {
    let row = Row::from_session(session, None);
    format!(
        "  {:>7}  {} ({})",
        session.pid.unwrap_or(0),
        row.title,
        row.word.to_lowercase()
    )
}

impl From<anyhow::Error> for CommandFailure {
    fn from(e: anyhow::Error) -> Self {
        Self::Failed(e)
    }
}

impl From<io::Error> for CommandFailure {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once() {
        let read = || io::Error::other("/h/settings.json can be changed by other users");
        let named = anyhow::Error::new(read()).context(format!("not read: {}", read()));
        assert_eq!(in_words(&named), format!("not read: {}", read()));
        let unnamed = anyhow::Error::new(read()).context("failed to connect");
        assert_eq!(in_words(&unnamed), format!("failed to connect: {}", read()));
    }
}
