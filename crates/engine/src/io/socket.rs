//! The local socket: who binds it first runs the engine.

use super::paths;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Why the socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else runs the engine.
    #[error("another Trusty Bar or `trusty serve` runs already")]
    Taken,
    /// The folder or the socket cannot be made.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A bound socket, held for as long as this lives.
#[derive(Debug)]
pub struct Bound {
    /// Takes connections.
    pub listener: UnixListener,
    path: PathBuf,
    _lock: OwnedFd,
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The socket's place in a runtime folder.
pub fn path(runtime_dir: &Path) -> PathBuf {
    runtime_dir.join("trusty.sock")
}

/// Binds the socket in a private folder. A lock beside it tells a live owner from a left-over.
pub fn bind(runtime_dir: &Path, uid: u32) -> Result<Bound, BindError> {
    paths::private_dir(runtime_dir, uid)?;
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let lock = rustix::fs::open(runtime_dir.join("lock"), flags, Mode::RUSR | Mode::WUSR)
        .map_err(io::Error::from)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(BindError::Taken),
        Err(e) => return Err(io::Error::from(e).into()),
    }
    let path = path(runtime_dir);
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(Bound {
        listener,
        path,
        _lock: lock,
    })
}

/// Whether the other end of a connection is this user.
pub fn is_own(stream: &UnixStream, uid: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_binds_and_a_left_over_is_replaced() {
        let root = tempfile::tempdir().expect("folder");
        let dir = root.path().join("trusty");
        let uid = rustix::process::getuid().as_raw();
        let first = bind(&dir, uid).expect("free");
        let mode = fs::metadata(path(&dir))
            .expect("socket")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(bind(&dir, uid), Err(BindError::Taken)));
        drop(first);
        assert!(!path(&dir).exists());
        fs::write(path(&dir), "a left-over").expect("write");
        bind(&dir, uid).expect("replaced");
    }
}
