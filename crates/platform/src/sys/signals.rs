//! What a signal does to this process, and what a program that it starts is given.

use crate::open_files;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

/// Lets a program that is left behind have as many files as we were started with, not as many as
/// the engine may have.
pub fn with_first_file_limit(command: &mut Command) -> &mut Command {
    #[expect(
        unsafe_code,
        reason = "what runs between fork and exec has no safe face"
    )]
    // SAFETY: between fork and exec, this makes one system call with values that are there
    // already; it takes no lock and no memory.
    unsafe {
        command.pre_exec(|| {
            // The limit that holds serves, too.
            let _ = open_files::restore_soft_limit();
            Ok(())
        })
    }
}

/// Whether this process was started deaf to the signal of this number, and still is.
pub fn is_ignored(number: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: the call changes nothing where no new action is given, and fills the old one where
    // it succeeds.
    unsafe {
        libc::sigaction(number, ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_known() {
        // A program in Rust is started deaf to it.
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGTERM));
    }
}
