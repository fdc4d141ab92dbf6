//! Waits on macOS, by kqueue. Type-checked on Linux, not yet run on a Mac.

#![expect(
    unsafe_code,
    reason = "kevent leaves it to us that a descriptor stays open"
)]

use super::sleep_in_pieces;
use crate::open_files;
use crate::sys::{since_boot, stat};
use rustix::event::kqueue::{self, Event, EventFilter, EventFlags, ProcessEvents};
use rustix::process::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use trusty_fleet::identity::ProcessKey;

/// Waits for `duration`, including sleep of the machine; ends at most 15 s late after that, because
/// the timers of Tokio stand still meanwhile.
pub async fn sleep(duration: Duration) {
    sleep_in_pieces(duration, since_boot, tokio::time::sleep).await;
}

/// Returns once the process has ended, without polling; at once if it has ended already.
///
/// # Errors
/// EMFILE if few descriptors are left; else as kevent(2) fails.
pub async fn wait_exit(key: ProcessKey) -> io::Result<()> {
    let Some(queue) = exit_queue(key)? else {
        return Ok(());
    };
    if open_files::is_near_limit(&queue) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    // The pid may have been reused before the filter was set.
    match stat(key.pid)? {
        Some(now) if now.start == key.start && !now.zombie => {}
        _ => return Ok(()),
    }
    // SAFETY: an `OwnedFd` is one open descriptor for as long as it lives, and it moves in here.
    let queue = unsafe { AsyncFd::register_with_interest(queue, Interest::READABLE) }?;
    queue.readable().await?.retain_ready();
    Ok(())
}

/// A queue that becomes readable when the process ends; `None` if it has ended already.
fn exit_queue(key: ProcessKey) -> io::Result<Option<OwnedFd>> {
    let raw = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw else { return Ok(None) };
    let queue = kqueue::kqueue()?;
    let filter = EventFilter::Proc {
        pid,
        flags: ProcessEvents::EXIT,
    };
    let change = Event::new(
        filter,
        EventFlags::ADD | EventFlags::ONESHOT,
        ptr::null_mut(),
    );
    let mut none: [Event; 0] = [];
    // SAFETY: the filter names a process, not a descriptor that would have to stay open.
    match unsafe { kqueue::kevent(&queue, &[change], &mut none[..], Some(Duration::ZERO)) } {
        Ok(_) => Ok(Some(queue)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
