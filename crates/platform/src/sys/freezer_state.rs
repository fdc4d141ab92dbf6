//! The freezer state of a cgroup.

/// Whether a cgroup is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezerState {
    /// All its processes are frozen.
    Frozen,
    /// Its processes can run.
    Thawed,
}
