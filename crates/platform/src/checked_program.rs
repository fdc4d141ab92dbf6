//! Which file is executed for a program, and whether it may be.

use crate::trusted_path::{PathRefusal, check_execute};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a program was not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No such program.
    #[error("is not installed")]
    NotFound,
    /// Another user could change it.
    #[error("cannot be run safely: {0}")]
    Refused(PathRefusal),
    /// The program took too long and was killed.
    #[error("did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The program wrote too much and was killed.
    #[error("answered with more than {0} bytes")]
    TooMuch(u64),
    /// The program could not be started or read.
    #[error("could not be run: {0}")]
    Io(#[from] io::Error),
}

/// What to execute for a program, if no other user could change it: its path without links, so
/// that what was checked is what runs. A link with a name of its own stays, for such a program
/// may do what it is called (busybox, snap).
///
/// # Errors
/// Says that it is not there, or names what another user could change.
pub fn checked_program(program: &Path) -> Result<PathBuf, RunError> {
    match check_execute(program) {
        Ok(checked) if checked.resolved.file_name() == program.file_name() => Ok(checked.resolved),
        Ok(_) => Ok(program.to_path_buf()),
        Err(refusal) if refusal.is_missing() => Err(RunError::NotFound),
        Err(refusal) => Err(RunError::Refused(refusal)),
    }
}
