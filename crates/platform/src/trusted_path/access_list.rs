//! POSIX access lists of files, by which more users and groups than the mode names may write.

use super::facts::{FileFacts, FileKind};
use std::fs::File;
use std::path::Path;

/// Whether an access list could permit what others must not do.
///
/// The group bits of the mode are the upper bound of an access list. They matter if they permit
/// writing, or entering a folder that is closed to all but the owner and the group.
pub(super) fn may_matter(facts: FileFacts) -> bool {
    let may_enter = facts.mode & 0o070 != 0 && facts.mode.trailing_zeros() >= 3;
    facts.kind != FileKind::Link && (facts.mode & 0o020 != 0 || may_enter)
}

/// Whether the file at a path, which is no link, has an access list. True if that is unknown.
#[cfg(target_os = "linux")]
pub(super) fn has_access_list_at(path: &Path) -> bool {
    is_there(rustix::fs::lgetxattr(
        path,
        POSIX_ACL_ATTRIBUTE,
        &mut [0_u8; 0][..],
    ))
}

/// Whether an opened file has an access list. True if that is unknown.
#[cfg(target_os = "linux")]
pub(super) fn has_access_list(file: &File) -> bool {
    is_there(rustix::fs::fgetxattr(
        file,
        POSIX_ACL_ATTRIBUTE,
        &mut [0_u8; 0][..],
    ))
}

/// Always false: access lists of macOS are not checked.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_access_list_at(_path: &Path) -> bool {
    false
}

/// Always false: access lists of macOS are not checked.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_access_list(_file: &File) -> bool {
    false
}

/// The extended attribute in which Linux stores an access list.
#[cfg(target_os = "linux")]
const POSIX_ACL_ATTRIBUTE: &str = "system.posix_acl_access";

/// Whether the attribute exists, by the result of a call with an empty buffer, which gives only the
/// attribute's size.
#[cfg(target_os = "linux")]
fn is_there(size: rustix::io::Result<usize>) -> bool {
    use rustix::io::Errno;
    !matches!(size, Err(Errno::NODATA | Errno::OPNOTSUPP))
}
