//! The engine that is followed, if one is: what a handle asks is asked of it.

use crate::direct;
use crate::requests::AnswerError;
use crate::threads;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use trusty_actions::ActionError;
use trusty_actions::jump;
use trusty_actions::jump::{JumpError, UnderWay};
use trusty_client::api_types::{AnswerRequest, AttentionRequest, PauseRequest, StopRequest};
use trusty_client::{ClientError, Remote};
use trusty_fleet::action::Action;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::observation::Attention;
use trusty_fleet::problem::ProblemCode;
use trusty_fleet::request::{Answer, Content, RequestId};
use trusty_fleet::why::Explanation;
use trusty_fleet::{SessionId, Snapshot};
use trusty_records::settings::Settings;
use trusty_sources::Ended;
use trusty_wire::surroundings::Surroundings;

/// The engine that is followed. Each question is answered with none where there is no such
/// engine, or no longer: then our own knows, or will.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    remote: watch::Receiver<Option<Remote>>,
    around: Arc<Surroundings>,
    jumps: UnderWay<Option<Result<(), JumpError>>>,
}

impl Followed {
    pub(crate) fn new(remote: watch::Receiver<Option<Remote>>, around: Surroundings) -> Self {
        Self {
            remote,
            around: Arc::new(around),
            jumps: UnderWay::default(),
        }
    }

    fn remote(&self) -> Option<Remote> {
        self.remote.borrow().clone()
    }

    pub(crate) async fn attend(&self, attention: Attention) -> Option<()> {
        let session = match attention {
            Attention::Popover => None,
            Attention::Terminal(id) => Some(id),
        };
        let done = self.remote()?.attend(&AttentionRequest { session }).await;
        present(done).map(|_noted| ())
    }

    pub(crate) async fn act(
        &self,
        id: SessionId,
        action: &Action,
    ) -> Option<Result<(), ActionError>> {
        let remote = self.remote()?;
        let done = match action {
            Action::Pause(wish) => {
                let how = PauseRequest {
                    how: wish.how,
                    note: wish.note.clone(),
                    by: Some(wish.by),
                };
                remote.pause(id, &how).await
            }
            Action::Resume => remote.resume(id).await,
            Action::End => remote.stop(id, StopRequest { kill: false }).await,
            Action::Kill => remote.stop(id, StopRequest { kill: true }).await,
        };
        if done.as_ref().is_err_and(ClientError::is_hang) {
            return Some(self.perform_directly(id, action.clone()).await);
        }
        let done = present(done)?;
        Some(done.map_err(action_error))
    }

    /// On a thread of its own, as an engine's actions are.
    async fn perform_directly(&self, id: SessionId, action: Action) -> Result<(), ActionError> {
        let (reply, done) = oneshot::channel();
        let around = Arc::clone(&self.around);
        let acting = move || async move {
            let settings = Settings::read(&around);
            let done = direct::perform(&around, &settings, id, action).await;
            // The caller may have gone.
            let _ = reply.send(done);
            Ended
        };
        threads::spawn("trusty-direct", acting).map_err(|e| ActionError::Failed(e.to_string()))?;
        done.await.unwrap_or(Err(ActionError::Gone))
    }

    /// From here, where the face is, and if there is no way from here, from where the engine is:
    /// its owner sees both, and what the engine says of it stands in the session's row.
    pub(crate) async fn jump(
        &self,
        id: SessionId,
        snapshot: &Snapshot,
    ) -> Option<Result<(), JumpError>> {
        let remote = self.remote()?;
        self.jumps.join(id, self.go(&remote, id, snapshot)).await
    }

    async fn go(
        &self,
        remote: &Remote,
        id: SessionId,
        snapshot: &Snapshot,
    ) -> Option<Result<(), JumpError>> {
        if let Some(session) = snapshot.sessions.iter().find(|s| s.id == id) {
            let terminal = Settings::read(&self.around).terminal;
            match jump::jump(session, &self.around, &terminal).await {
                Ok(()) => return self.attend(Attention::Terminal(id)).await.map(Ok),
                Err(JumpError::Refused(_) | JumpError::Gone) => {}
                // What was begun here would be done a second time there.
                Err(e) => return Some(Err(e)),
            }
        }
        let done = present(remote.jump(id).await)?;
        Some(done.map_err(jump_error))
    }

    pub(crate) async fn explain(&self, id: SessionId) -> Option<Option<Explanation>> {
        let told = self.remote()?.why(id).await;
        present(told).map(Result::ok)
    }

    pub(crate) async fn request(
        &self,
        session: SessionId,
        request: &RequestId,
    ) -> Option<Result<Option<Arc<Content>>, AnswerError>> {
        let told = present(self.remote()?.request(session, request).await)?;
        let told = told.map(|whole| whole.map(|whole| Arc::new(whole.content)));
        Some(told.map_err(|e| AnswerError::Unread(e.to_string())))
    }

    pub(crate) async fn answer(
        &self,
        session: SessionId,
        request: &RequestId,
        answer: &Answer,
        channel: AnswerChannel,
    ) -> Option<Result<(), AnswerError>> {
        let answer = AnswerRequest {
            request: request.clone(),
            answer: answer.clone(),
        };
        let done = present(self.remote()?.answer(session, &answer, channel).await)?;
        Some(done.map_err(answer_error))
    }
}

/// What a user is told of an action that an engine elsewhere did not report as done.
fn action_error(e: ClientError) -> ActionError {
    match e {
        // A face asks then whether it may be killed.
        ClientError::Refused(problem) if problem.known_code() == Some(ProblemCode::DoesNotEnd) => {
            ActionError::Stays(problem.detail)
        }
        ClientError::Refused(problem) => ActionError::Reported(problem),
        e => ActionError::OutcomeUnknown(e.to_string()),
    }
}

/// The same of a jump.
fn jump_error(e: ClientError) -> JumpError {
    match e {
        ClientError::Refused(problem) if problem.known_code() == Some(ProblemCode::Partly) => {
            JumpError::Partly(problem.detail)
        }
        ClientError::Refused(problem) => JumpError::Reported(problem),
        e => JumpError::OutcomeUnknown(e.to_string()),
    }
}

/// The same of an answer.
fn answer_error(e: ClientError) -> AnswerError {
    match e {
        ClientError::Refused(problem) => AnswerError::Reported(problem),
        e => AnswerError::OutcomeUnknown(e.to_string()),
    }
}

/// What an engine has said, unless there is none to say it.
fn present<T>(told: Result<T, ClientError>) -> Option<Result<T, ClientError>> {
    match told {
        Err(e) if e.is_absence() => None,
        told => Some(told),
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
        for code in ProblemCode::ALL {
            let shown = answer_error(refused(code.as_str(), said));
            assert_eq!((shown.code(), shown.to_string()), (*code, said.to_owned()));
        }
    }

    #[test]
    fn an_outcome_that_is_not_known_is_not_called_a_failure() {
        let late = || ClientError::Late;
        assert_eq!(action_error(late()).to_string(), late().to_string());
        assert_eq!(jump_error(late()).to_string(), late().to_string());
        assert_eq!(answer_error(late()).to_string(), late().to_string());
    }
}
