//! Standard output's other end.

use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::sync::OnceLock;
use std::thread;
use tokio::sync::watch;

/// Returns once nobody reads standard output any more; never where that cannot be told.
pub async fn reader_gone() {
    static READER_GONE: OnceLock<Option<watch::Receiver<bool>>> = OnceLock::new();
    let Some(gone) = READER_GONE.get_or_init(listen) else {
        return std::future::pending().await;
    };
    // A thread that ended without a word could not tell.
    if gone.clone().wait_for(|gone| *gone).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A thread of its own, for it may wait for ever and must hold nobody up at the end.
fn listen() -> Option<watch::Receiver<bool>> {
    let (send, gone) = watch::channel(false);
    let wait = move || {
        let out = io::stdout();
        // Nothing is asked for: errors and hang-ups are told in any case.
        let mut ends = [PollFd::new(&out, PollFlags::empty())];
        while let Err(rustix::io::Errno::INTR) = poll(&mut ends, None) {}
        let told = ends[0].revents();
        if told.intersects(PollFlags::ERR | PollFlags::HUP) {
            // Nobody may be waiting.
            let _ = send.send(true);
        }
    };
    thread::Builder::new()
        .name("trusty-output".into())
        .spawn(wait)
        .ok()?;
    Some(gone)
}
