//! Builds commands that start child programs.

#![expect(clippy::disallowed_methods, reason = "the place that starts programs")]

use crate::search_path::absolute_entries;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The variable with the search path for programs.
const SEARCH_PATH_VARIABLE: &str = "PATH";

/// A command that starts a program with our environment, but only the absolute entries of `PATH`:
/// a relative entry would lead a script of the program into the current folder.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(path) = std::env::var_os(SEARCH_PATH_VARIABLE) {
        command.env(SEARCH_PATH_VARIABLE, absolute_entries(&path));
    }
    command
}

/// Sets an environment variable of a command; of `PATH`, only the absolute entries.
pub fn set_variable(command: &mut Command, name: &str, value: &OsStr) {
    if name == SEARCH_PATH_VARIABLE {
        command.env(name, absolute_entries(value));
    } else {
        command.env(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_of_absolute_folders_only() {
        let path = |command: &Command| {
            let found = command
                .get_envs()
                .find(|(name, _)| *name == SEARCH_PATH_VARIABLE);
            found.and_then(|(_, value)| value.map(OsStr::to_os_string))
        };
        let mut command = command(Path::new("/bin/true"));
        let ours = std::env::var_os(SEARCH_PATH_VARIABLE).map(|ours| absolute_entries(&ours));
        assert_eq!(path(&command), ours);
        let hostile = OsStr::new("node_modules/.bin:/opt/bin::.");
        set_variable(&mut command, SEARCH_PATH_VARIABLE, hostile);
        assert_eq!(path(&command), Some("/opt/bin".into()));
        set_variable(&mut command, "OTHER", hostile);
        let other = command.get_envs().find(|(name, _)| *name == "OTHER");
        assert_eq!(other, Some((OsStr::new("OTHER"), Some(hostile))));
    }
}
