//! What is known of a file or folder: what lstat(2) tells, and whether it has an access list.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// The bit of a folder in which only owners may remove and rename.
const STICKY_BIT: u32 = 0o1000;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A plain file.
    Plain,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A pipe, a device, …
    Other,
}

/// What lstat(2) tells of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// What is there.
    pub kind: FileKind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, the sticky bit among them.
    pub mode: u32,
    /// Whether a POSIX access list names more users or groups. The bits of the group are then
    /// the most that any of them may do. Looked up only where these bits allow what counts.
    pub has_access_list: bool,
    /// Whether it is no folder and has other names (hard links), which may lie anywhere.
    pub has_other_names: bool,
}

impl FileFacts {
    pub(super) fn is_sticky(self) -> bool {
        self.mode & STICKY_BIT != 0
    }

    /// Whether this is a folder of this user that nobody else may enter.
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
