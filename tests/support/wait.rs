//! Polling with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The usual deadline of a wait, longer than anything that a test waits for takes.
pub const WAIT_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Polls every 10 ms until `ask` returns a value; panics with `what` at the deadline.
#[track_caller]
pub fn until<T>(deadline: Duration, what: &str, ask: impl FnMut() -> Option<T>) -> T {
    until_or(deadline, what, ask, String::new)
}

/// Like [`until`], with the text of `diagnose` in the panic message.
#[track_caller]
pub fn until_or<T>(
    deadline: Duration,
    what: &str,
    ask: impl FnMut() -> Option<T>,
    diagnose: impl FnOnce() -> String,
) -> T {
    match poll(deadline, ask) {
        Some(answer) => answer,
        None => panic!("waited {deadline:?} in vain for {what}\n{}", diagnose()),
    }
}

/// Polls every 10 ms until `ask` returns a value; `None` at the deadline.
pub fn poll<T>(deadline: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(POLL_INTERVAL);
    }
}

/// Runs a future to completion on a new single-threaded runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}
