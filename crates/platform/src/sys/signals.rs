//! How this process treats a signal, and the file limit of the programs that it starts.

use crate::open_files;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

/// Gives a detached program the file limit that this process was started with, instead of the
/// raised one.
pub fn with_first_file_limit(command: &mut Command) -> &mut Command {
    #[expect(
        unsafe_code,
        reason = "what runs between fork and exec has no safe face"
    )]
    // SAFETY: between fork and exec, this makes one system call with values that exist already; it
    // takes no lock and allocates no memory.
    unsafe {
        command.pre_exec(|| {
            // If that fails, the program runs with the raised limit.
            let _ = open_files::restore_soft_limit();
            Ok(())
        })
    }
}

/// Whether this process ignores the signal with this number.
pub fn is_ignored(number: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: without a new action, the call changes nothing; the old action is read only if the
    // call has succeeded and filled it.
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
        // The runtime of Rust ignores SIGPIPE from the start.
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGTERM));
    }
}
