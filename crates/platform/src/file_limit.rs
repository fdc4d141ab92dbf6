//! Whether this process may open more files.

use rustix::fs::{Mode, OFlags, open};
use std::io;
use std::os::fd::OwnedFd;

/// Tries whether so many more files can be open at once, and closes them again.
///
/// # Errors
/// Where the limit of this process, or the system's, is reached before.
pub fn check_room(files: usize) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let opened: Result<Vec<OwnedFd>, _> = (0..files)
        .map(|_| open("/dev/null", flags, Mode::empty()))
        .collect();
    Ok(opened.map(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_some_files_and_not_for_any_number() {
        check_room(8).expect("a test may open some files");
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let most = limit.current.and_then(|n| usize::try_from(n).ok());
        // Where the limit is high, to reach it would take its time.
        if let Some(most) = most.filter(|most| *most <= 65_536) {
            assert!(check_room(most).is_err());
        }
    }
}
