//! Files of another user, which only root can make.

use crate::skip::skip;
use std::os::unix::fs::lchown;
use std::path::Path;

/// A uid that no account has.
pub const OTHER_UID: u32 = 31003;

/// The right to act as another user.
#[derive(Debug, Clone, Copy)]
pub struct OtherUser(());

/// The other user; none where we are not root, and the test is skipped.
#[track_caller]
pub fn other_user() -> Option<OtherUser> {
    if rustix::process::geteuid().is_root() {
        return Some(OtherUser(()));
    }
    skip("needs root to act as another user");
    None
}

impl OtherUser {
    /// Gives a file, a folder or a link to the other user.
    #[track_caller]
    pub fn owns(self, path: &Path) {
        lchown(path, Some(OTHER_UID), Some(OTHER_UID)).expect("chown");
    }
}
