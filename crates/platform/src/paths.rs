//! Folders that only the user can enter.

use crate::trusted_path::{TrustPolicy, check_folder};
use rustix::fs::MetadataExt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Makes a folder that only the user `uid` can enter. If the folder exists and belongs to that user
/// but is open to others, closes it.
///
/// # Errors
/// As [`crate::trusted_path::make_private_folder`].
pub fn private_dir(dir: &Path, uid: u32) -> io::Result<()> {
    let policy = TrustPolicy {
        uid,
        ..TrustPolicy::current()
    };
    Ok(policy.make_private_folder(dir).map(drop)?)
}

/// The folder for sockets: `named` if it belongs to the user, else `made`, the system's folder, if
/// only the user can enter it; none if neither holds.
pub fn runtime_home(named: Option<&Path>, made: Option<&Path>, uid: u32) -> Option<PathBuf> {
    let is_ours = |dir: &&Path| fs::metadata(dir).is_ok_and(|m| m.is_dir() && m.uid() == uid);
    let is_private = |dir: &&Path| is_private(dir, uid).unwrap_or(false);
    let found = named.filter(is_ours).or_else(|| made.filter(is_private));
    found.map(Path::to_path_buf)
}

/// Whether this is a folder that only the user can enter and that no other user can replace.
///
/// # Errors
/// As lstat(2) fails.
pub fn is_private(dir: &Path, uid: u32) -> io::Result<bool> {
    Ok(is_closed(dir, uid)? && check_folder(dir).is_ok())
}

/// Whether this is a folder that only the user can enter. The folders above it are not checked.
///
/// # Errors
/// As lstat(2) fails.
pub fn is_closed(dir: &Path, uid: u32) -> io::Result<bool> {
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
            "belongs to another user"
        );
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        assert!(!is_private(&dir, uid).expect("there"), "open to others");
        private_dir(&dir, uid).expect("closed to others");
        assert!(is_private(&dir, uid).expect("there"));
        let (named, none) = (root.path(), root.path().join("none"));
        let home = |named, made, uid| runtime_home(Some(named), Some(made), uid);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("chmod");
        assert_eq!(home(named, &dir, uid).as_deref(), Some(named));
        assert_eq!(home(&none, &dir, uid), Some(dir.clone()), "not there");
        assert_eq!(home(named, &none, uid + 1), None, "another user's");
        assert_eq!(runtime_home(None, Some(&dir), uid), Some(dir.clone()));
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        assert_eq!(runtime_home(None, Some(&dir), uid), None, "open to others");
        let above = root.path().join("above");
        private_dir(&above.join("t"), uid).expect("made");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        fs::set_permissions(&above, fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(
            !is_private(&above.join("t"), uid).expect("there"),
            "other users could replace the folder"
        );
        let refused = private_dir(&above.join("t"), uid).expect_err("refused");
        assert!(refused.to_string().contains("chmod go-w"), "{refused}");
    }
}
