//! Connects the hooks of a config folder to us, and takes them back.

mod entries;
mod text;

pub use entries::{EVENTS, Entries};
pub use text::{Holds, Unfit, disables_hooks, holds, with, without};

use std::path::{Path, PathBuf};

/// The folder of the hook program in the data folder.
const FOLDER: &str = "bin";
/// The hook program's name.
const PROGRAM: &str = "trusty-hook";

/// Where a hook program that was put into a data folder finds that folder's parent
/// (`$XDG_DATA_HOME`, as it was when it was put there).
pub fn data_home_of(exe: &Path) -> Option<PathBuf> {
    let folder = exe
        .parent()
        .filter(|f| f.ends_with(Path::new("trusty").join(FOLDER)))?;
    folder.ancestors().nth(2).map(Path::to_path_buf)
}
