//! Files as the kernel names them, whatever path leads there.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file or folder: the device it lies on, and its inode there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity {
    /// The device.
    pub device: u64,
    /// The inode.
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

/// What an absolute path leads to, links followed. May wait for a file server.
///
/// # Errors
///
/// As the system tells them: nothing there, or no leave to look.
pub fn of(path: &Path) -> io::Result<FileIdentity> {
    Ok(FileIdentity::from(&std::fs::metadata(path)?))
}

/// What an absolute path leads to for a process, which may have another root folder and other
/// mounts than we have. macOS does not tell the root of a process; there it is taken for ours.
///
/// # Errors
///
/// As those of [`of`]; also where the process has ended, or is not ours to look at.
#[cfg(target_os = "linux")]
pub fn within_root(pid: u32, path: &Path) -> io::Result<FileIdentity> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
    let seen_from = format!("/proc/{pid}/root");
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = open(&seen_from, flags | OFlags::DIRECTORY, Mode::empty())?;
    // Links within are followed from that root, not from ours.
    let found = openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
    let file = match found {
        Ok(found) => std::fs::File::from(found),
        // Before Linux 5.6, and while something is being renamed.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::AGAIN) => {
            let below = path.strip_prefix("/").unwrap_or(path);
            return of(&Path::new(&seen_from).join(below));
        }
        Err(e) => return Err(e.into()),
    };
    Ok(FileIdentity::from(&file.metadata()?))
}

/// What an absolute path leads to for a process, which may have another root folder and other
/// mounts than we have. macOS does not tell the root of a process; there it is taken for ours.
///
/// # Errors
///
/// As those of [`of`].
#[cfg(not(target_os = "linux"))]
pub fn within_root(_pid: u32, path: &Path) -> io::Result<FileIdentity> {
    of(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn two_paths_to_one_folder_have_one_identity() {
        let dir = tempfile::tempdir().expect("folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::create_dir(&real).expect("folder");
        symlink(&real, &link).expect("link");
        let me = std::process::id();
        let identity = of(&real).expect("there");
        assert_eq!(of(&link).expect("there"), identity);
        assert_eq!(within_root(me, &link).expect("there"), identity);
        assert_ne!(of(dir.path()).expect("there"), identity);
        let missing = within_root(me, &dir.path().join("none")).expect_err("not there");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
