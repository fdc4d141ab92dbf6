//! The client's side of the event stream: decodes server-sent events and rebuilds snapshots.

use super::api_types::{CHANGE_EVENT, SNAPSHOT_EVENT};
use super::{ClientError, MAX_RESPONSE_BYTES, read};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use sse_core::{MessageEvent, PayloadTooLargeError, SseDecoder, SseEvent};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use trusty_fleet::Snapshot;
use trusty_fleet::snapshot::SnapshotDelta;

/// How long an event stream may be silent; an engine sends at least a comment every 15 s.
const EVENT_SILENCE_TIMEOUT: Duration = Duration::from_secs(40);
/// The largest event that is decoded. The decoder applies the limit to the data, the name and the
/// id separately, and stores nothing of comments.
const MAX_EVENT_BYTES: NonZeroUsize =
    NonZeroUsize::new(MAX_RESPONSE_BYTES).expect("a limit above zero");

/// Whether a user watches the events, or a program only waits for changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenMode {
    /// A user watches: the engine refreshes values that raise no event more often.
    Visible,
    /// A program waits for changes.
    Hidden,
}

/// The last event that was received, from which another connection can resume.
#[derive(Debug, Clone)]
pub struct LastEvent {
    /// The event's id, as the engine sent it.
    pub id: String,
    /// The snapshot after this event.
    pub snapshot: Arc<Snapshot>,
}

/// The snapshots that an engine sends over one connection.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    decoder: EventDecoder,
    last: Option<LastEvent>,
}

impl EventStream {
    pub(super) fn new(body: Incoming, last: Option<LastEvent>) -> Self {
        Self {
            body,
            decoder: EventDecoder::with_limit(MAX_EVENT_BYTES),
            last,
        }
    }

    /// The next snapshot, or none when the engine has exited. Dropping the future loses no event.
    ///
    /// # Errors
    /// If the connection breaks or is silent for 40 s, or an event is invalid or exceeds 64 MiB.
    pub async fn next(&mut self) -> Result<Option<Arc<Snapshot>>, ClientError> {
        loop {
            while let Some(event) = self.decoder.next()? {
                if let Some(snapshot) = self.apply(&event)? {
                    return Ok(Some(snapshot));
                }
            }
            let frame = timeout(EVENT_SILENCE_TIMEOUT, self.body.frame())
                .await
                .map_err(|_| ClientError::NotResponding)?;
            match frame {
                None => return Ok(None),
                Some(Err(e)) => return Err(ClientError::ConnectionLost(e.to_string())),
                Some(Ok(frame)) => self.decoder.feed(frame.into_data().unwrap_or_default()),
            }
        }
    }

    /// The last event that was received, from which another connection can resume.
    pub fn last(&self) -> Option<LastEvent> {
        self.last.clone()
    }

    /// The snapshot after this event; none if this version does not know the event.
    fn apply(&mut self, event: &MessageEvent) -> Result<Option<Arc<Snapshot>>, ClientError> {
        let data = event.data.as_bytes();
        let snapshot = match (event.event.as_ref(), &self.last) {
            (SNAPSHOT_EVENT, _) => read::<Snapshot>(data)?,
            (CHANGE_EVENT, Some(last)) => last.snapshot.apply(&read::<SnapshotDelta>(data)?),
            (CHANGE_EVENT, None) => {
                return Err(ClientError::UnexpectedAnswer(
                    "a change before any snapshot".into(),
                ));
            }
            // An event that a later version has introduced.
            _ => return Ok(None),
        };
        let snapshot = Arc::new(snapshot);
        self.last = Some(LastEvent {
            id: event.last_event_id.as_deref().unwrap_or_default().into(),
            snapshot: Arc::clone(&snapshot),
        });
        Ok(Some(snapshot))
    }
}

/// Decodes the events of one connection, whatever pieces their bytes arrive in.
#[derive(Debug)]
struct EventDecoder {
    decoder: SseDecoder,
    limit: NonZeroUsize,
    /// The rest of the piece that arrived last.
    unread: Bytes,
}

impl EventDecoder {
    fn with_limit(limit: NonZeroUsize) -> Self {
        Self {
            decoder: SseDecoder::with_limit(limit),
            limit,
            unread: Bytes::new(),
        }
    }

    /// Takes the next piece, once [`Self::next`] has returned none for the piece before.
    fn feed(&mut self, piece: Bytes) {
        debug_assert!(self.unread.is_empty(), "the last piece is decoded");
        self.unread = piece;
    }

    /// The next event with data; none if more bytes are needed.
    fn next(&mut self) -> Result<Option<MessageEvent>, ClientError> {
        while let Some(event) = self.decoder.next(&mut self.unread) {
            match event {
                Ok(SseEvent::Message(event)) if !event.data.is_empty() => return Ok(Some(event)),
                Ok(SseEvent::Message(_) | SseEvent::Retry(_)) => {}
                Err(PayloadTooLargeError) => {
                    let detail = format!("an event exceeds the limit of {} bytes", self.limit);
                    return Err(ClientError::UnexpectedAnswer(detail));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
