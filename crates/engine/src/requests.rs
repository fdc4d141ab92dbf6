//! Requests that hooks hold: their whole content, and the way back to each hook.

mod decision;
mod pending_requests;

pub use decision::{InvalidAnswer, decide};
pub use pending_requests::{FinalReply, HookReply, PendingRequests};

use trusty_actions::lease::CommandLapse;
use trusty_fleet::problem::{Problem, ProblemCode};

/// Why an answer was not given.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The request is no longer pending.
    #[error(
        "this request is no longer pending: it was answered elsewhere or returned to the terminal"
    )]
    NotPending,
    /// The answer does not fit the request; in words.
    #[error("{0}")]
    InvalidAnswer(String),
    /// The session is paused, so Claude Code cannot read an answer.
    #[error("the session is paused; resume it first")]
    Paused,
    /// The hook took the answer, but did not report that Claude Code has it.
    #[error("Claude Code did not accept the answer; answer in the terminal instead")]
    NotAccepted,
    /// The engine that runs does not tell what is asked; why, in words.
    #[error("could not read the request: {0}")]
    Unreadable(String),
    /// The caller may not answer; in words.
    #[error("{0}")]
    NotAuthorized(String),
    /// The answer did not reach the engine in time, or the caller hung up before.
    #[error("{0}")]
    Lapsed(#[from] CommandLapse),
    /// The engine of another process reported this.
    #[error("{0}")]
    Reported(Box<Problem>),
    /// The engine of another process did not say what became of the answer; in words.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// No engine holds anything.
    #[error("no engine is running, so no request is held; answer in the terminal instead")]
    Gone,
}

impl From<InvalidAnswer> for AnswerError {
    fn from(unfit: InvalidAnswer) -> Self {
        Self::InvalidAnswer(unfit.to_string())
    }
}

impl AnswerError {
    /// A stable code, for programs.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::NotPending => ProblemCode::Over,
            Self::InvalidAnswer(_) => ProblemCode::Unfit,
            Self::Paused => ProblemCode::Paused,
            Self::NotAccepted => ProblemCode::Unheard,
            Self::Unreadable(_) => ProblemCode::Unread,
            Self::NotAuthorized(_) => ProblemCode::NotForPrograms,
            Self::Lapsed(_) => ProblemCode::TooLate,
            Self::OutcomeUnknown(_) => ProblemCode::Failed,
            Self::Reported(problem) => problem.known_code().unwrap_or(ProblemCode::Failed),
            Self::Gone => ProblemCode::Gone,
        }
    }
}
