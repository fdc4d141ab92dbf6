//! A lock that lies as a file in a folder, held for as long as its holder lives.

use crate::file_identity::FileIdentity;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io;
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
    /// it. On a read-only file system a lock file that exists can be taken all the same.
    ///
    /// # Errors
    /// As open(2) and flock(2) fail; a symbolic link is never followed.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(e) => return Err(e.into()),
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
    use std::fs;

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
}
