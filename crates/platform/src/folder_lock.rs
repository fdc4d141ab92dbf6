//! A lock that lies as a file in a folder, held for as long as its holder lives.

use crate::file_identity::FileIdentity;
use crate::trusted_path::TrustPolicy;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An exclusive lock on a file that is never removed by its holders; released when dropped, or by
/// the system when the process ends.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
}

impl FolderLock {
    /// Takes the lock at a path, which is made if nothing is there; nothing while another holds
    /// it. On a read-only file system a lock file that exists can be taken all the same. What
    /// another user has left at the path, while the folder was open to others, is removed: that
    /// user could hold it for ever.
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
            // The file may have been removed between the two calls: then nobody else sees it.
            if lock.is_in_place() {
                return Ok(Some(lock));
            }
        }
    }

    /// Whether others still find this lock at its path. One on a removed file keeps nobody off.
    pub fn is_in_place(&self) -> bool {
        let held = FileIdentity::of_file(&self.file).ok();
        held.is_some() && held == FileIdentity::of_path(&self.path).ok()
    }

    /// Where the lock lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes a file or link that is neither the user's nor, as in a container, root's.
fn remove_foreign(path: &Path) -> io::Result<()> {
    let policy = TrustPolicy::current();
    match fs::symlink_metadata(path) {
        Ok(meta) if !policy.is_trusted(meta.uid()) => fs::remove_file(path),
        // What else is wrong, open(2) tells.
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
            "the end of the first frees nothing of the second"
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
