//! Files that programs of ours which were killed have left: known by the pid in their names.

use super::sys;
use std::fs;
use std::path::Path;

/// The file that a name says was not written to its end, and the process that wrote it:
/// `<file>.<pid>.new`.
pub fn half_written_by(name: &str) -> Option<(&str, u32)> {
    let (file, pid) = name.strip_suffix(".new")?.rsplit_once('.')?;
    Some((file, parse_pid(pid)?))
}

/// The pid that stands between two parts of a name, and nothing else.
pub fn named_pid(name: &str, before: &str, after: &str) -> Option<u32> {
    parse_pid(name.strip_prefix(before)?.strip_suffix(after)?)
}

/// A pid as we write it.
fn parse_pid(text: &str) -> Option<u32> {
    let pid: u32 = text.parse().ok()?;
    (pid > 0 && pid.to_string() == text).then_some(pid)
}

/// Whether no process of this pid can write any more.
pub fn is_gone(pid: u32) -> bool {
    sys::stat(pid).is_ok_and(|stat| stat.is_none_or(|stat| stat.zombie))
}

/// Removes the plain files of a folder whose name says that a process made them which is gone.
pub fn remove_of_gone(folder: &Path, maker: impl Fn(&str) -> Option<u32>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let is_due = name.to_str().and_then(&maker).is_some_and(is_gone);
        if is_due && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // See above.
            let _ = fs::remove_file(entry.path());
        }
    }
}
