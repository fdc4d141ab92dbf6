//! Waiting for something with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than anything takes that a test waits for.
pub const WAIT_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Asks every 10 ms until there is an answer.
#[track_caller]
pub fn until<T>(deadline: Duration, what: &str, ask: impl FnMut() -> Option<T>) -> T {
    until_or(deadline, what, ask, String::new)
}

/// Like [`until`]; on failure it also prints what `diagnose` tells.
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

/// Asks every 10 ms; `None` when the time is over.
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

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}
