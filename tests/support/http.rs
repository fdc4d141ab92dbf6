//! HTTP over the local socket, byte by byte, as any program would speak it.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// What was answered.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl HttpResponse {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// Asks, and reads the whole answer. `more` are headers, each with its line end.
#[track_caller]
pub fn send_request(
    socket: &Path,
    method: &str,
    path: &str,
    more: &str,
    body: &[u8],
) -> HttpResponse {
    read(begin_request(socket, method, path, more, body))
        .expect("an answer")
        .expect("a head, a status and a body")
}

/// Gets JSON from whoever answers; none where nobody does, or an engine ends meanwhile.
#[track_caller]
pub fn get_if_answered(socket: &Path, path: &str) -> Option<Value> {
    let stream = try_begin(socket, "GET", path, "", b"").ok()?;
    let answer = read(stream).ok()??;
    assert_eq!(answer.status, 200, "{answer:?}");
    Some(answer.json())
}

/// The whole answer; none where it ends too soon.
fn read(mut stream: UnixStream) -> io::Result<Option<HttpResponse>> {
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let answer = || {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(HttpResponse {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        })
    };
    Ok(answer())
}

/// Gets JSON.
#[track_caller]
pub fn get(socket: &Path, path: &str) -> Value {
    let answer = send_request(socket, "GET", path, "", b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Asks, and leaves the answer to be read from the stream. `more` are headers, each with its line
/// end.
#[track_caller]
pub fn begin_request(
    socket: &Path,
    method: &str,
    path: &str,
    more: &str,
    body: &[u8],
) -> UnixStream {
    try_begin(socket, method, path, more, body).expect("asked")
}

fn try_begin(
    socket: &Path,
    method: &str,
    path: &str,
    more: &str,
    body: &[u8],
) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WAIT_TIMEOUT))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    // Whoever refuses a body may not wait for its end.
    let _ = stream.write_all(body);
    Ok(stream)
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedEvent {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its data, as JSON.
    pub data: Value,
}

/// Server-sent events as they come.
pub struct EventReader(BufReader<UnixStream>);

impl EventReader {
    /// Listens at a path. `more` are headers, each with its line end.
    #[track_caller]
    pub fn listen(socket: &Path, path: &str, more: &str) -> Self {
        let mut lines = BufReader::new(begin_request(socket, "GET", path, more, b""));
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(lines.read_line(&mut line).expect("a head") > 0, "no head");
        }
        Self(lines)
    }
}

impl Iterator for EventReader {
    type Item = ReceivedEvent;

    fn next(&mut self) -> Option<ReceivedEvent> {
        let (mut name, mut id) = (String::new(), String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).expect("a line in time") == 0 {
                return None;
            }
            // The parts of a chunk stand between the lines, and are none of ours.
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("data", value)) => {
                    let data = serde_json::from_str(value).expect("JSON");
                    return Some(ReceivedEvent { name, id, data });
                }
                _ => {}
            }
        }
    }
}
