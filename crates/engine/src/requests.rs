//! Requests that hooks hold: their whole content, and the way back to each hook.

mod decision;
mod desk;

pub use decision::{Unfit, decide};
pub(crate) use desk::{Held, LastWord, Told};

use crate::engine::Handle;
use std::sync::Arc;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerAuthor;
use trusty_fleet::request::{Answer, Content, RequestId};

/// Why an answer was not given.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Nobody waits for it any more.
    #[error("it does not wait for this answer any more: it was answered elsewhere, or let go")]
    Over,
    /// It does not fit what was asked; in words.
    #[error("{0}")]
    Unfit(String),
    /// Its client cannot read it now.
    #[error("its session is paused; resume it first")]
    Paused,
    /// The hook took it, but did not say that it was handed on.
    #[error("its client did not take the answer; answer in its terminal")]
    Unheard,
    /// The engine that runs does not tell what is asked; why, in words.
    #[error("what it asks could not be read: {0}")]
    Unread(String),
    /// No engine holds anything.
    #[error("no engine runs, so nothing is held for an answer; answer in its terminal")]
    Gone,
}

impl From<Unfit> for AnswerError {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit.to_string())
    }
}

impl AnswerError {
    /// A stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Unfit(_) => "unfit",
            Self::Paused => "paused",
            Self::Unheard => "unheard",
            Self::Unread(_) => "unread",
            Self::Gone => "gone",
        }
    }
}

/// The author with its process: one that names none is a face of this one.
fn of_this_process(author: AnswerAuthor) -> AnswerAuthor {
    match author.pid {
        Some(_) => author,
        None => AnswerAuthor {
            pid: Some(std::process::id()),
            executable: std::env::current_exe().ok(),
            ..author
        },
    }
}

impl Handle {
    /// The whole content of a request; none if nobody waits for its answer any more. Fails only
    /// where another engine is followed, with [`AnswerError::Unread`].
    pub async fn request(
        &self,
        session: SessionId,
        request: &RequestId,
    ) -> Result<Option<Arc<Content>>, AnswerError> {
        if let Some(told) = self.followed.request(session, request).await {
            return told;
        }
        Ok(self.content(session, request.clone()).await)
    }

    /// Answers a request, in the name of `author`. Returns when its hook has handed the answer on.
    pub async fn answer(
        &self,
        session: SessionId,
        request: &RequestId,
        answer: Answer,
        author: AnswerAuthor,
    ) -> Result<(), AnswerError> {
        if let Some(done) = self.followed.answer(session, request, &answer).await {
            return done;
        }
        let author = of_this_process(author);
        self.give(session, request.clone(), answer, author).await
    }
}
