//! A hook that waits for an answer: its end of the connection.
//!
//! After `taken` it is told `held <seconds, 0 for without limit>`, or nothing and the end: its
//! client asks in its terminal. A held one waits for `answer <length>`, a line end and so many
//! bytes, which it hands to its client as they are, and says `done`; or for the end, after which
//! its client asks in its terminal. Whatever else it is told counts as the end.

use super::{LONGEST, NAME, Then, left, send};
use crate::io::{clock, paths};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an engine may take to say that it listens. A dialog of the main agent is on the
/// screen meanwhile, so nobody waits for this.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often a hook that waits looks whether anybody waits for it.
const LOOK: Duration = Duration::from_secs(1);
/// What an engine has not let go so long after it said it would, it has forgotten.
const GRACE: Duration = Duration::from_secs(2);
/// The longest answer, in bytes. It may repeat a tool's whole input.
pub(super) const MOST: usize = 2 * super::MOST;

pub(super) const TAKEN: &str = "taken\n";
pub(super) const DONE: &str = "done\n";

/// What was held, with its answer.
#[derive(Debug)]
pub struct Answered {
    /// What the client is to be given.
    pub bytes: Vec<u8>,
    stream: UnixStream,
}

impl Answered {
    /// Tells the engine that the client was given it.
    pub fn done(mut self) {
        // An engine that has ended meanwhile needs to know nothing.
        let _ = self.stream.write_all(DONE.as_bytes());
    }
}

/// Hands over what a client asks, and waits for as long as that is held and `goes_on` says that
/// somebody still waits for the answer, `longest` at most. Nothing if there is none.
pub fn ask(
    runtime_dir: &Path,
    uid: u32,
    payload: &[u8],
    pid: u32,
    longest: Duration,
    goes_on: impl Fn() -> bool,
) -> Option<Answered> {
    // In a folder of ours alone, nobody else listens.
    if !paths::is_private(runtime_dir, uid).unwrap_or(false) {
        return None;
    }
    let end = clock::instant() + PATIENCE;
    let socket = runtime_dir.join(NAME);
    let mut stream = send(&socket, payload, Some(pid), Then::Asks, end)?;
    stream.set_read_timeout(Some(left(end)?)).ok()?;
    let mut taken = [0; TAKEN.len()];
    stream.read_exact(&mut taken).ok()?;
    if taken != TAKEN.as_bytes() {
        return None;
    }
    stream.set_read_timeout(Some(LOOK)).ok()?;
    let mut waiting = Waiting {
        stream,
        since: crate::io::sys::since_boot(),
        longest,
        goes_on,
    };
    let line = waiting.line()?;
    let seconds: u64 = line.strip_prefix("held ")?.parse().ok()?;
    if seconds > 0 {
        waiting.longest = longest.min(Duration::from_secs(seconds) + GRACE);
    }
    let line = waiting.line()?;
    let length: usize = line.strip_prefix("answer ")?.parse().ok()?;
    if length > MOST {
        return None;
    }
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += waiting.read(rest)?;
    }
    let stream = waiting.stream;
    Some(Answered { bytes, stream })
}

struct Waiting<F> {
    stream: UnixStream,
    since: Duration,
    longest: Duration,
    goes_on: F,
}

impl<F: Fn() -> bool> Waiting<F> {
    /// The next line, without its end; nothing if the other end is gone or nobody waits.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < LONGEST {
            self.read(&mut byte)?;
            if byte == *b"\n" {
                return String::from_utf8(line).ok();
            }
            line.extend(byte);
        }
        None
    }

    fn read(&mut self, into: &mut [u8]) -> Option<usize> {
        loop {
            match self.stream.read(into) {
                Ok(0) => return None,
                Ok(count) => return Some(count),
                Err(e) if is_early(e.kind()) => {}
                Err(_) => return None,
            }
            let waited = crate::io::sys::since_boot().saturating_sub(self.since);
            if waited >= self.longest || !(self.goes_on)() {
                return None;
            }
        }
    }
}

fn is_early(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
