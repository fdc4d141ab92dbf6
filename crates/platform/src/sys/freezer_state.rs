//! Whether a control group can run.

/// Whether a control group can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezerState {
    /// Nothing in it can.
    Frozen,
    /// All in it can.
    Thawed,
}
