//! Looks at paths that other programs chose, without making macOS ask the user for access.
//!
//! macOS guards some folders (Transparency, Consent and Control): a mere stat(2) below `~/Documents`
//! makes it ask whether this program may read the user's documents, and blocks the call until the
//! user answers. No look goes there.

use crate::files;
use crate::path_match::{may_be_same_name, may_start_with};
use crate::sys::CURRENT_SYSTEM;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use trusty_fleet::System;

/// Folders of each home folder below which macOS asks for access: documents and media, cloud
/// storage, and the containers of other apps.
const GUARDED_HOME_FOLDERS: [&str; 12] = [
    ".Trash",
    "Desktop",
    "Documents",
    "Downloads",
    "Library/Application Scripts",
    "Library/CloudStorage",
    "Library/Containers",
    "Library/Group Containers",
    "Library/Mobile Documents",
    "Movies",
    "Music",
    "Pictures",
];

/// Folders whose entries are other volumes, removable or on a server; a look may also mount one.
const VOLUME_FOLDERS: [&str; 4] = ["/Volumes", "/Network", "/net", "/home"];

/// The folder of the home folders, as macOS lays it out.
const MAC_HOMES: &str = "/Users";

/// Folders of the root in which the kernel offers every file once more: by its number
/// (`/.vol/16777220/2`), or by a path after flags for the look-up (`/.nofollow/Users`).
const ALIAS_FOLDERS: [&str; 4] = ["/.file", "/.nofollow", "/.resolve", "/.vol"];

/// Another name of the data volume, which holds every home folder.
const DATA_VOLUME: &str = "/System/Volumes/Data";

/// The limit for the links of one path, as in the kernels of both systems.
const MAX_PATH_LINKS: usize = 40;

/// Whether a look at a path makes macOS ask nothing. Decided by the path alone, so a path that may
/// lead through links is to be resolved first, by [`FolderAccess::resolve`].
pub fn may_look(path: &Path, home: &Path, system: System) -> bool {
    if system == System::Linux {
        return true;
    }
    let is_plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.is_absolute() || !path.components().all(is_plain) {
        return false;
    }
    let is_alias_of = |folder: &&str| may_start_with(system, path, Path::new(folder));
    if ALIAS_FOLDERS.iter().any(is_alias_of) {
        return false;
    }
    let path = without_data_volume(path);
    let is_below = |folder: &Path| {
        let is_longer = path.components().count() > folder.components().count();
        is_longer && may_start_with(system, &path, folder)
    };
    if VOLUME_FOLDERS.iter().any(|at| is_below(Path::new(at))) {
        return false;
    }
    let names: Vec<&OsStr> = path.iter().collect();
    let its_home = match names.as_slice() {
        [root, homes, name, ..] if may_be_same_name(system, homes, OsStr::new("Users")) => {
            Some(Path::new(root).join(MAC_HOMES).join(name))
        }
        _ => None,
    };
    let homes = [Some(without_data_volume(home)), its_home];
    let mut guarded = homes.iter().flatten().flat_map(|home| {
        let folders = GUARDED_HOME_FOLDERS.iter();
        folders.map(move |folder| home.join(folder))
    });
    !guarded.any(|folder| may_start_with(system, &path, &folder))
}

fn without_data_volume(path: &Path) -> PathBuf {
    let volume = Path::new(DATA_VOLUME);
    if may_start_with(System::Mac, path, volume) {
        let rest = path.components().skip(volume.components().count());
        Path::new("/").join(rest.collect::<PathBuf>())
    } else {
        path.to_path_buf()
    }
}

/// The result of a look at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathLookup {
    /// The path without links.
    Resolved(PathBuf),
    /// Nothing exists there, or its folder did not respond within 1 s.
    Missing,
    /// The path leads into this guarded folder, and was not looked at.
    Guarded(PathBuf),
}

/// The rule for looks at paths that other programs chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderAccess {
    system: System,
    home: PathBuf,
}

impl FolderAccess {
    /// The rule of a system for the user with this home folder.
    pub const fn new(system: System, home: PathBuf) -> Self {
        Self { system, home }
    }

    /// The rule of this system for this user.
    pub fn current() -> Self {
        Self::new(CURRENT_SYSTEM, std::env::home_dir().unwrap_or_default())
    }

    /// Whether a look at a path makes the system ask nothing; see [`may_look`].
    pub fn may_look(&self, path: &Path) -> bool {
        may_look(path, &self.home, self.system)
    }

    /// A path without links.
    pub fn resolve(&self, path: &Path) -> PathLookup {
        let resolved = match self.system {
            System::Linux => {
                let found = files::with_folder_timeout(path, |path| path.canonicalize().ok());
                found.map(PathLookup::Resolved)
            }
            System::Mac if !self.may_look(path) => Some(PathLookup::Guarded(path.to_path_buf())),
            System::Mac => {
                let access = self.clone();
                files::with_folder_timeout(path, move |path| {
                    Some(resolve_by_steps(path, |at| access.may_look(at), read_link))
                })
            }
        };
        resolved.unwrap_or(PathLookup::Missing)
    }

    /// The root of the git work tree around a folder; none if the folder is guarded or does not
    /// respond within 1 s.
    pub fn git_root(&self, dir: &Path) -> Option<PathBuf> {
        if self.system == System::Mac && !matches!(self.resolve(dir), PathLookup::Resolved(_)) {
            return None;
        }
        files::with_folder_timeout(dir, |dir| {
            let has_git = |folder: &&Path| folder.join(".git").symlink_metadata().is_ok();
            dir.ancestors().find(has_git).map(Path::to_path_buf)
        })
    }
}

/// The target of a link; `None` for anything else.
fn read_link(path: &Path) -> io::Result<Option<PathBuf>> {
    if path.symlink_metadata()?.is_symlink() {
        path.read_link().map(Some)
    } else {
        Ok(None)
    }
}

/// Resolves an absolute path step by step, so that no step is looked at that may not be.
fn resolve_by_steps(
    path: &Path,
    may_look: impl Fn(&Path) -> bool,
    mut read_link: impl FnMut(&Path) -> io::Result<Option<PathBuf>>,
) -> PathLookup {
    let parts_of = |path: &Path| -> Vec<OsString> {
        let parts = path.components().rev();
        parts.map(|part| part.as_os_str().to_owned()).collect()
    };
    let (mut resolved, mut left) = (PathBuf::from("/"), parts_of(path));
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            resolved.pop();
            continue;
        }
        // An absolute target replaces the path, as `join` does.
        let next = resolved.join(&part);
        if part == "." || next == Path::new("/") {
            resolved = if part == "." { resolved } else { next };
            continue;
        }
        if !may_look(&next) {
            return PathLookup::Guarded(next);
        }
        match read_link(&next) {
            Ok(None) => resolved = next,
            Ok(Some(target)) if links < MAX_PATH_LINKS => {
                links += 1;
                left.extend(parts_of(&target));
            }
            Ok(Some(_)) | Err(_) => return PathLookup::Missing,
        }
    }
    PathLookup::Resolved(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn guarded_folders_of_a_mac_are_not_looked_into() {
        let home = Path::new("/Users/dev");
        for (path, may) in [
            ("/Users/dev/code/api", true),
            ("/Users/dev", true),
            ("/Users/dev/Documents", false),
            ("/Users/dev/Documents/api/.git", false),
            ("/users/dev/documents/api", false),
            ("/Users/dev/Documents2/api", true),
            ("/Users/dev/Desktop/x", false),
            ("/Users/dev/Downloads/x", false),
            ("/Users/dev/Pictures/x", false),
            ("/Users/dev/Movies/x", false),
            ("/Users/dev/Music/x", false),
            ("/Users/dev/.Trash/x", false),
            (
                "/Users/dev/Library/Mobile Documents/com~apple~CloudDocs/x",
                false,
            ),
            ("/Users/dev/Library/CloudStorage/Dropbox/x", false),
            ("/Users/dev/Library/Containers/com.example/Data", false),
            ("/Users/dev/Library/Group Containers/x", false),
            ("/Users/dev/Library/Application Support/trusty", true),
            ("/Users/other/Documents/x", false),
            ("/System/Volumes/Data/Users/dev/Documents/x", false),
            ("/System/Volumes/Data/Users/dev/code", true),
            ("/system/volumes/data/Users/dev/Documents/x", false),
            ("/.vol/16777220/2/Users/dev/Documents/x", false),
            ("/.nofollow/Users/dev/Documents/x", false),
            ("/.resolve/0/Users/dev/Documents/x", false),
            ("/.file/id=6571367.2", false),
            ("/Volumes", true),
            ("/Volumes/Backup/x", false),
            ("/Network/Servers/x", false),
            ("/net/server/x", false),
            ("/home/dev/x", false),
            ("/private/tmp/x", true),
            ("/Users/dev/code/../Documents/x", false),
            ("code/api", false),
        ] {
            assert_eq!(may_look(Path::new(path), home, System::Mac), may, "{path}");
            assert!(may_look(Path::new(path), home, System::Linux), "{path}");
        }
        let elsewhere = Path::new("/opt/homes/dev");
        let theirs = Path::new("/opt/homes/dev/Documents/x");
        assert!(!may_look(theirs, elsewhere, System::Mac));
        assert!(may_look(theirs, home, System::Mac));
    }

    #[test]
    fn a_link_into_a_guarded_folder_is_not_followed() {
        let looked = RefCell::new(Vec::new());
        let resolve = |path: &str| {
            looked.borrow_mut().clear();
            resolve_by_steps(
                Path::new(path),
                |at| may_look(at, Path::new("/Users/dev"), System::Mac),
                |at| {
                    looked.borrow_mut().push(at.to_path_buf());
                    Ok(match at.to_str() {
                        Some("/Users/dev/work") => Some("Documents/work".into()),
                        Some("/Users/dev/src") => Some("/Users/dev/./code".into()),
                        Some("/Users/dev/up") => Some("../dev/code".into()),
                        Some("/Users/dev/loop") => Some("loop".into()),
                        _ => None,
                    })
                },
            )
        };
        let guarded = PathLookup::Guarded("/Users/dev/Documents".into());
        assert_eq!(resolve("/Users/dev/work/api"), guarded);
        assert!(
            looked
                .borrow()
                .iter()
                .all(|at| !at.starts_with("/Users/dev/Documents"))
        );
        let code = PathLookup::Resolved("/Users/dev/code/api".into());
        assert_eq!(resolve("/Users/dev/src/api"), code);
        assert_eq!(resolve("/Users/dev/up/api"), code);
        assert_eq!(resolve("/Users/dev/loop/api"), PathLookup::Missing);
    }

    #[test]
    fn a_work_tree_is_found_from_within_where_a_look_asks_nothing() {
        let home = tempfile::tempdir().expect("folder");
        let home = home.path().canonicalize().expect("there");
        let at = |name: &str| home.join(name);
        for project in ["code/api", "Documents/api"] {
            fs::create_dir_all(at(project).join("src")).expect("folders");
            fs::write(at(project).join(".git"), "gitdir: elsewhere").expect("write");
        }
        symlink(at("Documents"), at("work")).expect("link");
        symlink(at("code"), at("src")).expect("link");
        let mac = FolderAccess::new(System::Mac, home.clone());
        let linux = FolderAccess::new(System::Linux, home.clone());
        let code = at("code/api/src");
        for access in [&mac, &linux] {
            assert_eq!(access.git_root(&code), Some(at("code/api")));
            assert_eq!(access.git_root(&at("code")), None);
            assert_eq!(
                access.resolve(&at("src/api/src")),
                PathLookup::Resolved(code.clone())
            );
            assert_eq!(access.resolve(&at("none")), PathLookup::Missing);
        }
        let guarded = at("Documents/api/src");
        assert_eq!(linux.git_root(&guarded), Some(at("Documents/api")));
        assert_eq!(mac.git_root(&guarded), None);
        assert_eq!(mac.git_root(&at("work/api/src")), None);
        let told = mac.resolve(&at("work/api"));
        assert_eq!(told, PathLookup::Guarded(at("Documents")));
    }
}
