//! Which file is executed for a program, and whether it may be executed.

use crate::trusted_path::{PathRefusal, check_execute};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a program was not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No program is at the path.
    #[error("is not installed")]
    NotFound,
    /// Another user could change the program.
    #[error("cannot be run safely: {0}")]
    Refused(PathRefusal),
    /// The program exceeded its timeout and was killed.
    #[error("did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The program exceeded its output limit, in bytes, and was killed.
    #[error("answered with more than {0} bytes")]
    TooMuch(u64),
    /// Starting the program or reading its output failed.
    #[error("could not be run: {0}")]
    Io(#[from] io::Error),
}

/// The path to execute for a program, if no other user could change the program.
///
/// The path has its links resolved, so that the file that was checked is the file that runs. A
/// link whose name differs from its target's stays, because such a program may act by the name it
/// is called by (busybox, snap).
///
/// # Errors
/// `NotFound` if no program is there, `Refused` if another user could change it.
pub fn checked_program(program: &Path) -> Result<PathBuf, RunError> {
    match check_execute(program) {
        Ok(checked) if checked.resolved.file_name() == program.file_name() => Ok(checked.resolved),
        Ok(_) => Ok(program.to_path_buf()),
        Err(refusal) if refusal.is_missing() => Err(RunError::NotFound),
        Err(refusal) => Err(RunError::Refused(refusal)),
    }
}
