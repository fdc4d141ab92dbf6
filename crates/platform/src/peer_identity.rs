//! Which process is at the other end of a Unix socket.

#[cfg(target_os = "linux")]
#[path = "peer_identity/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "peer_identity/macos.rs"]
mod system;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Why the peer of a socket is not known. An unknown peer gets nothing that requires an identity.
#[derive(Debug, thiserror::Error)]
pub enum PeerIdentityError {
    /// The peer runs in a pid namespace that this process does not see.
    #[error("the calling process runs in another pid namespace")]
    OtherNamespace,
    /// The peer has ended, or its pid belongs to another process by now.
    #[error("the calling process has ended")]
    Ended,
    /// The system does not report the peer.
    #[error("could not identify the calling process: {0}")]
    Unreadable(#[source] io::Error),
}

/// The process that opened the other end of a socket.
///
/// A process may hand an open socket on; the opener stays the peer.
#[derive(Debug)]
pub struct PeerIdentity {
    /// The pid, as this process sees it.
    pub pid: u32,
    /// The process's effective uid.
    pub uid: u32,
    /// The process's start time, in the unit of `read_start`.
    pub start: u64,
    /// A descriptor that stands for the process even after its pid is reused; none if the system
    /// has no such descriptors.
    process: Option<OwnedFd>,
}

/// What the kernel reports about a peer. Pid 0 stands for a process in a foreign pid namespace.
struct PeerCredentials {
    pid: u32,
    uid: u32,
    process: Option<OwnedFd>,
}

impl PeerIdentity {
    /// The peer of a connected socket. What is read of the process afterwards counts only if
    /// [`Self::confirm`] succeeds.
    ///
    /// `read_start` returns the start time of a process, or none if there is no such process.
    ///
    /// # Errors
    /// The peer is in another pid namespace, has ended, or cannot be read.
    pub fn of_socket(
        socket: impl AsFd,
        read_start: impl Fn(u32) -> io::Result<Option<u64>>,
    ) -> Result<Self, PeerIdentityError> {
        let PeerCredentials { pid, uid, process } = system::peer_credentials(socket.as_fd())?;
        if pid == 0 {
            return Err(PeerIdentityError::OtherNamespace);
        }
        let start = read_start(pid).map_err(PeerIdentityError::Unreadable)?;
        let identity = Self {
            pid,
            uid,
            start: start.ok_or(PeerIdentityError::Ended)?,
            process,
        };
        identity.confirm(read_start)?;
        Ok(identity)
    }

    /// Succeeds if the process still lives, so that everything read by its pid since
    /// [`Self::of_socket`] was of this process.
    ///
    /// # Errors
    /// The process has ended, or can no longer be read.
    pub fn confirm(
        &self,
        read_start: impl Fn(u32) -> io::Result<Option<u64>>,
    ) -> Result<(), PeerIdentityError> {
        if let Some(process) = &self.process
            && system::has_ended(process).map_err(PeerIdentityError::Unreadable)?
        {
            return Err(PeerIdentityError::Ended);
        }
        match read_start(self.pid).map_err(PeerIdentityError::Unreadable)? {
            Some(start) if start == self.start => Ok(()),
            _ => Err(PeerIdentityError::Ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::os::unix::net::{UnixListener, UnixStream};

    fn connected() -> (UnixStream, UnixStream) {
        let dir = tempfile::tempdir().expect("folder");
        let socket = dir.path().join("s");
        let listener = UnixListener::bind(&socket).expect("socket");
        let near = UnixStream::connect(&socket).expect("connected");
        (near, listener.accept().expect("accepted").0)
    }

    #[test]
    fn the_peer_of_a_socket_is_the_process_that_connected() {
        let (_near, far) = connected();
        let peer = PeerIdentity::of_socket(&far, |_| Ok(Some(7))).expect("known");
        assert_eq!(peer.pid, std::process::id());
        assert_eq!(peer.uid, rustix::process::getuid().as_raw());
        assert_eq!(peer.start, 7);
        peer.confirm(|_| Ok(Some(7))).expect("still the same");
    }

    #[test]
    fn a_peer_whose_start_time_changes_has_ended() {
        let (_near, far) = connected();
        let reads = Cell::new(0);
        let moving = |_| {
            reads.set(reads.get() + 1);
            Ok(Some(reads.get()))
        };
        let changed = PeerIdentity::of_socket(&far, moving);
        assert!(matches!(changed, Err(PeerIdentityError::Ended)));
        let none = PeerIdentity::of_socket(&far, |_| Ok(None));
        assert!(matches!(none, Err(PeerIdentityError::Ended)));
        let peer = PeerIdentity::of_socket(&far, |_| Ok(Some(7))).expect("known");
        let other = peer.confirm(|_| Ok(Some(8)));
        assert!(matches!(other, Err(PeerIdentityError::Ended)));
    }

    #[test]
    fn a_peer_that_cannot_be_read_is_not_known() {
        let (_near, far) = connected();
        let denied = |_| Err(io::ErrorKind::PermissionDenied.into());
        let unreadable = PeerIdentity::of_socket(&far, denied);
        assert!(matches!(unreadable, Err(PeerIdentityError::Unreadable(_))));
        let pipe = std::fs::File::open("/dev/null").expect("no socket");
        let no_socket = PeerIdentity::of_socket(&pipe, |_| Ok(Some(7)));
        assert!(matches!(no_socket, Err(PeerIdentityError::Unreadable(_))));
    }

    // On macOS, only the start time shows that the peer has ended.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_peer_that_has_ended_is_not_known_even_if_its_pid_seems_to_live() {
        let dir = tempfile::tempdir().expect("folder");
        let socket = dir.path().join("s");
        let listener = UnixListener::bind(&socket).expect("socket");
        let ended = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--ignored",
                "--exact",
                "peer_identity::tests::connects_and_ends",
            ])
            .env(SOCKET_VARIABLE, &socket)
            .stdout(std::process::Stdio::null())
            .status();
        assert!(ended.expect("runs").success());
        let (far, _) = listener.accept().expect("a connection");
        let told = PeerIdentity::of_socket(&far, |_| Ok(Some(7)));
        assert!(matches!(told, Err(PeerIdentityError::Ended)), "{told:?}");
    }

    #[cfg(target_os = "linux")]
    const SOCKET_VARIABLE: &str = "TRUSTY_TEST_SOCKET";

    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "the other process of the test above"]
    fn connects_and_ends() {
        let socket = std::env::var_os(SOCKET_VARIABLE).expect("started by the test above");
        UnixStream::connect(socket).expect("connected");
    }
}
