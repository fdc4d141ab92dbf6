//! What the loop is asked about requests that hooks hold.

use crate::requests::{AnswerError, HookReply};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trusty_actions::lease::CommandLease;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerAuthor;
use trusty_fleet::request::{Answer, HookOutcome, RequestContent, RequestId};
use trusty_sources::hook::HookRequest;

/// What is asked of the loop.
#[derive(Debug)]
pub(super) enum RequestCommand {
    /// A hook asks, and waits.
    Hold(SessionId, Box<HookRequest>, mpsc::Sender<HookReply>),
    /// A hook that waited has ended.
    Ended(SessionId, RequestId, HookOutcome),
    /// The whole of what a hook asks.
    Content(
        SessionId,
        RequestId,
        oneshot::Sender<Option<Arc<RequestContent>>>,
    ),
    /// What a hook asks is answered.
    Answer(
        SessionId,
        RequestId,
        Answer,
        AnswerAuthor,
        CommandLease,
        oneshot::Sender<Result<(), AnswerError>>,
    ),
}
