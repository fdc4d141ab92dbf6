//! Temporary files of our programs that were killed, recognised by the pid in their names.

use super::sys;
use std::fs;
use std::path::Path;

/// The target and the writer's pid of a temporary file, by its name `<file>.<pid>.new`; see
/// [`replace_file`](super::files::replace_file).
pub fn half_written_by(name: &str) -> Option<(&str, u32)> {
    let (file, pid) = name.strip_suffix(".new")?.rsplit_once('.')?;
    Some((file, parse_pid(pid)?))
}

/// The pid between two fixed parts of a name; none if anything else is there.
pub fn named_pid(name: &str, before: &str, after: &str) -> Option<u32> {
    parse_pid(name.strip_prefix(before)?.strip_suffix(after)?)
}

/// A pid as our programs write it: decimal, above zero, no sign and no leading zero.
fn parse_pid(text: &str) -> Option<u32> {
    let pid: u32 = text.parse().ok()?;
    (pid > 0 && pid.to_string() == text).then_some(pid)
}

/// Whether no process with this pid can write any more: there is none, or a zombie.
pub fn is_gone(pid: u32) -> bool {
    sys::stat(pid).is_ok_and(|stat| stat.is_none_or(|stat| stat.zombie))
}

/// Removes the regular files of a folder whose makers are gone. `maker` reads the maker's pid from
/// a name.
pub fn remove_of_gone(folder: &Path, maker: impl Fn(&str) -> Option<u32>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let is_due = name.to_str().and_then(&maker).is_some_and(is_gone);
        if is_due && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // A file that cannot be removed stays until the next run.
            let _ = fs::remove_file(entry.path());
        }
    }
}
