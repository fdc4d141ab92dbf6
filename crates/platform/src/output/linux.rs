//! The end of a reader on Linux, by poll(2).

use super::OutputReader;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::BorrowedFd;

/// Blocks until an output has no reader any more, or until that turns out to be undetectable.
pub(super) fn wait_reader_gone(output: BorrowedFd<'_>) -> OutputReader {
    // No event is requested: poll(2) reports errors and hang-ups in any case.
    let mut ends = [PollFd::new(&output, PollFlags::empty())];
    while let Err(rustix::io::Errno::INTR) = poll(&mut ends, None) {}
    if ends[0]
        .revents()
        .intersects(PollFlags::ERR | PollFlags::HUP)
    {
        OutputReader::Gone
    } else {
        OutputReader::Unknown
    }
}
