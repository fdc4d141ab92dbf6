//! The peer of a socket on macOS: `LOCAL_PEERTOKEN`, else `LOCAL_PEERPID`. Type-checked on Linux,
//! not yet run on a Mac.

use super::{PeerCredentials, PeerIdentityError};
use std::ffi::c_int;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// `audit_token_t` of `bsm/audit.h`: eight numbers, of which the second is the effective uid and
/// the sixth the pid.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct AuditToken {
    values: [u32; 8],
}

pub(super) fn peer_credentials(
    socket: BorrowedFd<'_>,
) -> Result<PeerCredentials, PeerIdentityError> {
    if let Ok(token) = option::<AuditToken>(socket, libc::LOCAL_PEERTOKEN) {
        return Ok(PeerCredentials {
            pid: token.values[5],
            uid: token.values[1],
            process: None,
        });
    }
    let pid = option::<c_int>(socket, libc::LOCAL_PEERPID);
    let pid = pid.map_err(PeerIdentityError::Unreadable)?;
    let (mut uid, mut gid) = (0, 0);
    #[expect(unsafe_code, reason = "no safe call asks for the user of a peer")]
    // SAFETY: both pointers are valid for writing and outlive the call.
    let done = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if done != 0 {
        return Err(PeerIdentityError::Unreadable(io::Error::last_os_error()));
    }
    Ok(PeerCredentials {
        pid: u32::try_from(pid).unwrap_or(0),
        uid,
        process: None,
    })
}

/// Types that consist of integers only, so that any bytes are a valid value.
trait MacPlainValue: Copy + Default {}
impl MacPlainValue for AuditToken {}
impl MacPlainValue for c_int {}

fn option<T: MacPlainValue>(socket: BorrowedFd<'_>, name: c_int) -> io::Result<T> {
    let mut value = T::default();
    let whole = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    let mut size = whole;
    #[expect(unsafe_code, reason = "no safe call asks for these options")]
    // SAFETY: the buffer is as large as `size` says and outlives the call, and any bytes are a
    // valid `T`: see `MacPlainValue`.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_LOCAL,
            name,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    if size != whole {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(value)
}

/// Always false: macOS has no process descriptors, so only the start time shows an end.
#[expect(clippy::unnecessary_wraps, reason = "one form on both systems")]
pub(super) fn has_ended(_process: &OwnedFd) -> io::Result<bool> {
    Ok(false)
}
