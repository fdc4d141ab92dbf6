//! Whether this process can open more files.

use rustix::fs::{Mode, OFlags, open};
use std::io;
use std::os::fd::OwnedFd;

/// Checks that this many more files can be open at once, by opening and closing them.
///
/// # Errors
/// As open(2) fails: the limit of this process or of the system is reached (EMFILE, ENFILE).
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
        // With a higher limit, reaching it would take too long.
        if let Some(most) = most.filter(|most| *most <= 65_536) {
            assert!(check_room(most).is_err());
        }
    }
}
