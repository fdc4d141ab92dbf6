//! What a signal does to this process.

use std::mem::MaybeUninit;
use std::ptr;

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
