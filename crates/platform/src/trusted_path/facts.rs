//! What the rules know about a file or folder: its lstat(2) data, and whether it has an access
//! list.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// The mode bit of a folder in which only owners may remove and rename entries.
const STICKY_BIT: u32 = 0o1000;

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A regular file.
    Plain,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A pipe, a device, or the like.
    Other,
}

/// The facts about a file on which the rules decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// The type of the file.
    pub kind: FileKind,
    /// The owner's uid.
    pub uid: u32,
    /// The group's gid.
    pub gid: u32,
    /// The permission bits, including the sticky bit.
    pub mode: u32,
    /// Whether a POSIX access list names more users or groups. The group bits are then the upper
    /// bound of what each of them may do. Looked up only if these bits permit something that
    /// matters.
    pub has_access_list: bool,
    /// Whether the file, unless a folder, has other names (hard links), which may be anywhere.
    pub has_other_names: bool,
}

impl FileFacts {
    pub(super) fn is_sticky(self) -> bool {
        self.mode & STICKY_BIT != 0
    }

    /// Whether this is a folder of this user that no other user may enter.
    pub(super) fn is_closed_folder_of(self, uid: u32) -> bool {
        self.kind == FileKind::Folder && self.uid == uid && self.mode.trailing_zeros() >= 6
    }
}

impl From<&Metadata> for FileFacts {
    fn from(meta: &Metadata) -> Self {
        let kind = meta.file_type();
        let kind = if kind.is_dir() {
            FileKind::Folder
        } else if kind.is_file() {
            FileKind::Plain
        } else if kind.is_symlink() {
            FileKind::Link
        } else if kind.is_socket() {
            FileKind::Socket
        } else {
            FileKind::Other
        };
        Self {
            kind,
            uid: meta.uid(),
            gid: meta.gid(),
            mode: meta.mode() & 0o7777,
            has_access_list: false,
            has_other_names: !meta.is_dir() && meta.nlink() > 1,
        }
    }
}
