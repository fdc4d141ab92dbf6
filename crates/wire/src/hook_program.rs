//! Where the hook program is: a copy in the data folder.

use crate::environment::Environment;
use std::path::{Path, PathBuf};

/// Its folder in the data folder.
pub const HOOK_PROGRAM_FOLDER: &str = "bin";
/// Its name.
pub const HOOK_PROGRAM_NAME: &str = "trusty-hook";
/// Where the copy is.
pub fn program(env: &Environment) -> PathBuf {
    env.data_dir()
        .join(HOOK_PROGRAM_FOLDER)
        .join(HOOK_PROGRAM_NAME)
}

/// The data folder's parent, of a program that is such a copy: `$XDG_DATA_HOME` as it was when it
/// was put there.
pub fn data_home_of(exe: &Path) -> Option<PathBuf> {
    let folder = exe.parent()?;
    let data = folder.parent()?;
    let is_copy = folder.ends_with(HOOK_PROGRAM_FOLDER) && data.ends_with("trusty");
    is_copy.then(|| data.parent().map(Path::to_path_buf))?
}

/// Whether an executable is a hook program. Linux adds a word to the path of one that was replaced
/// while it ran.
pub fn is_hook_program(executable: &Path) -> bool {
    let name = executable.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.trim_end_matches(" (deleted)") == HOOK_PROGRAM_NAME)
}
