//! The local socket: who binds it first runs the engine.

use super::paths;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
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
    file: SocketFile,
    _lock: OwnedFd,
}

impl Bound {
    /// Binds another socket beside it, under the same lock.
    pub fn beside(&self, name: &str) -> io::Result<Beside> {
        let path = self.file.0.with_file_name(name);
        let listener = listen(&path)?;
        let file = SocketFile(path);
        Ok(Beside { listener, file })
    }
}

/// A second socket; no longer than the first.
#[derive(Debug)]
pub struct Beside {
    /// Takes connections.
    pub listener: UnixListener,
    #[expect(dead_code, reason = "held, not used")]
    file: SocketFile,
}

/// Removed with the last who listens.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
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
    Ok(Bound {
        listener: listen(&path)?,
        file: SocketFile(path),
        _lock: lock,
    })
}

/// Listens here, for this user alone, in place of whoever did before.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects without a runtime; waits no longer than this for one that takes no connections.
pub fn connect_in_time(
    path: &Path,
    patience: Duration,
) -> io::Result<std::os::unix::net::UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    rustix::net::connect(&socket, &address)?;
    Ok(socket.into())
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
