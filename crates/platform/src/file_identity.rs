//! Which file a path or a descriptor names, whatever path leads there.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The device and the inode of a file or folder.
///
/// The pair is the same under every name of the file, and differs for another file that was made
/// in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity {
    /// The device number.
    pub device: u64,
    /// The inode number on that device.
    pub inode: u64,
}

impl From<&Metadata> for FileIdentity {
    fn from(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }
}

impl FileIdentity {
    /// The identity of what a path names; a symbolic link is not followed.
    ///
    /// # Errors
    /// As lstat(2) fails: nothing is there, or a folder above it may not be searched.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|meta| Self::from(&meta))
    }

    /// The identity of what an absolute path leads to, links followed. May wait for a file server.
    ///
    /// # Errors
    /// As stat(2) fails: nothing is there, or a folder above it may not be searched.
    pub fn of_target(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|meta| Self::from(&meta))
    }

    /// The identity of an open file.
    ///
    /// # Errors
    /// As fstat(2) fails.
    pub fn of_file(file: &File) -> io::Result<Self> {
        file.metadata().map(|meta| Self::from(&meta))
    }

    /// Removes the file at a path if it has this identity; returns whether it was removed.
    ///
    /// # Errors
    /// As lstat(2) or unlink(2) fails. A path at which nothing exists is no error.
    pub fn remove_at(self, path: &Path) -> io::Result<bool> {
        match Self::of_path(path) {
            Ok(there) if there == self => fs::remove_file(path).map(|()| true),
            Ok(_) => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// A file at one point in time: any later write, also in place, gives another state.
///
/// The state includes `st_ctime`, which no program of the user can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileState {
    /// The file's identity.
    pub file: FileIdentity,
    /// The uid of the file's owner.
    pub owner: u32,
    /// The file's size in bytes.
    bytes: u64,
    /// The time of the last change (`st_ctime`), in nanoseconds since the Unix epoch.
    changed_at: i128,
}

impl FileState {
    /// The state of what an absolute path leads to, links followed. May wait for a file server.
    ///
    /// # Errors
    /// As stat(2) fails.
    pub fn of_target(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        let changed_at = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
        Ok(Self {
            file: FileIdentity::from(&meta),
            owner: meta.uid(),
            bytes: meta.len(),
            changed_at,
        })
    }
}

/// The identity of what an absolute path leads to for a process, links followed.
///
/// The process may have another root folder and other mounts than this one.
///
/// # Errors
/// As [`FileIdentity::of_target`]; also if the process has ended or belongs to another user.
#[cfg(target_os = "linux")]
pub fn within_root(pid: u32, path: &Path) -> io::Result<FileIdentity> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
    let seen_from = format!("/proc/{pid}/root");
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = open(&seen_from, flags | OFlags::DIRECTORY, Mode::empty())?;
    // Follows links from the root of that process, not from ours.
    let found = openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
    let file = match found {
        Ok(found) => File::from(found),
        // Before Linux 5.6 (NOSYS), and during a rename (AGAIN).
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::AGAIN) => {
            let below = path.strip_prefix("/").unwrap_or(path);
            return FileIdentity::of_target(&Path::new(&seen_from).join(below));
        }
        Err(e) => return Err(e.into()),
    };
    Ok(FileIdentity::from(&file.metadata()?))
}

/// The identity of what an absolute path leads to for a process, links followed.
///
/// macOS does not report the root folder of a process, so ours is used.
///
/// # Errors
/// As [`FileIdentity::of_target`].
#[cfg(not(target_os = "linux"))]
pub fn within_root(_pid: u32, path: &Path) -> io::Result<FileIdentity> {
    FileIdentity::of_target(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn two_paths_to_one_folder_have_one_identity() {
        let dir = tempfile::tempdir().expect("folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::create_dir(&real).expect("folder");
        symlink(&real, &link).expect("link");
        let me = std::process::id();
        let identity = FileIdentity::of_target(&real).expect("there");
        assert_eq!(FileIdentity::of_target(&link).expect("there"), identity);
        assert_eq!(within_root(me, &link).expect("there"), identity);
        assert_ne!(
            FileIdentity::of_target(dir.path()).expect("there"),
            identity
        );
        let missing = within_root(me, &dir.path().join("none")).expect_err("not there");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_removed_only_while_its_path_still_names_it() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("socket");
        let first = File::create(&path).expect("made");
        let identity = FileIdentity::of_path(&path).expect("there");
        assert_eq!(FileIdentity::of_file(&first).expect("open"), identity);
        fs::rename(&path, dir.path().join("moved")).expect("moved");
        assert!(!identity.remove_at(&path).expect("nothing is there"));
        fs::write(&path, "another's").expect("made");
        assert!(!identity.remove_at(&path).expect("another's"));
        assert!(path.exists());
        let second = FileIdentity::of_path(&path).expect("there");
        assert!(second.remove_at(&path).expect("removed"));
        assert!(!path.exists());
    }
}
