//! What `/proc` says about a process; none on systems without `/proc`.

use std::fs;
use std::path::PathBuf;

/// The pid namespace of a process, as `pid:[4026531836]`; none if it may not be read.
pub fn pid_namespace(pid: u32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{pid}/ns/pid")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The arguments of a process, the program's name first.
pub fn process_arguments(pid: u32) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = bytes
        .strip_suffix(b"\0")
        .unwrap_or(&bytes)
        .split(|b| *b == 0);
    Some(
        words
            .map(|w| String::from_utf8_lossy(w).into_owned())
            .collect(),
    )
}

/// The path of the file that a process executes.
pub fn process_executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The current folder of a process.
pub fn process_folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself_where_there_is_a_proc() {
        let own = std::process::id();
        let has_proc = std::path::Path::new("/proc/self/ns/pid").exists();
        assert_eq!(pid_namespace(own).is_some(), has_proc);
        let arguments = process_arguments(own);
        let ours = std::env::args().collect::<Vec<_>>();
        assert_eq!(arguments, has_proc.then_some(ours));
        assert_eq!(process_folder(own).is_some(), has_proc);
        let executable = std::env::current_exe().ok();
        assert_eq!(process_executable(own), executable.filter(|_| has_proc));
        assert_eq!(pid_namespace(u32::MAX), None);
        assert_eq!(process_arguments(u32::MAX), None);
    }
}
