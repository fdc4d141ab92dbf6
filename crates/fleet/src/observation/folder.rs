//! Config folders: which folder a path leads to, and which folder a process uses.

use serde::{Deserialize, Serialize};

/// A folder as the kernel identifies it, whatever path leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderIdentity {
    /// The device that holds the folder.
    pub device: u64,
    /// The folder's inode on that device.
    pub inode: u64,
}

/// Where the environment of a process leads, looked up through the process's own working folder and
/// root.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum ConfigFolder {
    /// The environment cannot be read, or an older recording does not contain the answer.
    #[default]
    Unreadable,
    /// To a folder that does not exist, or does not exist yet.
    Missing,
    /// To this folder.
    Found(FolderIdentity),
}

/// A config folder whose registry is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderFacts {
    /// The folder to which the path leads; none if the folder does not exist.
    pub identity: Option<FolderIdentity>,
    /// Who named the folder.
    pub origin: FolderOrigin,
}

/// Who named a config folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FolderOrigin {
    /// The user: the default folder, or a folder from the settings file.
    User,
    /// Only the environment of a session.
    Session,
}
