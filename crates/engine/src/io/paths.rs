//! Folders that are ours alone.

use rustix::fs::MetadataExt;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Makes a folder that only its owner can enter, or checks that it is one.
pub fn private_dir(dir: &Path, uid: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
    }
    if is_private(dir, uid)? {
        return Ok(());
    }
    let told = format!(
        "{} must be a folder of yours that nobody else can enter; remove it or run: chmod 700 {0}",
        dir.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, told))
}

/// The folder for sockets: the one that is named, if it is ours, else the one that the system has
/// made for us. Nothing where there is neither.
pub fn runtime_home(named: Option<&Path>, made: Option<&Path>, uid: u32) -> Option<PathBuf> {
    let is_ours = |dir: &&Path| fs::metadata(dir).is_ok_and(|m| m.is_dir() && m.uid() == uid);
    let is_private = |dir: &&Path| is_private(dir, uid).unwrap_or(false);
    let found = named.filter(is_ours).or_else(|| made.filter(is_private));
    found.map(Path::to_path_buf)
}

/// Whether this is a folder that only this user can enter.
pub fn is_private(dir: &Path, uid: u32) -> io::Result<bool> {
    let meta = fs::symlink_metadata(dir)?;
    Ok(meta.is_dir() && meta.uid() == uid && meta.mode().trailing_zeros() >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_folder_is_ours_alone() {
        let root = tempfile::tempdir().expect("folder");
        let uid = rustix::process::getuid().as_raw();
        let dir = root.path().join("t");
        private_dir(&dir, uid).expect("made");
        private_dir(&dir, uid).expect("found again");
        assert!(
            private_dir(&dir, uid + 1).is_err(),
            "owned by somebody else"
        );
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        let refused = private_dir(&dir, uid)
            .expect_err("open to others")
            .to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
        let (named, none) = (root.path(), root.path().join("none"));
        let home = |named, made, uid| runtime_home(Some(named), Some(made), uid);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("chmod");
        assert_eq!(home(named, &dir, uid).as_deref(), Some(named));
        assert_eq!(home(&none, &dir, uid), Some(dir.clone()), "not there");
        assert_eq!(home(named, &none, uid + 1), None, "another user's");
        assert_eq!(runtime_home(None, Some(&dir), uid), Some(dir.clone()));
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        assert_eq!(runtime_home(None, Some(&dir), uid), None, "open to others");
        std::os::unix::fs::symlink(root.path(), root.path().join("l")).expect("link");
        assert!(private_dir(&root.path().join("l"), uid).is_err(), "a link");
    }
}
