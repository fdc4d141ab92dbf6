//! Waits on Linux, by timerfds and pidfds.

use super::sleep_in_pieces;
use crate::open_files;
use crate::sys::{since_boot, stat};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use trusty_fleet::identity::ProcessKey;

/// Waits for `duration`, including sleep of the machine, with a single wake-up.
///
/// A timer wheel in user space wakes several times on the way to a point seconds ahead.
pub async fn sleep(duration: Duration) {
    let waited = match timer_fd(duration) {
        Ok(fd) => wait_readable(fd).await,
        Err(e) => Err(e),
    };
    if waited.is_err() {
        sleep_in_pieces(duration, since_boot, tokio::time::sleep).await;
    }
}

fn timer_fd(duration: Duration) -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let fd = timerfd_create(TimerfdClockId::Boottime, flags)?;
    // A value of zero would disarm the timer.
    let value = Timespec::try_from(duration.max(Duration::from_nanos(1)))
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let once = Itimerspec {
        it_interval: Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: value,
    };
    timerfd_settime(&fd, TimerfdTimerFlags::empty(), &once)?;
    Ok(fd)
}

/// Returns once a descriptor is readable.
async fn wait_readable(fd: OwnedFd) -> io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "tokio leaves it to us that the descriptor stays the same"
    )]
    // SAFETY: an `OwnedFd` is one open descriptor for as long as it lives, and it moves in here.
    let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
    fd.readable().await?.retain_ready();
    Ok(())
}

/// Returns once the process has ended, without polling; at once if it has ended already.
///
/// # Errors
/// EMFILE if few descriptors are left; else as `pidfd_open(2)` fails.
pub async fn wait_exit(key: ProcessKey) -> io::Result<()> {
    let raw = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw else { return Ok(()) };
    let fd = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    if open_files::is_near_limit(&fd) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    // The pid may have been reused before the pidfd was opened.
    match stat(key.pid)? {
        Some(now) if now.start == key.start && !now.zombie => {}
        _ => return Ok(()),
    }
    wait_readable(fd).await
}
