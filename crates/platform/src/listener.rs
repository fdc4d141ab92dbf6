//! Who listens at a terminal's socket. The program that is told to use the socket does what the
//! server there says, so the server has to run as this user and outside of any container.

use super::sys;
use crate::peer_identity::{PeerIdentity, PeerIdentityError};
use crate::process_namespaces::shares_our_namespaces;
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Why a server is not asked.
#[derive(Debug, thiserror::Error)]
pub enum ListenerRefusal {
    /// The socket is a left-over.
    #[error("no program listens on the socket")]
    NotListening,
    /// Its queue of connections is full.
    #[error("the program that listens on the socket accepts no connections")]
    Busy,
    /// The server is another user's.
    #[error("uid {0} listens on the socket")]
    OtherUser(u32),
    /// The server is in a sandbox or container, or its namespaces cannot be read.
    #[error("the program that listens on the socket runs in a container")]
    Contained,
    /// The system does not tell which process listens.
    #[error("could not identify the program that listens on the socket: {0}")]
    Unidentified(#[source] PeerIdentityError),
    /// The socket could not be used.
    #[error("the socket cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Whether the server of a socket may be asked. Does not wait for one that takes no connections.
///
/// # Errors
/// Says who else listens there, or that nobody does.
pub fn check_listener(path: &Path) -> Result<(), ListenerRefusal> {
    let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
    let socket = nonblocking_socket()?;
    match connect(&socket, &address) {
        Ok(()) => check_peer(&socket),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Err(ListenerRefusal::NotListening),
        Err(Errno::AGAIN) => Err(ListenerRefusal::Busy),
        Err(e) => Err(ListenerRefusal::Io(e.into())),
    }
}

/// A socket that waits for nothing. macOS sets both flags only afterwards.
fn nonblocking_socket() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// Whether the server at the other end of a connection may be asked.
///
/// # Errors
/// Says who else listens there.
pub fn check_peer(stream: impl AsFd) -> Result<(), ListenerRefusal> {
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
        Ok(())
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
