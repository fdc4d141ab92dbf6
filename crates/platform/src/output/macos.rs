//! The end of a reader on macOS, by a kqueue. Type-checked on Linux, not yet run on a Mac.
//!
//! poll(2) of macOS attaches a filter only for requested events, so without one it waits for ever
//! (`poll_nocancel` in `bsd/kern/sys_generic.c` of xnu 11417).

#![expect(
    unsafe_code,
    reason = "kevent leaves it to us that a descriptor stays open"
)]

use super::OutputReader;
use rustix::event::kqueue::{self, Event, EventFilter, EventFlags};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

/// Blocks until an output has no reader any more, or until that turns out to be undetectable.
///
/// A pipe and a terminal report `EV_EOF` with their write filter. `EV_CLEAR` keeps the filter from
/// being reported again and again while the output is merely writable.
pub(super) fn wait_reader_gone(output: BorrowedFd<'_>) -> OutputReader {
    let Ok(queue) = kqueue::kqueue() else {
        return OutputReader::Unknown;
    };
    let filter = EventFilter::Write(output.as_raw_fd());
    let change = Event::new(filter, EventFlags::ADD | EventFlags::CLEAR, ptr::null_mut());
    let mut none: [Event; 0] = [];
    // SAFETY: the output is borrowed for longer than the queue lives.
    let added = unsafe { kqueue::kevent(&queue, &[change], &mut none[..], Some(Duration::ZERO)) };
    if added.is_err() {
        return OutputReader::Unknown;
    }
    loop {
        let mut events = Vec::with_capacity(1);
        // SAFETY: the change list is empty, so no descriptor has to stay open.
        let waited = unsafe {
            kqueue::kevent(
                &queue,
                &[],
                rustix::buffer::spare_capacity(&mut events),
                None,
            )
        };
        match waited {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return OutputReader::Unknown,
        }
        if events.iter().any(|e| e.flags().contains(EventFlags::EOF)) {
            return OutputReader::Gone;
        }
    }
}
