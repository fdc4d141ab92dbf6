//! Commands to the loop about held requests.

use crate::requests::{AnswerError, HookReply};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trusty_actions::lease::CommandLease;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerAuthor;
use trusty_fleet::request::{Answer, HookOutcome, RequestContent, RequestId};
use trusty_sources::hook::HookRequest;

/// A command about held requests.
#[derive(Debug)]
pub(super) enum RequestCommand {
    /// Holds the request of a hook, which waits for replies.
    Hold(SessionId, Box<HookRequest>, mpsc::Sender<HookReply>),
    /// Files that a waiting hook has ended.
    Ended(SessionId, RequestId, HookOutcome),
    /// Reads the full content of a request.
    Content(
        SessionId,
        RequestId,
        oneshot::Sender<Option<Arc<RequestContent>>>,
    ),
    /// Answers a request.
    Answer(
        SessionId,
        RequestId,
        Answer,
        AnswerAuthor,
        CommandLease,
        oneshot::Sender<Result<(), AnswerError>>,
    ),
}
