//! Reads server-sent events, and makes snapshots of them again.

use super::api_types::{CHANGE_EVENT, SNAPSHOT_EVENT};
use super::{ClientError, MAX_RESPONSE_BYTES, read};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use trusty_fleet::Snapshot;
use trusty_fleet::snapshot::SnapshotDelta;

/// An engine sends something every 15 s, if only a comment; one that does not has stopped.
const EVENT_SILENCE_TIMEOUT: Duration = Duration::from_secs(40);

/// What the listener does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenMode {
    /// It looks: what raises no event is looked at more often.
    Visible,
    /// It waits for news.
    Hidden,
}

/// The last event that was heard.
#[derive(Debug, Clone)]
pub struct LastEvent {
    /// Its id, as the engine gave it.
    pub id: String,
    /// What it led to.
    pub snapshot: Arc<Snapshot>,
}

/// What an engine tells, as it comes.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    bytes: Vec<u8>,
    last: Option<LastEvent>,
}

impl EventStream {
    pub(super) fn new(body: Incoming, last: Option<LastEvent>) -> Self {
        Self {
            body,
            bytes: Vec::new(),
            last,
        }
    }

    /// The next snapshot; none when the engine has ended. May be dropped and called again.
    pub async fn next(&mut self) -> Result<Option<Arc<Snapshot>>, ClientError> {
        loop {
            while let Some(event) = ServerSentEvent::take_event(&mut self.bytes) {
                if let Some(snapshot) = self.apply_event(event)? {
                    return Ok(Some(snapshot));
                }
            }
            let frame = timeout(EVENT_SILENCE_TIMEOUT, self.body.frame())
                .await
                .map_err(|_| ClientError::NotResponding)?;
            match frame {
                None => return Ok(None),
                Some(Err(e)) => return Err(ClientError::ConnectionLost(e.to_string())),
                Some(Ok(frame)) => self.bytes.extend(frame.into_data().unwrap_or_default()),
            }
            if self.bytes.len() > MAX_RESPONSE_BYTES {
                return Err(ClientError::UnexpectedAnswer(
                    "an event that is too long".into(),
                ));
            }
        }
    }

    /// The last event that was heard, to go on from over another connection.
    pub fn last(&self) -> Option<LastEvent> {
        self.last.clone()
    }

    fn apply_event(
        &mut self,
        event: ServerSentEvent,
    ) -> Result<Option<Arc<Snapshot>>, ClientError> {
        let snapshot = match (event.name.as_str(), &self.last) {
            (SNAPSHOT_EVENT, _) => read::<Snapshot>(&event.data)?,
            (CHANGE_EVENT, Some(last)) => last.snapshot.apply(&read::<SnapshotDelta>(&event.data)?),
            (CHANGE_EVENT, None) => {
                return Err(ClientError::UnexpectedAnswer(
                    "a change before any snapshot".into(),
                ));
            }
            // What a later version tells besides.
            _ => return Ok(None),
        };
        let snapshot = Arc::new(snapshot);
        self.last = Some(LastEvent {
            id: event.id,
            snapshot: Arc::clone(&snapshot),
        });
        Ok(Some(snapshot))
    }
}

/// One event of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct ServerSentEvent {
    name: String,
    id: String,
    data: Vec<u8>,
}

impl ServerSentEvent {
    /// Takes the first whole event with data out of a stream; comments are skipped.
    fn take_event(bytes: &mut Vec<u8>) -> Option<Self> {
        loop {
            let end = bytes.windows(2).position(|w| w == b"\n\n")? + 2;
            let mut event = Self::default();
            let mut data = Vec::new();
            for line in bytes[..end].split(|b| *b == b'\n') {
                let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
                let (field, rest) = line.split_at(colon);
                let value = rest.strip_prefix(b":").unwrap_or(rest);
                let value = value.strip_prefix(b" ").unwrap_or(value);
                let text = || String::from_utf8_lossy(value).into_owned();
                match field {
                    b"event" => event.name = text(),
                    b"id" => event.id = text(),
                    b"data" => data.push(value),
                    _ => {}
                }
            }
            event.data = data.join(&b'\n');
            bytes.drain(..end);
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_whole() {
        let mut bytes =
            b": keep-alive\n\nevent: change\nid: a-1\ndata: {\"a\":\ndata: 1}\n\ndata: ha".to_vec();
        let event = ServerSentEvent {
            name: "change".into(),
            id: "a-1".into(),
            data: b"{\"a\":\n1}".to_vec(),
        };
        assert_eq!(ServerSentEvent::take_event(&mut bytes), Some(event));
        assert_eq!(ServerSentEvent::take_event(&mut bytes), None);
        bytes.extend(b"lf\n\n");
        let half = ServerSentEvent::take_event(&mut bytes).expect("whole now");
        assert_eq!(half.data, b"half");
        assert!(bytes.is_empty());
    }
}
