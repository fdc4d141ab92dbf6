//! What a user is told where an engine of another process did not report success: one mapping for
//! all faces. What the engine said is shown as it said it.

use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_client::ClientError;
use trusty_engine::requests::AnswerError;
use trusty_fleet::problem::ProblemCode;

/// What a user is told of an action that an engine elsewhere did not report as done.
pub(super) fn action_error(e: ClientError) -> ActionError {
    match e {
        // A face asks then whether it may be killed.
        ClientError::Refused(problem) if problem.known_code() == Some(ProblemCode::DoesNotEnd) => {
            ActionError::DidNotExit(problem.detail)
        }
        ClientError::Refused(problem) => ActionError::Reported(problem),
        e => ActionError::OutcomeUnknown(e.to_string()),
    }
}

/// The same of a jump.
pub(super) fn jump_error(e: ClientError) -> JumpError {
    match e {
        ClientError::Refused(problem) if problem.known_code() == Some(ProblemCode::Partly) => {
            JumpError::Partly(problem.detail)
        }
        ClientError::Refused(problem) => JumpError::Reported(problem),
        e => JumpError::OutcomeUnknown(e.to_string()),
    }
}

/// The same of an answer.
pub(super) fn answer_error(e: ClientError) -> AnswerError {
    match e {
        ClientError::Refused(problem) => AnswerError::Reported(problem),
        e => AnswerError::OutcomeUnknown(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::problem::Problem;

    /// What an engine of a later version may refuse.
    fn refused(code: &str, detail: &str) -> ClientError {
        let known = Problem::new(ProblemCode::Busy, detail);
        ClientError::Refused(Box::new(Problem {
            code: code.to_owned(),
            ..known
        }))
    }

    #[test]
    fn what_an_engine_elsewhere_reports_is_shown_as_it_was_said() {
        let said = "the frobnicator is busy; wait for it";
        let shown = |e: ClientError| {
            let again = ClientError::to_string(&e);
            [
                action_error(refused("frobnicator-busy", said)).to_string(),
                jump_error(refused("frobnicator-busy", said)).to_string(),
                answer_error(e).to_string(),
                again,
            ]
        };
        for shown in shown(refused("frobnicator-busy", said)) {
            assert_eq!(shown, format!("{said} (frobnicator-busy)"));
        }
        for code in ProblemCode::ALL_CODES {
            let shown = answer_error(refused(code.as_str(), said));
            assert_eq!((shown.code(), shown.to_string()), (*code, said.to_owned()));
        }
    }

    #[test]
    fn an_outcome_that_is_not_known_is_not_called_a_failure() {
        let late = || ClientError::OutcomeTimeout;
        assert_eq!(action_error(late()).to_string(), late().to_string());
        assert_eq!(jump_error(late()).to_string(), late().to_string());
        assert_eq!(answer_error(late()).to_string(), late().to_string());
    }
}
