//! Start at login under one name: an autostart file on Linux, a login item of the system on macOS.

use std::io;
use std::path::PathBuf;

/// Whether a program starts at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginItemState {
    /// It does not.
    Off,
    /// It does.
    On,
    /// It would, but the user has turned it off in the system's settings, where only the user can
    /// turn it on again.
    NeedsApproval,
}

/// Why the login item cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoginItemError {
    /// The file of the login item cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file, or its folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path of the program cannot stand in an autostart file.
    #[error("the path {0:?} holds characters that an autostart file cannot hold; move the program")]
    UnusualPath(PathBuf),
    /// The system refused; its words.
    #[error("{0}")]
    Refused(String),
}

/// A program that can start at login.
pub trait LoginItem {
    /// Whether the program starts at login now.
    ///
    /// # Errors
    /// The state cannot be read.
    fn state(&self) -> Result<LoginItemState, LoginItemError>;

    /// Makes the program start at login; succeeds without a change if it does.
    ///
    /// # Errors
    /// The login item cannot be changed.
    fn turn_on(&self) -> Result<(), LoginItemError>;

    /// Makes the program no longer start at login; succeeds without a change if it does not.
    ///
    /// # Errors
    /// The login item cannot be changed.
    fn turn_off(&self) -> Result<(), LoginItemError>;

    /// Repairs a login item whose program was moved; does nothing to one that is off.
    ///
    /// # Errors
    /// The login item cannot be changed.
    fn repair(&self) -> Result<(), LoginItemError>;
}
