//! The peer of a socket on Linux: `SO_PEERPIDFD` (6.5 and later), else `SO_PEERCRED` alone.

use super::{PeerCredentials, PeerIdentityError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

pub(super) fn peer_credentials(
    socket: BorrowedFd<'_>,
) -> Result<PeerCredentials, PeerIdentityError> {
    let process = peer_process(socket)?;
    let mut told = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    // Without rustix, whose pids are never 0: the kernel reports 0 for a process in a pid namespace
    // that this one does not see.
    option(socket, libc::SO_PEERCRED, &mut told).map_err(PeerIdentityError::Unreadable)?;
    Ok(PeerCredentials {
        pid: u32::try_from(told.pid).unwrap_or(0),
        uid: told.uid,
        process,
    })
}

/// A pidfd of the peer; none before Linux 6.5.
fn peer_process(socket: BorrowedFd<'_>) -> Result<Option<OwnedFd>, PeerIdentityError> {
    let mut fd: RawFd = -1;
    if let Err(e) = option(socket, libc::SO_PEERPIDFD, &mut fd) {
        return match Errno::from_io_error(&e) {
            // A kernel before 6.5, or one built without pidfds.
            Some(Errno::NOPROTOOPT | Errno::OPNOTSUPP) => Ok(None),
            // The peer has ended; which of the two is returned depends on the kernel.
            Some(Errno::SRCH | Errno::INVAL) => Err(PeerIdentityError::Ended),
            _ => Err(PeerIdentityError::Unreadable(e)),
        };
    }
    if fd < 0 {
        return Ok(None);
    }
    #[expect(unsafe_code, reason = "the kernel gives a bare number")]
    // SAFETY: the call has succeeded, so this is an open descriptor that belongs to no other owner.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Types that consist of integers only, so that any bytes are a valid value.
trait LinuxPlainValue {}
impl LinuxPlainValue for libc::ucred {}
impl LinuxPlainValue for RawFd {}

/// Reads a socket option into `value`.
fn option<T: LinuxPlainValue>(socket: BorrowedFd<'_>, name: i32, value: &mut T) -> io::Result<()> {
    let mut size = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    #[expect(unsafe_code, reason = "no safe call asks for these options")]
    // SAFETY: the buffer is as large as `size` says and outlives the call, and any bytes are a
    // valid `T`: see `LinuxPlainValue`.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            (&raw mut *value).cast(),
            &raw mut size,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether the process of a pidfd has ended.
pub(super) fn has_ended(process: &OwnedFd) -> io::Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(poll(&mut fds, Some(&at_once))? > 0)
}
