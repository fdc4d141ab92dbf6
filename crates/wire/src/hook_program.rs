//! The path of the hook program, a copy in the data folder.

use crate::environment::Environment;
use std::path::{Path, PathBuf};

/// The folder of the hook program in the data folder.
pub const HOOK_PROGRAM_FOLDER: &str = "bin";
/// The file name of the hook program.
pub const HOOK_PROGRAM_NAME: &str = "trusty-hook";

/// The path of the installed hook program.
pub fn program(env: &Environment) -> PathBuf {
    env.data_dir()
        .join(HOOK_PROGRAM_FOLDER)
        .join(HOOK_PROGRAM_NAME)
}

/// The data folder that an installed hook program lies in. None for other programs.
pub fn data_dir_of(exe: &Path) -> Option<PathBuf> {
    let folder = exe.parent()?;
    let data = folder.parent()?;
    let is_copy = folder.ends_with(HOOK_PROGRAM_FOLDER) && data.ends_with("trusty");
    is_copy.then(|| data.to_path_buf())
}

/// Whether an executable is a hook program. Linux appends " (deleted)" to the path of one that was
/// replaced while it ran.
pub fn is_hook_program(executable: &Path) -> bool {
    let name = executable.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.trim_end_matches(" (deleted)") == HOOK_PROGRAM_NAME)
}
