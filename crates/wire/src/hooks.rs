//! How a hook of a client tells the engine what it was given: over a socket of its own, without
//! a runtime, in one small message.
//!
//! `trusty-hook 1 <client's pid, 0 if unknown> <length>`, a line end and so many bytes; the answer
//! is one line, `taken` or why not. A hook does not wait long for it, and does without. The pid is
//! a hint: a hook speaks for the client that it was started by (`trusty_daemon::hook_server`).
//!
//! A hook that can carry an answer back adds the word ` ask`. What it is told after `taken` is in
//! [`ask`].

pub mod engine_request;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trusty_platform::{clock, socket};

/// The socket's name, beside that of the API.
pub const HOOK_SOCKET: &str = "hooks.sock";
/// The largest payload that is taken, in bytes; it holds a tool's whole input.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;
/// How long a client waits for us at most.
const TELL_TIMEOUT: Duration = Duration::from_millis(50);

/// What comes before the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookMessageHeader {
    /// The client's pid, as the hook knows it.
    pub pid: Option<u32>,
    /// The length of the payload, in bytes.
    pub length: usize,
    /// What the hook does then.
    pub then: HookMessageKind,
}

/// What a hook does once its message is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookMessageKind {
    /// It ends.
    Report,
    /// It waits for an answer.
    Request,
}

/// The longest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 64;

impl HookMessageHeader {
    /// The line, with its end.
    pub fn text(self) -> String {
        let asks = match self.then {
            HookMessageKind::Report => "",
            HookMessageKind::Request => " ask",
        };
        let pid = self.pid.unwrap_or(0);
        format!("trusty-hook 1 {pid} {}{asks}\n", self.length)
    }

    /// Of a line without its end.
    pub fn read(line: &[u8]) -> Option<Self> {
        let rest = std::str::from_utf8(line)
            .ok()?
            .strip_prefix("trusty-hook 1 ")?;
        let (pid, rest) = rest.split_once(' ')?;
        let pid = pid.parse().ok()?;
        let (length, then) = match rest.strip_suffix(" ask") {
            Some(length) => (length, HookMessageKind::Request),
            None => (rest, HookMessageKind::Report),
        };
        Some(Self {
            pid: (pid != 0).then_some(pid),
            length: length.parse().ok()?,
            then,
        })
    }
}

/// Hands over what a hook was given, in the first of these folders in which an engine listens;
/// nobody but this user can enter them. Nobody may listen, or not in time: then it is not told.
pub fn send_event(folders: &[PathBuf], payload: &[u8], pid: Option<u32>) {
    // See above.
    let _ = hand_over(folders, payload, pid);
}

fn hand_over(folders: &[PathBuf], payload: &[u8], pid: Option<u32>) -> Option<()> {
    let end = clock::instant() + TELL_TIMEOUT;
    let mut stream = send(folders, payload, pid, HookMessageKind::Report, end, |_| {
        true
    })?;
    stream.set_read_timeout(Some(time_left(end)?)).ok()?;
    // What is answered changes nothing; that it is, means that this event is filed before the
    // next one.
    stream.read(&mut [0; MAX_HEADER_BYTES]).ok().map(drop)
}

/// Sends a message where somebody listens who is believed, until `end` at the latest.
fn send(
    folders: &[PathBuf],
    payload: &[u8],
    pid: Option<u32>,
    then: HookMessageKind,
    end: Instant,
    is_believed: impl Fn(&UnixStream) -> bool,
) -> Option<UnixStream> {
    let mut folders = folders.iter();
    let mut stream = loop {
        let socket = folders.next()?.join(HOOK_SOCKET);
        match socket::connect_in_time(&socket, time_left(end)?) {
            Ok(stream) if is_believed(&stream) => break stream,
            _ => {}
        }
    };
    let length = payload.len();
    let mut message = HookMessageHeader { pid, length, then }.text().into_bytes();
    message.extend_from_slice(payload);
    let mut rest = &message[..];
    while !rest.is_empty() {
        stream.set_write_timeout(Some(time_left(end)?)).ok()?;
        let count = stream.write(rest).ok()?;
        rest = rest.get(count..).filter(|_| count > 0)?;
    }
    Some(stream)
}

fn time_left(end: Instant) -> Option<Duration> {
    let left = end.checked_duration_since(clock::instant())?;
    (!left.is_zero()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_header_is_read_as_it_is_written() {
        for header in [
            HookMessageHeader {
                pid: Some(7),
                length: 0,
                then: HookMessageKind::Report,
            },
            HookMessageHeader {
                pid: None,
                length: MAX_PAYLOAD_BYTES,
                then: HookMessageKind::Request,
            },
            HookMessageHeader {
                pid: Some(u32::MAX),
                length: usize::MAX,
                then: HookMessageKind::Request,
            },
        ] {
            let text = header.text();
            assert!(text.len() <= MAX_HEADER_BYTES, "{text}");
            let line = text.strip_suffix('\n').expect("a line");
            assert_eq!(HookMessageHeader::read(line.as_bytes()), Some(header));
        }
        for other in [
            "",
            "GET / HTTP/1.1",
            "trusty-hook 2 7 1",
            "trusty-hook 1 7",
            "trusty-hook 1 x 1",
            "trusty-hook 1 7 -1",
            "trusty-hook 1 7 1 ",
            "trusty-hook 1 7 1 asks",
            "trusty-hook 1 7 1  ask",
            "trusty-hook 1 7 ask",
        ] {
            assert_eq!(HookMessageHeader::read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn an_engine_that_hangs_holds_no_hook_up() {
        let dir = tempfile::tempdir().expect("folder");
        let none = dir.path().join("none");
        let folders = [none, dir.path().to_path_buf()];
        let socket = dir.path().join(HOOK_SOCKET);
        send_event(&folders, b"{}", Some(7));
        let silent = UnixListener::bind(&socket).expect("socket");
        // Neither an answer, nor room for the payload, nor for one more connection.
        for payload in [vec![], vec![b' '; 4 << 20]] {
            assert_eq!(hand_over(&folders, &payload, None), None);
        }
        let mut waiting = Vec::new();
        while let Ok(stream) = socket::connect_in_time(&socket, Duration::from_millis(1)) {
            waiting.push(stream);
        }
        assert_eq!(hand_over(&folders, b"{}", None), None);
        drop(silent);
        assert_eq!(hand_over(&folders, b"{}", None), None, "no engine listens");
    }
}
