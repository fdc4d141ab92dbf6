//! What the loop is asked about requests that hooks hold.

use crate::requests::{AnswerError, Told};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trusty_actions::lease::CommandLease;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerAuthor;
use trusty_fleet::request::{Answer, Content, Over, RequestId};
use trusty_sources::hook::Asked;

/// What is asked of the loop.
#[derive(Debug)]
pub(super) enum Command {
    /// A hook asks, and waits.
    Hold(SessionId, Box<Asked>, mpsc::Sender<Told>),
    /// A hook that waited has ended.
    Ended(SessionId, RequestId, Over),
    /// The whole of what a hook asks.
    Content(SessionId, RequestId, oneshot::Sender<Option<Arc<Content>>>),
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
