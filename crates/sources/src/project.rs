//! The project folder of a session.

use std::path::{Path, PathBuf};
use trusty_platform::folder_access::FolderAccess;

/// Where Claude Code puts the worktrees of a repository (`claude --worktree`).
const WORKTREES_FOLDER: &str = ".claude/worktrees";

/// The project of a session that works in `cwd`: the root of its git work tree. Where a look would
/// make macOS ask the user for access, only a worktree of Claude Code is known, by its path.
pub fn project_of(cwd: &Path, access: &FolderAccess) -> Option<PathBuf> {
    access.git_root(cwd).or_else(|| {
        let is_guarded = !access.may_look(cwd);
        is_guarded.then(|| worktree_root(cwd)).flatten()
    })
}

fn worktree_root(cwd: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| {
        let parent = folder.parent();
        parent.is_some_and(|parent| parent.ends_with(WORKTREES_FOLDER))
    };
    cwd.ancestors().find(is_root).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use trusty_fleet::System;

    #[test]
    fn a_project_in_a_guarded_folder_is_known_by_its_path_alone() {
        let home = tempfile::tempdir().expect("folder");
        let home = home.path().canonicalize().expect("there");
        let at = |name: &str| home.join(name);
        for repository in ["code/api", "Documents/api"] {
            fs::create_dir_all(at(repository).join(".git")).expect("folders");
            fs::create_dir_all(at(repository).join("src")).expect("folders");
        }
        let project = |system, cwd: &str| {
            let found = project_of(&at(cwd), &FolderAccess::new(system, home.clone()));
            found.map(|found| found.strip_prefix(&home).expect("below").to_path_buf())
        };
        for system in [System::Linux, System::Mac] {
            assert_eq!(project(system, "code/api/src"), Some("code/api".into()));
            assert_eq!(project(system, "code"), None);
        }
        assert_eq!(
            project(System::Linux, "Documents/api/src"),
            Some("Documents/api".into())
        );
        assert_eq!(project(System::Mac, "Documents/api/src"), None);
        let worktree = "Documents/api/.claude/worktrees/fix-42";
        let below = format!("{worktree}/src/deep");
        assert_eq!(project(System::Mac, &below), Some(worktree.into()));
        assert_eq!(project(System::Mac, worktree), Some(worktree.into()));
    }
}
