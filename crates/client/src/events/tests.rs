//! Tests of the event decoder, and of a stream over a real socket.

use super::*;
use crate::EngineClient;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use trusty_wire::version::TRUSTY_VERSION;

const TEST_LIMIT: NonZeroUsize = NonZeroUsize::new(64).expect("a limit above zero");

/// The name, id and data of each event.
type DecodedEvents = Vec<(String, String, String)>;

fn drain(decoder: &mut EventDecoder) -> Result<DecodedEvents, ClientError> {
    let mut events = Vec::new();
    while let Some(event) = decoder.next()? {
        let id = event
            .last_event_id
            .as_deref()
            .unwrap_or_default()
            .to_owned();
        events.push((event.event.into_owned(), id, event.data));
    }
    Ok(events)
}

fn decode(pieces: &[&[u8]]) -> Result<DecodedEvents, ClientError> {
    let mut decoder = EventDecoder::with_limit(TEST_LIMIT);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        events.extend(drain(&mut decoder)?);
    }
    Ok(events)
}

fn event(name: &str, id: &str, data: &str) -> (String, String, String) {
    (name.to_owned(), id.to_owned(), data.to_owned())
}

/// A byte order mark, comments, data of several lines, other fields, and text beyond ASCII.
const SAMPLE_STREAM: &str = "\u{feff}: keep-alive\n\nevent: change\nid: a-1\ndata: {\"a\":\n\
    data:1}\nother: x\nretry: 7\n\n:\n\ndata\n\nevent: snapshot\nid: a-2\n: within\n\
    data: é → 日\n\n";

fn sample_events() -> DecodedEvents {
    vec![
        event("change", "a-1", "{\"a\":\n1}"),
        event("snapshot", "a-2", "é → 日"),
    ]
}

#[test]
fn an_event_is_decoded_once_it_is_complete() {
    let mut decoder = EventDecoder::with_limit(TEST_LIMIT);
    decoder.feed(Bytes::from(
        ": keep-alive\n\nevent: change\nid: a-1\ndata: {\"a\":\ndata: 1}\n\ndata: ha",
    ));
    let first = drain(&mut decoder).expect("valid");
    assert_eq!(first, [event("change", "a-1", "{\"a\":\n1}")]);
    decoder.feed(Bytes::from("lf\n\n"));
    let second = drain(&mut decoder).expect("valid");
    assert_eq!(second, [event("message", "a-1", "half")]);
    assert!(decoder.unread.is_empty());
}

#[test]
fn a_split_at_any_byte_gives_the_same_events_with_every_line_end() {
    for line_end in ["\n", "\r\n", "\r"] {
        let stream = SAMPLE_STREAM.replace('\n', line_end);
        let bytes = stream.as_bytes();
        for offset in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(offset);
            let events = decode(&[head, tail]).expect("valid");
            assert_eq!(events, sample_events(), "{line_end:?} at {offset}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let events = decode(&single).expect("valid");
        assert_eq!(events, sample_events(), "{line_end:?} byte by byte");
    }
}

#[test]
fn comments_and_events_without_data_are_skipped() {
    let stream = b": one\n\n:\n\nevent: change\nid: a-1\n\ndata:\n\n: two\n";
    assert_eq!(decode(&[stream]).expect("valid"), []);
}

#[test]
fn an_event_above_the_limit_is_an_error_wherever_it_grows() {
    let limit = TEST_LIMIT.get();
    let fits = format!("data: {}\n\n", "x".repeat(limit));
    assert_eq!(decode(&[fits.as_bytes()]).expect("fits").len(), 1);
    for stream in [
        format!("data: {}\n\n", "x".repeat(limit + 1)),
        format!("data: {}", "x".repeat(limit + 1)),
        format!("id: {}", "x".repeat(limit + 1)),
        format!("event: {}", "x".repeat(limit + 1)),
        "data: x\n".repeat(limit),
        "data\n".repeat(limit + 2),
    ] {
        let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        for pieces in [&[stream.as_bytes()][..], &single] {
            let error = decode(pieces).expect_err("too large").to_string();
            assert!(error.contains("exceeds the limit of 64 bytes"), "{error}");
        }
    }
    // Nothing of a comment is stored, however long.
    let comment = format!(": {}\ndata: x\n\n", "x".repeat(limit * 9));
    assert_eq!(decode(&[comment.as_bytes()]).expect("valid").len(), 1);
}

/// Accepts one client and sends the head of an event stream.
async fn accept_listener(listener: &UnixListener) -> UnixStream {
    let (mut stream, _) = listener.accept().await.expect("a client");
    let mut request = [0; 4096];
    assert!(stream.read(&mut request).await.expect("a request") > 0);
    let head = format!(
        "HTTP/1.1 200 OK\r\nx-trusty-version: {TRUSTY_VERSION}\r\n\
         content-type: text/event-stream\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

async fn subscribe(socket: &Path) -> EventStream {
    EngineClient::for_socket(socket, rustix::process::getuid().as_raw())
        .subscribe(ListenMode::Hidden, None)
        .await
        .expect("subscribed")
}

#[tokio::test]
async fn a_stream_gives_snapshots_until_the_engine_exits() {
    let dir = tempfile::tempdir().expect("folder");
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).expect("socket");
    let snapshot = serde_json::to_string(&Snapshot::default()).expect("writes");
    let engine = async {
        let mut stream = accept_listener(&listener).await;
        let events = format!(
            ": hello\r\n\r\nevent: later\ndata: ignored\n\nevent: snapshot\nid: a-1\ndata: \
             {snapshot}\n\n"
        );
        let (head, tail) = events.split_at(events.len() / 2);
        stream.write_all(head.as_bytes()).await.expect("sent");
        tokio::task::yield_now().await;
        stream.write_all(tail.as_bytes()).await.expect("sent");
    };
    let client = async {
        let mut events = subscribe(&socket).await;
        let first = events.next().await.expect("valid").expect("a snapshot");
        assert_eq!(*first, Snapshot::default());
        assert_eq!(events.last().expect("received").id, "a-1");
        assert!(events.next().await.expect("valid").is_none());
    };
    tokio::join!(engine, client);
}

#[tokio::test]
async fn an_event_that_never_ends_is_an_error() {
    let dir = tempfile::tempdir().expect("folder");
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).expect("socket");
    let engine = async {
        let mut stream = accept_listener(&listener).await;
        stream.write_all(b"data: ").await.expect("sent");
        let piece = vec![b'x'; 1 << 20];
        // The client hangs up when the event has become too large.
        while stream.write_all(&piece).await.is_ok() {}
    };
    let client = async {
        let mut events = subscribe(&socket).await;
        let error = events.next().await.expect_err("too large");
        error.to_string()
    };
    let ((), error) = tokio::join!(engine, client);
    assert!(
        error.contains("exceeds the limit of 67108864 bytes"),
        "{error}"
    );
}
