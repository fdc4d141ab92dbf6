//! Why an action is refused, in words that name the way out.

use super::PauseObstacle;
use crate::client::ConfirmationGap;
use crate::pause::PauseKind;
use crate::problem::ProblemCode;

/// Why an action is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The session has exited.
    Ended,
    /// The process is not confirmed to be Claude Code: what is missing.
    Unconfirmed(ConfirmationGap),
    /// Another action on the session is in progress.
    Busy,
    /// The session is already paused.
    AlreadyPaused(PauseKind),
    /// The session is paused, but not by Trusty Bar: what to do instead.
    PausedByOthers(&'static str),
    /// The session is not paused.
    NotPaused,
    /// Claude Code waits for an answer, so that an interrupted turn cannot be told to continue.
    AwaitsAnswer,
    /// The requested kind is not possible here.
    Impossible(PauseKind, PauseObstacle),
    /// Only an interrupt is possible, which loses the current step and has to be requested by name.
    LosesStep,
    /// No kind is possible: the obstacles of the best ones.
    NoKindPossible(Vec<(PauseKind, PauseObstacle)>),
}

impl Refusal {
    /// The stable code of the refusal, for programs.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Ended => ProblemCode::NoSuchSession,
            Self::Unconfirmed(_) => ProblemCode::Unconfirmed,
            Self::Busy => ProblemCode::Busy,
            Self::AlreadyPaused(_) => ProblemCode::AlreadyPaused,
            Self::PausedByOthers(_) => ProblemCode::PausedByOthers,
            Self::NotPaused => ProblemCode::NotPaused,
            Self::AwaitsAnswer => ProblemCode::Asks,
            Self::Impossible(..) => ProblemCode::Impossible,
            Self::LosesStep => ProblemCode::LosesStep,
            Self::NoKindPossible(_) => ProblemCode::NoWay,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended => f.write_str("the session has exited"),
            Self::Unconfirmed(gap) => write!(
                f,
                "unconfirmed: {gap}; pause or end the program in its own terminal"
            ),
            Self::Busy => f.write_str(
                "another action on this session is in progress; try again when it finishes",
            ),
            Self::AlreadyPaused(kind) => {
                write!(f, "the session is already paused ({})", kind.done())
            }
            Self::PausedByOthers(way_out) => {
                write!(f, "Trusty Bar did not pause this session; {way_out}")
            }
            Self::NotPaused => f.write_str("the session is not paused"),
            Self::AwaitsAnswer => f.write_str(
                "Claude Code is waiting for an answer in the terminal; answer there first",
            ),
            Self::Impossible(kind, obstacle) => {
                write!(f, "{} is not possible: {obstacle}", kind.name())
            }
            Self::LosesStep => f.write_str(
                "only interrupt is possible, which loses the current step; connect hooks to hold \
                 the session instead, or request interrupt",
            ),
            Self::NoKindPossible(obstacles) => match obstacles.first() {
                Some((_, obstacle)) => {
                    write!(
                        f,
                        "the session cannot be paused here: {obstacle}; connect hooks to pause it"
                    )
                }
                None => f.write_str("the session cannot be paused here; connect hooks to pause it"),
            },
        }
    }
}
