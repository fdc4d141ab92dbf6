//! Folder changes on macOS, by one kqueue. Type-checked on Linux, not yet run on a Mac.

#![expect(
    unsafe_code,
    reason = "kevent leaves it to us that a descriptor stays open"
)]

use rustix::event::kqueue::{self, Event, EventFilter, EventFlags, VnodeEvents};
use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::ptr;
use std::time::Duration;

/// What counts as a change. A file written in place does not change its folder, so a caller that
/// waits for such a write has to poll.
const CHANGE_EVENT_FLAGS: VnodeEvents = VnodeEvents::WRITE
    .union(VnodeEvents::EXTEND)
    .union(VnodeEvents::DELETE)
    .union(VnodeEvents::RENAME)
    .union(VnodeEvents::REVOKE)
    .union(VnodeEvents::ATTRIBUTES);
/// Opens a folder for events only, which does not keep its volume from being unmounted.
const EVENTS_ONLY: OFlags = OFlags::from_bits_retain(libc::O_EVTONLY as _);
/// How many events are read at once; a watch of one folder has one.
const MAX_EVENTS: usize = 4;

/// A descriptor that is readable while changes are unread.
#[derive(Debug)]
pub(super) struct ChangeDescriptor {
    queue: OwnedFd,
    /// The watched folder, which has to stay open as long as the queue.
    _folder: OwnedFd,
}

impl ChangeDescriptor {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let flags = EVENTS_ONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        let queue = kqueue::kqueue()?;
        let filter = EventFilter::Vnode {
            vnode: folder.as_raw_fd(),
            flags: CHANGE_EVENT_FLAGS,
        };
        let change = Event::new(filter, EventFlags::ADD | EventFlags::CLEAR, ptr::null_mut());
        let mut none: [Event; 0] = [];
        // SAFETY: the folder's descriptor is stored beside the queue, so it stays open as long as
        // the queue.
        unsafe { kqueue::kevent(&queue, &[change], &mut none[..], Some(Duration::ZERO)) }?;
        Ok(Self {
            queue,
            _folder: folder,
        })
    }

    /// Discards all unread changes.
    pub(super) fn clear(&self) {
        let mut events = Vec::with_capacity(MAX_EVENTS);
        // SAFETY: the change list is empty, so no descriptor has to stay open.
        let _ = unsafe {
            kqueue::kevent(
                &self.queue,
                &[],
                rustix::buffer::spare_capacity(&mut events),
                Some(Duration::ZERO),
            )
        };
    }
}

impl AsFd for ChangeDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}
