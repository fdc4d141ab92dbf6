//! The config folder to which the environment of a process leads. Claude Code takes
//! `$CLAUDE_CONFIG_DIR` literally: a relative path starts at the folder in which Claude Code was
//! started and stays, and an empty one means that folder itself (measured, 2.1.332).

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::observation::{ConfigFolder, FolderIdentity};
use trusty_platform::file_identity::{self, FileIdentity};
use trusty_platform::files;
use trusty_platform::folder_access::FolderAccess;

/// The config folder of one process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnFolder {
    /// The path, if it leads this process to the same folder.
    pub(super) path: Option<PathBuf>,
    pub(super) facts: ConfigFolder,
}

impl OwnFolder {
    /// Looks up the folder that an environment names, as the process itself would.
    pub(super) fn find(
        pid: u32,
        environment: &[(OsString, OsString)],
        cwd: Option<&Path>,
        home: &Path,
    ) -> Self {
        let named = |name: &str| {
            let found = environment.iter().find(|(n, _)| n == name)?;
            Some(found.1.as_os_str())
        };
        let (claude, own_home) = (named("CLAUDE_CONFIG_DIR"), named("HOME"));
        let Some(path) = config_dir(claude, own_home, cwd, home) else {
            return Self::default();
        };
        // A relative path leads into the folder of the session.
        let is_in_cwd = cwd.is_some_and(|cwd| path.starts_with(cwd));
        if is_in_cwd && !FolderAccess::current().may_look(&path) {
            return Self::default();
        }
        let seen = files::with_folder_timeout(&path, move |path| {
            let theirs = identity_if_found(file_identity::within_root(pid, path)).ok()?;
            let ours = identity_if_found(FileIdentity::of_target(path)).ok()?;
            Some((theirs, theirs == ours))
        });
        let Some((theirs, is_shared)) = seen else {
            return Self::default();
        };
        Self {
            path: is_shared.then_some(path),
            facts: theirs.map_or(ConfigFolder::Missing, |identity| {
                ConfigFolder::Found(identity)
            }),
        }
    }
}

/// The device and inode of a folder; `None` if the folder does not exist.
fn identity_if_found(looked_up: io::Result<FileIdentity>) -> io::Result<Option<FolderIdentity>> {
    match looked_up {
        Ok(FileIdentity { device, inode }) => Ok(Some(FolderIdentity { device, inode })),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// The path that an environment leads to for a process that works in `cwd`; `home` is used if there
/// is no `$HOME`.
fn config_dir(
    claude: Option<&OsStr>,
    own_home: Option<&OsStr>,
    cwd: Option<&Path>,
    home: &Path,
) -> Option<PathBuf> {
    let (base, rest) = match (claude, own_home.filter(|h| !h.is_empty())) {
        (Some(dir), _) => (Path::new(dir).to_path_buf(), None),
        (None, Some(own)) => (PathBuf::from(own), Some(".claude")),
        (None, None) => (home.to_path_buf(), Some(".claude")),
    };
    let base = if base.is_absolute() {
        base
    } else if base.as_os_str().is_empty() {
        cwd?.to_path_buf()
    } else {
        cwd?.join(base)
    };
    Some(rest.map_or(base.clone(), |rest| base.join(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_config_folder_is_found_where_the_client_looks() {
        let dir = |claude: Option<&str>, own: Option<&str>| {
            let cwd = Path::new("/w");
            let (claude, own) = (claude.map(OsStr::new), own.map(OsStr::new));
            config_dir(claude, own, Some(cwd), Path::new("/home/user"))
        };
        for (claude, own, expected) in [
            (Some("/x"), Some("/home/dev"), "/x"),
            (Some("cfg"), Some("/home/dev"), "/w/cfg"),
            (Some("~/.c"), Some("/home/dev"), "/w/~/.c"),
            (Some(" /x"), Some("/home/dev"), "/w/ /x"),
            (Some(""), Some("/home/dev"), "/w"),
            (None, Some("/home/dev"), "/home/dev/.claude"),
            (None, Some(""), "/home/user/.claude"),
            (None, None, "/home/user/.claude"),
        ] {
            assert_eq!(
                dir(claude, own),
                Some(expected.into()),
                "{claude:?} {own:?}"
            );
        }
        let relative = config_dir(Some(OsStr::new("cfg")), None, None, Path::new("/h"));
        assert_eq!(relative, None, "the working folder is unknown");
    }

    #[test]
    fn links_lead_to_the_folder_they_name() {
        let dir = tempfile::tempdir().expect("folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::create_dir(&real).expect("folder");
        symlink(&real, &link).expect("link");
        let own = |path: &Path| {
            let environment = [(OsString::from("CLAUDE_CONFIG_DIR"), path.into())];
            OwnFolder::find(std::process::id(), &environment, None, dir.path())
        };
        let (through, direct) = (own(&link), own(&real));
        assert!(matches!(direct.facts, ConfigFolder::Found(_)), "{direct:?}");
        assert_eq!(through.facts, direct.facts);
        assert_eq!(through.path, Some(link));
        let missing = own(&dir.path().join("none"));
        assert_eq!(missing.facts, ConfigFolder::Missing);
        assert!(missing.path.is_some());
    }
}
