//! Actions that a signal does not interrupt.

use crate::terminal_output;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of an interrupted program, as shells report it.
const INTERRUPTED_EXIT_CODE: i32 = 130;

/// Completes an action despite signals, because half of it could leave a session stopped. After a
/// signal the process exits as soon as the action is complete; on Ctrl-C a message says so.
pub(crate) async fn run_uninterrupted<T>(work: impl Future<Output = T>) -> T {
    let listen = |kind| signal(kind);
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
        listen(SignalKind::hangup()),
    ) else {
        // Without the handlers a signal ends this process at once, as usual.
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
