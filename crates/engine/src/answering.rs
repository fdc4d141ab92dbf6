//! The handle's access to held requests: hooks submit them, faces and connected processes read and
//! answer them.

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

/// Completes an author without a process: a face that runs in this process.
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
    /// Submits the request of a hook; the replies arrive on the receiver. `None` without an engine.
    pub async fn hold_request(
        &self,
        session: SessionId,
        asked: HookRequest,
    ) -> Option<mpsc::Receiver<HookReply>> {
        // Two places: one for a hold notice, one for the final reply.
        let (way, told) = mpsc::channel(2);
        self.send(RequestCommand::Hold(session, Box::new(asked), way))
            .await?;
        Some(told)
    }

    /// `None` if the loop has ended.
    async fn send(&self, command: RequestCommand) -> Option<()> {
        let command = command::EngineCommand::HandleRequest(command);
        self.commands.send(command).await.ok()
    }

    /// Reports that a waiting hook has ended.
    pub async fn report_hook_ended(
        &self,
        session: SessionId,
        request: RequestId,
        over: HookOutcome,
    ) {
        // Nothing is left to update if the loop has ended.
        let _ = self
            .send(RequestCommand::Ended(session, request, over))
            .await;
    }

    /// The full content of a held request; `None` if it is not held or the engine has ended.
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

    /// Answers a request for the user of this face, who answered in `channel`. Returns once the
    /// hook has passed the answer to Claude Code.
    ///
    /// # Errors
    ///
    /// If the request is no longer pending, the answer does not fit it, the session is paused,
    /// Claude Code did not accept the answer, or the command did not begin before `deadline`.
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

    /// Answers a request for the process at the other end of a connection, which says that the user
    /// answered in the channel `said`. Returns once the hook has passed the answer to Claude Code.
    ///
    /// # Errors
    ///
    /// As [`Self::answer_before`], and if the process may not give this answer.
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

    /// Why the process at the other end of a connection may not resume a session; `None` if it may.
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

/// The author of an answer, if the caller may give it.
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
