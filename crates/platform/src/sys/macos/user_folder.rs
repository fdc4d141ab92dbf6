//! The folder that macOS makes for each user. Type-checked on Linux, not yet run on a Mac.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// `limits.h`: the longest path, with its final zero.
const MAX_PATH_BYTES: usize = 1024;

/// The user's folder below `/var/folders`, made at the first call for it. dirhelper(8) cleans the
/// folders for temporary files and caches beside it, but not this one (confstr(3)).
pub fn user_folder() -> Option<PathBuf> {
    let mut buffer = [0_u8; MAX_PATH_BYTES];
    #[expect(unsafe_code, reason = "confstr has no safe face")]
    // SAFETY: the buffer is valid for writing and has the length that is named.
    let length = unsafe {
        libc::confstr(
            libc::_CS_DARWIN_USER_DIR,
            buffer.as_mut_ptr().cast::<c_char>(),
            buffer.len(),
        )
    };
    // A longer value would have been cut off.
    if length == 0 || length > buffer.len() {
        return None;
    }
    let path = CStr::from_bytes_until_nul(&buffer).ok()?;
    let path = PathBuf::from(OsStr::from_bytes(path.to_bytes()));
    path.is_absolute().then_some(path)
}
