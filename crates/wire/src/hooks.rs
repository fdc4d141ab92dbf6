//! The hook protocol: how a hook hands its payload to the engine, over a socket of its own, without
//! a runtime, in one message.
//!
//! The message is `trusty-hook 1 <Claude Code's pid, 0 if unknown> <length>`, a line end and
//! `length` bytes. The engine answers with one line, `taken` or the reason why not. A hook waits
//! only briefly for this line, and goes on without it. The pid is a hint: a hook speaks for the
//! Claude Code that started it (`trusty_daemon::hook_server`).
//!
//! A hook that can return an answer to Claude Code adds the word ` ask` to the first line; what
//! follows `taken` then is described in [`ask`].

pub mod engine_request;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trusty_platform::{clock, socket};

/// The name of the hook socket, which lies beside the API's socket.
pub const HOOK_SOCKET: &str = "hooks.sock";
/// The largest payload that is accepted, in bytes; a payload holds a tool's whole input.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;
/// How long a report to the engine may delay Claude Code, which waits for the hook.
const TELL_TIMEOUT: Duration = Duration::from_millis(50);

/// The first line of a message, before the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookMessageHeader {
    /// The pid of Claude Code, as far as the hook knows it.
    pub pid: Option<u32>,
    /// The length of the payload, in bytes.
    pub length: usize,
    /// What the hook does after the message is accepted.
    pub then: HookMessageKind,
}

/// What a hook does after its message is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookMessageKind {
    /// The hook exits.
    Report,
    /// The hook waits for an answer.
    Request,
}

/// The longest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 64;

impl HookMessageHeader {
    /// The header as a line, with its line end.
    pub fn text(self) -> String {
        let asks = match self.then {
            HookMessageKind::Report => "",
            HookMessageKind::Request => " ask",
        };
        let pid = self.pid.unwrap_or(0);
        format!("trusty-hook 1 {pid} {}{asks}\n", self.length)
    }

    /// Parses a header from a line without its line end; none if it is malformed.
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

/// Hands a hook's payload to the engine that listens in the first possible one of these folders.
///
/// Only this user can enter the folders. If no engine listens, or none takes the message within
/// 50 ms, the event is lost.
pub fn send_event(folders: &[PathBuf], payload: &[u8], pid: Option<u32>) {
    // A lost event is not an error for the hook: see above.
    let _ = hand_over(folders, payload, pid);
}

fn hand_over(folders: &[PathBuf], payload: &[u8], pid: Option<u32>) -> Option<()> {
    let end = clock::instant() + TELL_TIMEOUT;
    let mut stream = send(folders, payload, pid, HookMessageKind::Report, end, |_| {
        true
    })?;
    stream.set_read_timeout(Some(time_left(end)?)).ok()?;
    // The content of the response does not matter. Its arrival means that the engine files this
    // event before the next one.
    stream.read(&mut [0; MAX_HEADER_BYTES]).ok().map(drop)
}

/// Sends a message to the first engine that `is_believed`, until `end` at the latest.
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
        // The listener neither responds, nor has room for the large payload, nor for further
        // connections.
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
