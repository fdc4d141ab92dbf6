//! The files and folders that a process has, and its arguments.

use super::process_reader::{LiveKernel, ProcessReader};
use super::sys;
use std::fs;
use std::path::{Path, PathBuf};

/// The pid namespace of a process, as `pid:[4026531836]`; none if it may not be read, and on macOS,
/// which has no namespaces.
pub fn pid_namespace(pid: u32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{pid}/ns/pid")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The arguments of a process, the program's name first, without empty ones.
pub fn process_arguments(pid: u32) -> Option<Vec<String>> {
    sys::arguments(pid).ok()
}

/// The most reliable known path of the file that a process executes.
pub fn process_executable(pid: u32) -> Option<PathBuf> {
    let program = LiveKernel.program(pid)?;
    program.path().map(Path::to_path_buf)
}

/// The current folder of a process.
pub fn process_folder(pid: u32) -> Option<PathBuf> {
    sys::current_folder(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let own = std::process::id();
        let has_proc = Path::new("/proc/self/ns/pid").exists();
        assert_eq!(pid_namespace(own).is_some(), has_proc);
        let arguments = process_arguments(own);
        let ours = std::env::args().collect::<Vec<_>>();
        assert_eq!(arguments, Some(ours));
        assert!(process_folder(own).is_some_and(|folder| folder.is_absolute()));
        let executable = std::env::current_exe().expect("a path");
        let executable = executable.canonicalize().expect("a path");
        assert_eq!(process_executable(own), Some(executable));
        assert_eq!(pid_namespace(u32::MAX), None);
        assert_eq!(process_arguments(u32::MAX), None);
    }
}
