//! Which process listens at a terminal's socket. A program that uses the socket does what the
//! server says, so the server has to run as this user and outside any container.

use super::sys;
use crate::peer_identity::{PeerIdentity, PeerIdentityError};
use crate::process_namespaces::shares_our_namespaces;
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Why the server of a socket may not be used.
#[derive(Debug, thiserror::Error)]
pub enum ListenerRefusal {
    /// No process listens: the socket file is a left-over.
    #[error("no program listens on the socket")]
    NotListening,
    /// The server's connection queue is full.
    #[error("the program that listens on the socket accepts no connections")]
    Busy,
    /// The server runs as another user; its uid.
    #[error("uid {0} listens on the socket")]
    OtherUser(u32),
    /// The server is in a sandbox or container, or its namespaces cannot be read.
    #[error("the program that listens on the socket runs in a container")]
    Contained,
    /// The system does not report which process listens.
    #[error("could not identify the program that listens on the socket: {0}")]
    Unidentified(#[source] PeerIdentityError),
    /// The socket could not be used.
    #[error("the socket cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Checks that the server of a socket runs as this user and outside any container. Does not wait
/// for a server that accepts no connections.
///
/// # Errors
/// Says which other process listens, that none does, or that the socket cannot be used.
pub fn check_listener(path: &Path) -> Result<(), ListenerRefusal> {
    listening_process(path).map(drop)
}

/// The server of a socket, if it runs as this user and outside any container. Does not wait for a
/// server that accepts no connections.
///
/// # Errors
/// As [`check_listener`].
pub fn listening_process(path: &Path) -> Result<PeerIdentity, ListenerRefusal> {
    let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
    let socket = nonblocking_socket()?;
    match connect(&socket, &address) {
        Ok(()) => trusted_peer(&socket),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Err(ListenerRefusal::NotListening),
        Err(Errno::AGAIN) => Err(ListenerRefusal::Busy),
        Err(e) => Err(ListenerRefusal::Io(e.into())),
    }
}

/// A non-blocking socket that child programs do not inherit. macOS can set both flags only after
/// the socket exists.
fn nonblocking_socket() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// Checks that the peer of a connection runs as this user and outside any container.
///
/// # Errors
/// Says which other process is the peer, or that the peer cannot be identified.
pub fn check_peer(stream: impl AsFd) -> Result<(), ListenerRefusal> {
    trusted_peer(stream).map(drop)
}

fn trusted_peer(stream: impl AsFd) -> Result<PeerIdentity, ListenerRefusal> {
    let unidentified = |e| match e {
        PeerIdentityError::OtherNamespace => ListenerRefusal::Contained,
        e => ListenerRefusal::Unidentified(e),
    };
    let peer = PeerIdentity::of_socket(stream, sys::living_start).map_err(unidentified)?;
    if peer.uid != rustix::process::geteuid().as_raw() {
        return Err(ListenerRefusal::OtherUser(peer.uid));
    }
    let is_ours = shares_our_namespaces(peer.pid);
    peer.confirm(sys::living_start).map_err(unidentified)?;
    if is_ours {
        Ok(peer)
    } else {
        Err(ListenerRefusal::Contained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_server_of_ours_is_asked_and_a_left_over_is_none() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("socket");
        let none = check_listener(&path).expect_err("nothing is there");
        assert!(matches!(none, ListenerRefusal::NotListening), "{none}");
        let listener = UnixListener::bind(&path).expect("bound");
        check_listener(&path).expect("ours");
        drop(listener);
        let none = check_listener(&path).expect_err("no listener");
        assert!(matches!(none, ListenerRefusal::NotListening), "{none}");
    }
}
