//! Config folders: which one a path leads to, and which one a process lives in.

use serde::{Deserialize, Serialize};

/// A folder as the kernel names it, whatever path leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderIdentity {
    /// The device it lies on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
}

/// Where the environment of a process leads to, looked up by the process's own working folder and
/// root.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum ConfigFolder {
    /// The environment cannot be read, or an older recording does not tell.
    #[default]
    Unreadable,
    /// To a folder that is not there (yet).
    Missing,
    /// To this folder.
    Found(FolderIdentity),
}

/// A config folder whose registry is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderFacts {
    /// Which folder its path leads to; none if there is none.
    pub identity: Option<FolderIdentity>,
    /// Who named it.
    pub origin: FolderOrigin,
}

/// Who named a config folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FolderOrigin {
    /// The user: the default folder, or one of the settings file.
    User,
    /// Only the environment of some session.
    Session,
}
