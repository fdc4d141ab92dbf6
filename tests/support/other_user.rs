//! Files of another user, which only root can create.

use crate::skip::skip;
use std::os::unix::fs::lchown;
use std::path::Path;

/// A uid that no account has.
pub const OTHER_UID: u32 = 31003;

/// The right to act as another user.
#[derive(Debug, Clone, Copy)]
pub struct OtherUser(());

/// The right to act as another user; skips the test and returns `None` without root.
#[track_caller]
pub fn other_user() -> Option<OtherUser> {
    if rustix::process::geteuid().is_root() {
        return Some(OtherUser(()));
    }
    skip("needs root to act as another user");
    None
}

impl OtherUser {
    /// Makes the other user the owner of a file, a folder or a symbolic link.
    #[track_caller]
    pub fn owns(self, path: &Path) {
        lchown(path, Some(OTHER_UID), Some(OTHER_UID)).expect("chown");
    }
}
