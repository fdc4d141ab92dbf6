//! Which file a process executes.

use crate::file_identity::FileState;
use std::io;
use std::path::PathBuf;

/// The file that a process executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessExecutable {
    /// The file's path; Linux appends " (deleted)" if the file was removed or replaced.
    pub path: PathBuf,
    /// The file itself.
    pub file: FileState,
}

/// The file that a process executes, even if the file was removed or replaced.
///
/// # Errors
/// There is no such process, or it may not be read.
#[cfg(target_os = "linux")]
pub fn process_executable(pid: u32) -> io::Result<ProcessExecutable> {
    let link = PathBuf::from(format!("/proc/{pid}/exe"));
    Ok(ProcessExecutable {
        path: std::fs::read_link(&link)?,
        // The kernel follows this link to the running file, even if the file has no name any more.
        file: FileState::of_target(&link)?,
    })
}

/// The file that a process executes.
///
/// # Errors
/// There is no such process, it may not be read, or its file is gone.
#[cfg(target_os = "macos")]
pub fn process_executable(pid: u32) -> io::Result<ProcessExecutable> {
    let path = crate::sys::executable_path(pid)?;
    let file = FileState::of_target(&path)?;
    Ok(ProcessExecutable { path, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_of_a_process_is_the_file_that_it_runs() {
        let own = std::env::current_exe().expect("a path");
        let told = process_executable(std::process::id()).expect("readable");
        let file = |path: &std::path::Path| FileState::of_target(path).expect("there").file;
        assert_eq!(told.file.file, file(&own));
        let folder = tempfile::tempdir_in(own.parent().expect("a folder")).expect("folder");
        let other_name = folder.path().join("other");
        std::fs::hard_link(&own, &other_name).expect("one more name");
        assert_eq!(file(&other_name), told.file.file);
        let copy = folder.path().join("copy");
        std::fs::copy(&own, &copy).expect("copied");
        assert_ne!(file(&copy), told.file.file);
        assert!(process_executable(u32::MAX - 1).is_err());
    }
}
