//! Whether standard output still has a reader.

use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::sync::OnceLock;
use std::thread;
use tokio::sync::watch;

/// Returns once standard output has no reader any more; never if that cannot be detected.
pub async fn reader_gone() {
    static READER_GONE: OnceLock<Option<watch::Receiver<bool>>> = OnceLock::new();
    let Some(gone) = READER_GONE.get_or_init(listen) else {
        return std::future::pending().await;
    };
    // The channel closes without a value if `poll` reported neither an error nor a hang-up.
    if gone.clone().wait_for(|gone| *gone).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits on a thread of its own, which a runtime does not wait for when it shuts down.
fn listen() -> Option<watch::Receiver<bool>> {
    let (send, gone) = watch::channel(false);
    let wait = move || {
        let out = io::stdout();
        // No event is requested: poll(2) reports errors and hang-ups in any case.
        let mut ends = [PollFd::new(&out, PollFlags::empty())];
        while let Err(rustix::io::Errno::INTR) = poll(&mut ends, None) {}
        let told = ends[0].revents();
        if told.intersects(PollFlags::ERR | PollFlags::HUP) {
            // The send fails if there is no receiver.
            let _ = send.send(true);
        }
    };
    thread::Builder::new()
        .name("trusty-output".into())
        .spawn(wait)
        .ok()?;
    Some(gone)
}
