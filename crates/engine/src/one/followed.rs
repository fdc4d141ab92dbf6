//! The engine that is followed, if one is: what a handle asks is asked of it.

use crate::api::client::{ClientError, Remote};
use crate::api::{AnswerRequest, AttentionRequest, PauseRequest};
use crate::hosts::ActionError;
use crate::requests::AnswerError;
use std::sync::Arc;
use tokio::sync::watch;
use trusty_fleet::SessionId;
use trusty_fleet::action::Action;
use trusty_fleet::observation::Attention;
use trusty_fleet::request::{Answer, Content, RequestId};
use trusty_fleet::why::Explanation;

/// The engine that is followed. Each question is answered with none where there is no such
/// engine, or no longer: then our own knows, or will.
#[derive(Debug, Clone)]
pub(crate) struct Followed(watch::Receiver<Option<Remote>>);

impl Followed {
    pub(crate) fn new(remote: watch::Receiver<Option<Remote>>) -> Self {
        Self(remote)
    }

    fn remote(&self) -> Option<Remote> {
        self.0.borrow().clone()
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
            Action::End => remote.stop(id).await,
        };
        let done = present(done)?;
        Some(done.map_err(|e| match e {
            ClientError::Refused(problem) => ActionError::Told(Box::new(problem)),
            e => ActionError::Failed(e.to_string()),
        }))
    }

    pub(crate) async fn explain(&self, id: SessionId) -> Option<Option<Explanation>> {
        let told = self.remote()?.why(id).await;
        present(told).map(Result::ok)
    }

    pub(crate) async fn request(
        &self,
        session: SessionId,
        request: &RequestId,
    ) -> Option<Option<Arc<Content>>> {
        let told = present(self.remote()?.request(session, request).await)?;
        let whole = told.ok().flatten();
        Some(whole.map(|whole| Arc::new(whole.content)))
    }

    pub(crate) async fn answer(
        &self,
        session: SessionId,
        request: &RequestId,
        answer: &Answer,
    ) -> Option<Result<(), AnswerError>> {
        let answer = AnswerRequest {
            request: request.clone(),
            answer: answer.clone(),
        };
        let done = present(self.remote()?.answer(session, &answer).await)?;
        Some(done.map_err(|e| match e {
            ClientError::Refused(problem) => match problem.code.as_str() {
                "unfit" => AnswerError::Unfit(problem.detail),
                "unheard" => AnswerError::Unheard,
                "gone" => AnswerError::Gone,
                "paused" => AnswerError::Paused,
                _ => AnswerError::Over,
            },
            _ => AnswerError::Unheard,
        }))
    }
}

/// What an engine has said, unless there is none to say it.
fn present<T>(told: Result<T, ClientError>) -> Option<Result<T, ClientError>> {
    match told {
        Err(e) if e.is_absence() => None,
        told => Some(told),
    }
}
