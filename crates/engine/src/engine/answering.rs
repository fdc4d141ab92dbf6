//! Requests that hooks hold, as a face or a connected process reads and answers them.

use super::Handle;
use crate::requests::AnswerError;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::{
    AnswerAuthor, AnswerChannel, AnswerPolicy, AuthorizationRefusal, Caller, LivingSession,
    ProtectedRequest, authorize,
};
use trusty_fleet::request::{Answer, RequestId};
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::process_tracer::ConnectedPeer;

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
    /// Answers a request for the user of this face, who did it in this channel. Returns when its
    /// hook has handed the answer on.
    ///
    /// # Errors
    ///
    /// The request is over, or the answer does not fit.
    pub async fn answer_before(
        &self,
        session: SessionId,
        request: &RequestId,
        answer: Answer,
        channel: AnswerChannel,
        deadline: CommandDeadline,
    ) -> Result<(), AnswerError> {
        let author = author_of(
            &Caller::OwnFace(channel),
            &answer,
            None,
            self.callers.policy(),
        )?;
        let author = of_this_process(author);
        self.give(session, request.clone(), answer, author, deadline)
            .await
    }

    /// Answers a request for the process at the other end of a connection, which says that the
    /// user answered in this channel. Returns when its hook has handed the answer on.
    ///
    /// # Errors
    ///
    /// As [`Self::answer_before`], or the process may not.
    pub async fn answer_for(
        &self,
        peer: ConnectedPeer,
        said: Option<AnswerChannel>,
        session: SessionId,
        request: RequestId,
        answer: Answer,
        deadline: CommandDeadline,
    ) -> Result<(), AnswerError> {
        let caller = self.caller(peer).await;
        let author = author_of(&caller, &answer, said, self.callers.policy())?;
        self.give(session, request, answer, author, deadline).await
    }

    /// Why the process at the other end of a connection may not resume a session; none if it may.
    pub async fn resume_refusal(&self, peer: ConnectedPeer) -> Option<AuthorizationRefusal> {
        let caller = self.caller(peer).await;
        let decided = authorize(&caller, ProtectedRequest::Resume, self.callers.policy());
        decided.err()
    }

    async fn caller(&self, peer: ConnectedPeer) -> Caller {
        let sessions = LivingSession::of_snapshot(&self.snapshot());
        self.callers.caller(peer, sessions).await
    }
}

/// Who gives an answer, if they may.
fn author_of(
    caller: &Caller,
    answer: &Answer,
    said: Option<AnswerChannel>,
    policy: AnswerPolicy,
) -> Result<AnswerAuthor, AnswerError> {
    let channel = match ProtectedRequest::of_answer(answer, said) {
        Some(request) => authorize(caller, request, policy)
            .map_err(|refusal| AnswerError::NotAuthorized(refusal.to_string()))?,
        None => caller.unprotected_channel(said),
    };
    Ok(caller.author(channel))
}
