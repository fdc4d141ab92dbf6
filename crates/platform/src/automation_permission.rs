//! The system's answer to the question whether this process may send Apple Events to an app.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::determine_permission;
#[cfg(target_os = "macos")]
pub use macos::determine_permission;

/// Whether the system may ask the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionPrompt {
    /// The system reports what it knows. Returns at once.
    Never,
    /// If the user has not decided yet, the system asks, and the call returns with the user's
    /// answer. Blocks for as long as the dialog is open.
    IfUndecided,
}
