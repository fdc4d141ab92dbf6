//! A path that keeps leading to one socket even after the socket's file is replaced.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A socket file held open, so that a connection to [`Self::path`] reaches this socket and no other
/// that has taken its place. macOS has no such path: there, the original one is used.
#[derive(Debug)]
pub struct PinnedSocket {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    _file: OwnedFd,
}

impl PinnedSocket {
    /// Pins the socket at a path; a symbolic link is not followed.
    ///
    /// # Errors
    /// As open(2) fails: nothing is there, or a folder above it may not be searched.
    #[cfg(target_os = "linux")]
    pub fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::empty())?;
        // With our pid instead of `self`, so that child programs can use the path, too.
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into();
        Ok(Self { path, _file: file })
    }

    /// Keeps the path as it is: macOS cannot hold a socket's file.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// The path to connect to, for this process and others of the same user.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_socket_that_takes_the_place_of_a_pinned_one_is_not_reached() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("socket");
        let first = UnixListener::bind(&path).expect("bound");
        let pinned = PinnedSocket::open(&path).expect("there");
        std::fs::remove_file(&path).expect("removed");
        let second = UnixListener::bind(&path).expect("bound");
        UnixStream::connect(pinned.path()).expect("connected");
        for (listener, is_reached) in [(first, true), (second, false)] {
            listener.set_nonblocking(true).expect("set");
            let reached = listener.accept().map(drop).map_err(|e| e.kind());
            let expected = if is_reached {
                Ok(())
            } else {
                Err(ErrorKind::WouldBlock)
            };
            assert_eq!(reached, expected);
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("link");
        let pinned = PinnedSocket::open(&link).expect("the link itself");
        UnixStream::connect(pinned.path()).expect_err("a link is no socket");
    }
}
