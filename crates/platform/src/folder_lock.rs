//! A lock file in a folder, held while its holder lives.

use crate::file_identity::FileIdentity;
use crate::trusted_path::TrustPolicy;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An exclusive lock on a file.
///
/// The lock ends when this is dropped, or with the process. Holders never remove the file.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
}

impl FolderLock {
    /// Takes the lock at a path, and creates the file if there is none. Returns none while another
    /// holder has the lock.
    ///
    /// On a read-only file system, an existing lock file can still be locked. A file of another
    /// user, left at the path while the folder was open to others, is removed: that user could
    /// hold the lock for ever.
    ///
    /// # Errors
    /// As open(2), flock(2) and unlink(2) fail; a symbolic link is never followed.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            remove_foreign(path)?;
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(e),
            }
            let lock = Self {
                path: path.to_path_buf(),
                file,
            };
            // The file may have been removed between open and lock: then no other process sees it.
            if lock.is_in_place() {
                return Ok(Some(lock));
            }
        }
    }

    /// Whether other processes find this lock at its path. A lock on a removed file excludes none.
    pub fn is_in_place(&self) -> bool {
        let held = FileIdentity::of_file(&self.file).ok();
        held.is_some() && held == FileIdentity::of_path(&self.path).ok()
    }

    /// The path of the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes a file or link that belongs neither to the user nor to root (as in a container).
fn remove_foreign(path: &Path) -> io::Result<()> {
    let policy = TrustPolicy::current();
    match fs::symlink_metadata(path) {
        Ok(meta) if !policy.is_trusted(meta.uid()) => fs::remove_file(path),
        // `open` reports every other problem.
        _ => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mode = Mode::RUSR | Mode::WUSR;
    match rustix::fs::open(path, flags | OFlags::CREATE, mode) {
        Ok(fd) => Ok(File::from(fd)),
        Err(Errno::ROFS | Errno::ACCESS) => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            Ok(File::from(rustix::fs::open(path, flags, mode)?))
        }
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{lchown, symlink};

    #[test]
    fn a_lock_is_held_by_one_and_known_to_be_lost_once_its_file_is_gone() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("lock");
        let first = FolderLock::try_take(&path).expect("made").expect("free");
        assert!(FolderLock::try_take(&path).expect("open").is_none());
        assert!(first.is_in_place());
        fs::remove_file(&path).expect("removed");
        assert!(!first.is_in_place());
        let second = FolderLock::try_take(&path).expect("made").expect("free");
        assert!(second.is_in_place() && !first.is_in_place());
        drop(first);
        assert!(
            FolderLock::try_take(&path).expect("open").is_none(),
            "dropping the first lock does not release the second"
        );
        drop(second);
        assert!(FolderLock::try_take(&path).expect("open").is_some());
        assert!(path.exists());
    }

    #[test]
    fn a_lock_or_link_that_another_user_left_keeps_nobody_off() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("lock");
        if !rustix::process::geteuid().is_root() {
            crate::skip::skip("needs root to act as another user");
            return;
        }
        let theirs = FolderLock::try_take(&path).expect("made").expect("free");
        lchown(&path, Some(31003), Some(31003)).expect("chown");
        let ours = FolderLock::try_take(&path).expect("made anew");
        assert!(ours.expect("free").is_in_place() && !theirs.is_in_place());
        fs::remove_file(&path).expect("removed");
        symlink(dir.path().join("elsewhere"), &path).expect("link");
        FolderLock::try_take(&path).expect_err("a link of the user's");
        lchown(&path, Some(31003), Some(31003)).expect("chown");
        FolderLock::try_take(&path).expect("made").expect("free");
        assert!(!dir.path().join("elsewhere").exists());
    }
}
