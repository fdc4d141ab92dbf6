//! Finds programs in the search path. Relative folders do not count, because they lead into the
//! current folder, such as a repository; nor does a program that another user could change.

use crate::trusted_path::{PathRefusal, check_execute};
use std::ffi::OsStr;
use std::path::PathBuf;

/// A program that was found but may not be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedProgram {
    /// The program's path.
    pub program: PathBuf,
    /// Who could change the program, and how to remedy that.
    pub refusal: PathRefusal,
}

/// The result of a search for a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramSearch {
    /// The first program that may be executed.
    pub program: Option<PathBuf>,
    /// The first program, before that one, that may not be executed.
    pub refused: Option<RefusedProgram>,
}

impl ProgramSearch {
    /// The program that may be executed or, if there is none, the refused one, so that the attempt
    /// to run it reports why.
    pub fn any(self) -> Option<PathBuf> {
        self.program.or(self.refused.map(|refused| refused.program))
    }
}

/// The absolute folders of a search path.
pub fn absolute_folders(path: Option<&OsStr>) -> impl Iterator<Item = PathBuf> {
    let folders = path.into_iter().flat_map(std::env::split_paths);
    folders.filter(|folder| folder.is_absolute())
}

/// Searches these folders, in their order, for a program that may be executed.
pub fn find_program(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> ProgramSearch {
    let mut search = ProgramSearch::default();
    for folder in folders {
        let program = folder.join(name);
        if !program.is_file() {
            continue;
        }
        match check_execute(&program) {
            Ok(_) => {
                search.program = Some(program);
                break;
            }
            Err(refusal) => {
                let refused = RefusedProgram { program, refusal };
                search.refused.get_or_insert(refused);
            }
        }
    }
    search
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn put(folder: &Path, bits: u32) {
        fs::create_dir_all(folder).expect("folder");
        fs::write(folder.join("tmux"), "").expect("program");
        fs::set_permissions(folder.join("tmux"), fs::Permissions::from_mode(bits)).expect("chmod");
    }

    #[test]
    fn relative_folders_of_the_search_path_do_not_count() {
        let path = OsStr::new("node_modules/.bin:.::/usr/bin:../bin");
        let folders: Vec<PathBuf> = absolute_folders(Some(path)).collect();
        assert_eq!(folders, [PathBuf::from("/usr/bin")]);
        assert_eq!(absolute_folders(None).count(), 0);
    }

    #[test]
    fn a_program_that_others_could_change_is_passed_over_and_named() {
        let root = tempfile::tempdir().expect("folder");
        let reach = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path(), reach).expect("chmod");
        let folders = ["none", "open", "own"].map(|name| root.path().join(name));
        put(&folders[1], 0o777);
        put(&folders[2], 0o755);
        let search = find_program("tmux", folders.clone());
        assert_eq!(search.program, Some(folders[2].join("tmux")));
        let refused = search.refused.expect("named");
        assert!(
            refused.refusal.to_string().contains("chmod go-w"),
            "{refused:?}"
        );
        assert_eq!(refused.program, folders[1].join("tmux"));
        let search = find_program("tmux", [folders[1].clone()]);
        assert_eq!(
            (search.program.clone(), search.any()),
            (None, Some(refused.program))
        );
        let search = find_program("tmux", [folders[2].clone()]);
        assert_eq!((search.program.is_some(), search.refused), (true, None));
    }
}
