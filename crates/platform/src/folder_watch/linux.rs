//! Folder changes on Linux, by one inotify instance.

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What counts as a change. Opening and reading do not: the caller does both when it checks.
const CHANGE_EVENT_FLAGS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// A descriptor that is readable while changes are unread.
#[derive(Debug)]
pub(super) struct ChangeDescriptor(OwnedFd);

impl ChangeDescriptor {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let instance = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(&instance, folder, CHANGE_EVENT_FLAGS)?;
        Ok(Self(instance))
    }

    /// Discards all unread changes.
    pub(super) fn clear(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.0, &mut buffer);
        // Ends with EAGAIN when nothing is left.
        while events.next().is_ok() {}
    }
}

impl AsFd for ChangeDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
