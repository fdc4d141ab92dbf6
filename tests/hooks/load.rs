//! What is sent to the hook socket: a flood of valid messages, and invalid ones of every kind.

use crate::serving::{LARGE_TEXT_BYTES, ProcessCrowd, event};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use trusty_tests::trusty::{hook, program, start_with_input};
use trusty_tests::{HookClient, TestHome};

/// 1,000 messages a second for 10 s, from [`THREAD_COUNT`] threads.
pub(crate) const MESSAGE_COUNT: usize = 10_000;
pub(crate) const THREAD_COUNT: usize = 10;
const MESSAGES_PER_SECOND: u32 = 1_000;

/// The engine of a home, and the sessions that send to it.
#[derive(Clone, Copy)]
pub(crate) struct HookLoad<'a> {
    pub(crate) home: &'a TestHome,
    pub(crate) crowd: &'a ProcessCrowd,
    pub(crate) over: &'a AtomicBool,
}

impl HookLoad<'_> {
    fn goes_on(self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// Sends one thread's share of the flood at its rate; how many messages were taken.
    pub(crate) fn flood(self, thread: usize) -> usize {
        let share = MESSAGE_COUNT / THREAD_COUNT;
        let pace = Duration::from_secs(1)
            / (MESSAGES_PER_SECOND / u32::try_from(THREAD_COUNT).unwrap_or(1));
        let begun = Instant::now();
        let mut taken = 0;
        for number in 0..share {
            let due = begun + pace * u32::try_from(number).unwrap_or(u32::MAX);
            // The flood has a fixed rate; this waits for no event.
            sleep(due.saturating_duration_since(Instant::now()));
            // The messages of one session always come from one thread, in order.
            let session = thread * self.crowd.len() / THREAD_COUNT + number % 2;
            let what = if number % 4 < 2 {
                "PreToolUse"
            } else {
                "PostToolUse"
            };
            let payload = event(what, session, &format!("tool-{}", number / 4));
            taken += usize::from(self.crowd.report(session, &payload) == "taken\n");
        }
        taken
    }

    /// Runs real hooks as Claude Code does, one after the other; their number.
    pub(crate) fn real_hooks(self) -> usize {
        let mut ran = 0;
        while self.goes_on() && ran < 200 {
            let session = ran % self.crowd.len();
            let payload = event("PreToolUse", session, "a real one");
            let mut hook = hook(self.home, self.crowd.pid(session), &program("trusty-hook"));
            let child = start_with_input(hook.arg("PreToolUse"), &payload);
            let output = child.wait_with_output().expect("ends");
            assert!(output.status.success() && output.stdout.is_empty());
            ran += 1;
        }
        ran
    }

    /// Sends messages that break off in the middle, and garbage.
    pub(crate) fn halves_and_garbage(self) {
        let pid = self.crowd.pid(0);
        let mut open: Vec<HookClient> = Vec::new();
        while self.goes_on() {
            for text in [
                format!("trusty-hook 1 {pid} 500\n{{\"hook_event"),
                format!("trusty-hook 1 {pid} 16000000 ask\n{{\"hook_event"),
                "trusty-hook 1 7".to_owned(),
                "GET /v1/sessions HTTP/1.1\r\n\r\n".to_owned(),
                "\u{0}\u{1}\n".to_owned(),
                format!("trusty-hook 1 {pid} 2 ask\n[]"),
                format!("trusty-hook 1 {pid} 99999999999999999999\n"),
                "x".repeat(4096),
            ] {
                let mut connection = HookClient::for_home(self.home);
                // The engine may cut the connection before all is sent.
                let _ = connection.send_raw(text.as_bytes());
                open.push(connection);
            }
            // The oldest connections are closed; the others stay open.
            if open.len() > 64 {
                open.drain(..8);
            }
            // A steady trickle; this waits for no event.
            sleep(Duration::from_millis(50));
        }
    }

    /// Sends whole messages and never reads the replies.
    pub(crate) fn slow_readers(self) {
        let mut open: Vec<HookClient> = Vec::new();
        let payload = event("PreToolUse", 1, "unread");
        while self.goes_on() {
            let mut connection = self.crowd.connect(1);
            let pid = self.crowd.pid(1);
            connection.send(pid, &payload).expect("written");
            open.push(connection);
            if open.len() > 64 {
                open.remove(0);
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Reports inputs of 10 MB, one after the other.
    pub(crate) fn large(self) {
        let payload = event("PreToolUse", 2, &"x".repeat(LARGE_TEXT_BYTES));
        let mut number = 0;
        while self.goes_on() && number < 20 {
            // Whether the report is taken in time depends on the machine.
            let _ = self.crowd.report(2, &payload);
            number += 1;
        }
    }
}
