//! Requests that hooks hold, on their way to the loop: for the hook that asks, and for the face or
//! connected process that reads and answers them.

use crate::command;
use crate::handle::EngineHandle;
use crate::request_command::RequestCommand;
use crate::requests::{AnswerError, HookReply};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trusty_actions::lease::CommandLease;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::{
    AnswerAuthor, AnswerChannel, AnswerPolicy, AuthorizationRefusal, CallerIdentity, LivingSession,
    ProtectedRequest, authorize,
};
use trusty_fleet::request::{Answer, HookOutcome, RequestContent, RequestId};
use trusty_sources::hook::HookRequest;
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

impl EngineHandle {
    /// Holds what a hook asks; what it is told comes here. Without an engine, nothing.
    pub async fn hold_request(
        &self,
        session: SessionId,
        asked: HookRequest,
    ) -> Option<mpsc::Receiver<HookReply>> {
        // For how long it is held, and the last word.
        let (way, told) = mpsc::channel(2);
        self.send(RequestCommand::Hold(session, Box::new(asked), way))
            .await?;
        Some(told)
    }

    /// Nothing if the loop has ended.
    async fn send(&self, command: RequestCommand) -> Option<()> {
        let command = command::EngineCommand::HandleRequest(command);
        self.commands.send(command).await.ok()
    }

    /// A hook that waited has ended.
    pub async fn report_hook_ended(
        &self,
        session: SessionId,
        request: RequestId,
        over: HookOutcome,
    ) {
        // A loop that has ended needs to know nothing.
        let _ = self
            .send(RequestCommand::Ended(session, request, over))
            .await;
    }

    /// The whole content of a request that is held here.
    pub async fn read_request(
        &self,
        session: SessionId,
        request: RequestId,
    ) -> Option<Arc<RequestContent>> {
        let (reply, content) = oneshot::channel();
        self.send(RequestCommand::Content(session, request, reply))
            .await?;
        content.await.ok()?
    }

    async fn answer_request(
        &self,
        session: SessionId,
        request: RequestId,
        answer: Answer,
        author: AnswerAuthor,
        deadline: CommandDeadline,
    ) -> Result<(), AnswerError> {
        let (lease, caller) = CommandLease::new(deadline);
        let asked = async {
            let (reply, given) = oneshot::channel();
            let command = RequestCommand::Answer(session, request, answer, author, lease, reply);
            self.send(command).await.ok_or(AnswerError::Gone)?;
            given.await.unwrap_or(Err(AnswerError::Gone))
        };
        tokio::select! {
            done = asked => done,
            lapse = caller.wait_lapsed() => Err(lapse.into()),
        }
    }

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
            &CallerIdentity::OwnFace(channel),
            &answer,
            None,
            self.callers.policy(),
        )?;
        let author = of_this_process(author);
        self.answer_request(session, request.clone(), answer, author, deadline)
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
        self.answer_request(session, request, answer, author, deadline)
            .await
    }

    /// Why the process at the other end of a connection may not resume a session; none if it may.
    pub async fn resume_refusal(&self, peer: ConnectedPeer) -> Option<AuthorizationRefusal> {
        let caller = self.caller(peer).await;
        let decided = authorize(&caller, ProtectedRequest::Resume, self.callers.policy());
        decided.err()
    }

    async fn caller(&self, peer: ConnectedPeer) -> CallerIdentity {
        let sessions = LivingSession::from_snapshot(&self.snapshot());
        self.callers.caller(peer, sessions).await
    }
}

/// Who gives an answer, if they may.
fn author_of(
    caller: &CallerIdentity,
    answer: &Answer,
    said: Option<AnswerChannel>,
    policy: AnswerPolicy,
) -> Result<AnswerAuthor, AnswerError> {
    let channel = match ProtectedRequest::from_answer(answer, said) {
        Some(request) => authorize(caller, request, policy)
            .map_err(|refusal| AnswerError::NotAuthorized(refusal.to_string()))?,
        None => caller.unprotected_channel(said),
    };
    Ok(caller.author(channel))
}
