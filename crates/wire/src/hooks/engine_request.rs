//! The hook's side of a connection on which the hook waits for an answer.
//!
//! After `taken`, the engine sends `held <seconds from now, 0 for no limit>`, or closes the
//! connection, and then Claude Code asks in its terminal. The engine sends `held` again when the
//! limit changes, and every few seconds as a sign of life: a silent engine holds no hook.
//!
//! A held hook waits for `answer <length>`, a line end and `length` bytes, which the hook passes to
//! Claude Code unchanged and confirms with `done`; or for the end of the connection, after which
//! Claude Code asks in its terminal. Any other line counts as the end.

use super::{HookMessageKind, MAX_HEADER_BYTES, send, time_left};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use trusty_platform::clock;

/// How long the engine may take to send `taken`; longer than the engine waits for a payload. The
/// main agent's dialog is on the screen meanwhile, so only sub-agents wait for an engine that
/// hangs.
const TAKEN_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a waiting hook checks whether Claude Code still waits for it.
const ASK_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often the engine sends a sign of life to a held hook.
pub const HOLD_SIGN_INTERVAL: Duration = Duration::from_secs(4);
/// After how many polls without a sign the engine counts as hung. Polls are counted instead of
/// time, because the hook and the engine both stop while the machine sleeps.
const MAX_SILENT_POLLS: u32 = 15;
/// How long after the announced end of a hold the hook waits for the engine to release it.
const RELEASE_GRACE: Duration = Duration::from_secs(2);
/// The longest answer, in bytes; an answer may repeat a tool's whole input.
pub const MAX_ANSWER_BYTES: usize = 2 * super::MAX_PAYLOAD_BYTES;

/// The engine's confirmation that it has accepted a message.
pub const TAKEN_MESSAGE: &str = "taken\n";
/// The hook's confirmation that Claude Code got the answer.
pub const DONE_MESSAGE: &str = "done\n";

/// The engine's answer to a held request.
#[derive(Debug)]
pub struct HookAnswer {
    /// The output for Claude Code.
    pub bytes: Vec<u8>,
    stream: UnixStream,
}

impl HookAnswer {
    /// Confirms to the engine that Claude Code got the answer.
    pub fn confirm_delivery(mut self) {
        // The write fails if the engine has ended, which then needs no confirmation.
        let _ = self.stream.write_all(DONE_MESSAGE.as_bytes());
    }
}

/// Sends a request to the engine and waits for its answer; none if there is no answer.
///
/// The engine is the first that listens in one of these folders, which only this user can enter,
/// and that `is_believed`. The wait lasts while the engine holds the request and `goes_on` says
/// that Claude Code still waits, at most for `longest`.
pub fn ask_engine(
    folders: &[PathBuf],
    is_believed: impl Fn(&UnixStream) -> bool,
    payload: &[u8],
    pid: u32,
    longest: Duration,
    goes_on: impl Fn() -> bool,
) -> Option<HookAnswer> {
    ask_every(
        ASK_POLL_INTERVAL,
        folders,
        is_believed,
        payload,
        pid,
        longest,
        goes_on,
    )
}

/// As [`ask_engine`], with `look` as the poll interval.
fn ask_every(
    look: Duration,
    folders: &[PathBuf],
    is_believed: impl Fn(&UnixStream) -> bool,
    payload: &[u8],
    pid: u32,
    longest: Duration,
    goes_on: impl Fn() -> bool,
) -> Option<HookAnswer> {
    let end = clock::instant() + TAKEN_TIMEOUT;
    let mut stream = send(
        folders,
        payload,
        Some(pid),
        HookMessageKind::Request,
        end,
        is_believed,
    )?;
    stream.set_read_timeout(Some(time_left(end)?)).ok()?;
    let mut taken = [0; TAKEN_MESSAGE.len()];
    stream.read_exact(&mut taken).ok()?;
    if taken != TAKEN_MESSAGE.as_bytes() {
        return None;
    }
    stream.set_read_timeout(Some(look)).ok()?;
    let mut waiting = AnswerWait {
        stream,
        since: trusty_platform::sys::since_boot(),
        // Until the engine says how long it holds the request, a hung engine must not hold the
        // hook.
        longest: longest.min(RELEASE_GRACE),
        silent: 0,
        goes_on,
    };
    let mut line = waiting.line()?;
    waiting.note_hold(line.strip_prefix("held ")?, longest)?;
    let length: usize = loop {
        line = waiting.line()?;
        match line.strip_prefix("held ") {
            Some(anew) => waiting.note_hold(anew, longest)?,
            None => break line.strip_prefix("answer ")?.parse().ok()?,
        }
    };
    if length > MAX_ANSWER_BYTES {
        return None;
    }
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += waiting.read(rest)?;
    }
    let stream = waiting.stream;
    Some(HookAnswer { bytes, stream })
}

struct AnswerWait<F> {
    stream: UnixStream,
    since: Duration,
    longest: Duration,
    /// How many polls have passed since the engine's last sign.
    silent: u32,
    goes_on: F,
}

impl<F: Fn() -> bool> AnswerWait<F> {
    /// Applies a `held` line: the hold ends `seconds` from now, at most `longest` after its start.
    fn note_hold(&mut self, seconds: &str, longest: Duration) -> Option<()> {
        self.longest = match seconds.parse::<u32>().ok()? {
            0 => longest,
            seconds => longest
                .min(self.time_waited() + Duration::from_secs(seconds.into()) + RELEASE_GRACE),
        };
        Some(())
    }

    fn time_waited(&self) -> Duration {
        trusty_platform::sys::since_boot().saturating_sub(self.since)
    }

    /// The next line without its end; none if the connection has ended or Claude Code is gone.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < MAX_HEADER_BYTES {
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
                Ok(count) => {
                    self.silent = 0;
                    return Some(count);
                }
                Err(e) if is_early(e.kind()) => self.silent += 1,
                Err(_) => return None,
            }
            let forgotten = self.silent >= MAX_SILENT_POLLS || self.time_waited() >= self.longest;
            if forgotten || !(self.goes_on)() {
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

#[cfg(test)]
mod tests {
    use super::super::{HOOK_SOCKET, HookMessageHeader};
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc;
    use std::thread;

    const MAX_TEST_WAIT: Duration = Duration::from_mins(1);

    /// Runs a hook against an engine that sends `said` and closes the connection. Returns the
    /// answer that the hook got, and what the hook sent last.
    fn ask_one(said: Vec<u8>, longest: Duration, goes_on: bool) -> (Option<Vec<u8>>, Vec<u8>) {
        let dir = tempfile::tempdir().expect("folder");
        let listener = UnixListener::bind(dir.path().join(HOOK_SOCKET)).expect("socket");
        let (tell_last, told_last) = mpsc::channel();
        let engine = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a hook");
            let mut line = Vec::new();
            let mut byte = [0];
            while byte != *b"\n" {
                stream.read_exact(&mut byte).expect("a header");
                line.extend(byte);
            }
            let header = HookMessageHeader::read(&line[..line.len() - 1]).expect("a header");
            assert_eq!(
                (header.pid, header.then),
                (Some(7), HookMessageKind::Request)
            );
            let mut payload = vec![0; header.length];
            stream.read_exact(&mut payload).expect("a payload");
            assert_eq!(payload, b"{}");
            // The write fails if the hook is gone already.
            let _ = stream.write_all(&said);
            if goes_on && !longest.is_zero() {
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            let mut last = Vec::new();
            let _ = stream.read_to_end(&mut last);
            let _ = tell_last.send(last);
        });
        let folders = [dir.path().to_path_buf()];
        let answered =
            ask_engine(&folders, |_| true, b"{}", 7, longest, || goes_on).map(|answered| {
                let bytes = answered.bytes.clone();
                answered.confirm_delivery();
                bytes
            });
        engine.join().expect("the engine ends");
        (answered, told_last.try_recv().unwrap_or_default())
    }

    #[test]
    fn an_answer_is_handed_on_as_it_is_and_told_of() {
        for held in ["held 0\n", "held 5\nheld 90\nheld 0\n"] {
            let mut said = format!("taken\n{held}answer 6\n").into_bytes();
            said.extend(b"{\"\n\0\xff\"");
            let (answer, last) = ask_one(said, MAX_TEST_WAIT, true);
            assert_eq!(answer.as_deref(), Some(&b"{\"\n\0\xff\""[..]), "{held}");
            assert_eq!(last, DONE_MESSAGE.as_bytes());
        }
    }

    #[test]
    fn whatever_else_is_said_is_no_answer() {
        for said in [
            "",
            "taken\n",
            "too slow\n",
            "taken\nheld 0\n",
            "taken\nheld\n",
            "taken\nanswer 2\n{}",
            "taken\nheld 0\nheld 0\n",
            "taken\nheld 5\ngo\n",
            "taken\nheld 5\nheld ever\nanswer 2\n{}",
            "taken\nheld 0\nanswer 3\n{}",
            "taken\nheld 0\nanswer 99999999999\n",
            "taken\nheld 0\nanswer -1\n{}",
        ] {
            let (answer, last) = ask_one(said.as_bytes().to_vec(), MAX_TEST_WAIT, true);
            assert_eq!((answer, last), (None, vec![]), "{said}");
        }
    }

    #[test]
    fn nobody_waits_for_longer_than_somebody_waits_for_it() {
        let held = || b"taken\nheld 0\n".to_vec();
        assert_eq!(
            ask_one(held(), MAX_TEST_WAIT, false),
            (None, vec![]),
            "Claude Code is gone"
        );
        assert_eq!(
            ask_one(held(), Duration::ZERO, true),
            (None, vec![]),
            "the limit has passed"
        );
        assert_eq!(
            ask_one(vec![], Duration::ZERO, true),
            (None, vec![]),
            "an engine that hangs"
        );
    }

    /// Checks that a hook stops waiting for an engine that sends `said` and then nothing more.
    #[track_caller]
    fn lets_go(said: &'static str, look: Duration) {
        let dir = tempfile::tempdir().expect("folder");
        let listener = UnixListener::bind(dir.path().join(HOOK_SOCKET)).expect("socket");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a hook");
            stream.write_all(said.as_bytes()).expect("said");
            // The engine sends no more, and closes the connection only after the hook does.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let longest = Duration::from_hours(1000);
            let folders = [dir.path().to_path_buf()];
            let answer = ask_every(look, &folders, |_| true, b"{}", 7, longest, || true);
            let _ = tell.send(answer.is_none());
        });
        assert_eq!(told.recv_timeout(MAX_TEST_WAIT), Ok(true), "{said}");
    }

    #[test]
    fn an_engine_that_hangs_lets_go() {
        lets_go(TAKEN_MESSAGE, ASK_POLL_INTERVAL);
        // Without a limit, only the engine's silence ends the wait.
        lets_go("taken\nheld 0\n", Duration::from_millis(5));
        lets_go("taken\nheld 0\nanswer 9\n{", Duration::from_millis(5));
    }

    #[test]
    fn without_an_engine_nothing_is_asked() {
        let dir = tempfile::tempdir().expect("folder");
        let none = |folders: &[PathBuf]| {
            ask_engine(folders, |_| true, b"{}", 7, MAX_TEST_WAIT, || true).map(|a| a.bytes)
        };
        assert_eq!(none(&[]), None, "no folder");
        assert_eq!(none(&[dir.path().to_path_buf()]), None, "no engine listens");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_of_an_engine_end_the_wait(rest in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut said = b"taken\n".to_vec();
            said.extend(&rest);
            let (answer, _) = ask_one(said, MAX_TEST_WAIT, true);
            prop_assert_eq!(answer, None);
        }
    }
}
