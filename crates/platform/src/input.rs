//! Reads standard input with timeouts.

use super::clock;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::Timespec;
use std::io;
use std::time::Duration;

/// All of standard input; none if it exceeds `bound` bytes, is silent for longer than `patience`,
/// takes longer than `whole`, or cannot be read.
///
/// Input above the bound is read to its end all the same, so that the writer gets no broken pipe.
pub fn read_whole(bound: usize, patience: Duration, whole: Duration) -> Option<Vec<u8>> {
    let input = io::stdin();
    let begun = clock::instant();
    let mut taken = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let mut fits = true;
    loop {
        let left = whole.checked_sub(begun.elapsed())?.min(patience);
        let left = Timespec::try_from(left).ok()?;
        let mut ends = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut ends, Some(&left)) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return None,
        }
        let count = match rustix::io::read(&input, &mut chunk[..]) {
            Ok(0) => return fits.then_some(taken),
            Ok(count) => count,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(_) => return None,
        };
        fits &= taken.len() + count <= bound;
        if fits {
            taken.extend_from_slice(&chunk[..count]);
        } else {
            taken = Vec::new();
        }
    }
}
