//! Connects to Unix sockets without an async runtime.

use super::sys;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Connects to a socket at which this user listens.
///
/// Waits at most `patience` for a server that accepts no connections.
///
/// # Errors
/// As connect(2) fails; `PermissionDenied` if another user listens there.
pub fn connect_in_time(
    path: &Path,
    patience: Duration,
) -> io::Result<std::os::unix::net::UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    rustix::net::connect(&socket, &address)?;
    if sys::peer_uid(&socket)? != rustix::process::geteuid().as_raw() {
        let told = format!("another user listens at {}", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, told));
    }
    Ok(socket.into())
}
