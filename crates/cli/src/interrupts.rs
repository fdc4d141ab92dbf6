//! Actions that a signal does not cut short.

use crate::terminal_output;
use tokio::signal::unix::{SignalKind, signal};

/// What a program that was interrupted ends with, as shells tell it.
const INTERRUPTED_EXIT_CODE: i32 = 130;

/// Does something to its end: half of it would leave a session stopped. Whoever interrupts us is
/// told so, and we end right after it.
pub(crate) async fn run_uninterrupted<T>(work: impl Future<Output = T>) -> T {
    let listen = |kind| signal(kind);
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
        listen(SignalKind::hangup()),
    ) else {
        // Without them a signal ends this process at once, as it does any other.
        return work.await;
    };
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        _ = interrupt.recv() => {
            terminal_output::print_diagnostic("finishing the current action before exiting");
        }
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    work.await;
    std::process::exit(INTERRUPTED_EXIT_CODE)
}
