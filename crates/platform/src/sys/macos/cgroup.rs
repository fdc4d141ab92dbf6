//! macOS has no control groups.

use crate::sys::FreezerState;
use std::io;
use std::path::{Path, PathBuf};

fn unsupported<T>() -> io::Result<T> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "macOS has no control groups",
    ))
}

/// None.
pub fn cgroup_of(_pid: u32) -> io::Result<Option<PathBuf>> {
    Ok(None)
}

/// There is none.
pub fn is_root(_group: &Path) -> bool {
    false
}

/// There is none.
pub fn parent_for_sibling(_group: &Path) -> Option<PathBuf> {
    None
}

/// Never.
pub fn can_leave_cgroup(_pid: u32) -> bool {
    false
}

/// Cannot.
pub fn make(_group: &Path) -> io::Result<()> {
    unsupported()
}

/// There is none to remove.
pub fn remove(_group: &Path) -> io::Result<()> {
    Ok(())
}

/// Cannot.
pub fn enter(_group: &Path, _pid: u32) -> io::Result<bool> {
    unsupported()
}

/// None.
pub fn members(_group: &Path) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}

/// Cannot.
pub fn set_freezer_state(_group: &Path, _state: FreezerState) -> io::Result<()> {
    unsupported()
}

/// Neither.
pub fn freezer_state(_group: &Path) -> io::Result<Option<FreezerState>> {
    Ok(None)
}
