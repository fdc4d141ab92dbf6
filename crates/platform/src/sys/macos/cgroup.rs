//! Stand-ins for the cgroup calls: macOS has no cgroups.

use crate::sys::FreezerState;
use std::io;
use std::path::{Path, PathBuf};

fn unsupported<T>() -> io::Result<T> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "macOS has no control groups",
    ))
}

/// Always none.
///
/// # Errors
/// None.
pub fn cgroup_of(_pid: u32) -> io::Result<Option<PathBuf>> {
    Ok(None)
}

/// Always false.
pub fn is_root(_group: &Path) -> bool {
    false
}

/// Always none.
pub fn parent_for_sibling(_group: &Path) -> Option<PathBuf> {
    None
}

/// Always false.
pub fn can_leave_cgroup(_pid: u32) -> bool {
    false
}

/// Always fails with `Unsupported`.
///
/// # Errors
/// Always `Unsupported`.
pub fn make(_group: &Path) -> io::Result<()> {
    unsupported()
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn remove(_group: &Path) -> io::Result<()> {
    Ok(())
}

/// Always fails with `Unsupported`.
///
/// # Errors
/// Always `Unsupported`.
pub fn enter(_group: &Path, _pid: u32) -> io::Result<bool> {
    unsupported()
}

/// Always none.
///
/// # Errors
/// None.
pub fn members(_group: &Path) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}

/// Always fails with `Unsupported`.
///
/// # Errors
/// Always `Unsupported`.
pub fn set_freezer_state(_group: &Path, _state: FreezerState) -> io::Result<()> {
    unsupported()
}

/// Always none.
///
/// # Errors
/// None.
pub fn freezer_state(_group: &Path) -> io::Result<Option<FreezerState>> {
    Ok(None)
}
