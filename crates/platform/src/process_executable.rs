//! Which file a process runs.

use crate::file_identity::FileIdentity;
use std::io;
use std::path::PathBuf;

/// The program of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessExecutable {
    /// Its path; Linux adds " (deleted)" where another file has taken its place.
    pub path: PathBuf,
    /// The file that runs.
    pub file: FileIdentity,
}

/// The program that a process runs.
///
/// # Errors
///
/// There is no such process, or it may not be read.
#[cfg(target_os = "linux")]
pub fn process_executable(pid: u32) -> io::Result<ProcessExecutable> {
    let link = PathBuf::from(format!("/proc/{pid}/exe"));
    Ok(ProcessExecutable {
        path: std::fs::read_link(&link)?,
        // The kernel follows it to the file that runs, also where that has no name any more.
        file: FileIdentity::of_target(&link)?,
    })
}

/// The program that a process runs.
///
/// # Errors
///
/// There is no such process, it may not be read, or its file is gone.
#[cfg(target_os = "macos")]
pub fn process_executable(pid: u32) -> io::Result<ProcessExecutable> {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let pid = libc::c_int::try_from(pid).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    let mut buffer = vec![0_u8; usize::try_from(libc::PROC_PIDPATHINFO_MAXSIZE).unwrap_or(4096)];
    let size = u32::try_from(buffer.len()).unwrap_or(0);
    #[expect(unsafe_code, reason = "no safe call asks for this path")]
    // SAFETY: the buffer is as large as `size` says.
    let length = unsafe { libc::proc_pidpath(pid, buffer.as_mut_ptr().cast(), size) };
    let length = usize::try_from(length).unwrap_or(0);
    if length == 0 {
        return Err(io::Error::last_os_error());
    }
    buffer.truncate(length);
    let path = PathBuf::from(OsString::from_vec(buffer));
    let file = FileIdentity::of_target(&path)?;
    Ok(ProcessExecutable { path, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_of_a_process_is_the_file_that_it_runs() {
        let own = std::env::current_exe().expect("a path");
        let told = process_executable(std::process::id()).expect("readable");
        let file = FileIdentity::of_target(&own).expect("there");
        assert_eq!(told.file, file);
        let folder = tempfile::tempdir_in(own.parent().expect("a folder")).expect("folder");
        let other_name = folder.path().join("other");
        std::fs::hard_link(&own, &other_name).expect("one more name");
        assert_eq!(FileIdentity::of_target(&other_name).expect("there"), file);
        let copy = folder.path().join("copy");
        std::fs::copy(&own, &copy).expect("copied");
        assert_ne!(FileIdentity::of_target(&copy).expect("there"), file);
        assert!(process_executable(u32::MAX - 1).is_err());
    }
}
