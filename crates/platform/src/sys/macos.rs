//! The system calls of macOS: libproc, sysctl, kqueue. Type-checked on Linux, not yet run on a Mac.

#![expect(
    unsafe_code,
    reason = "libproc, sysctl and devname_r have no safe face that covers these calls"
)]

pub mod cgroup;
mod user_folder;

pub use user_folder::user_folder;

use super::ProcessStat;
use crate::wall_clock;
use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::{CStr, OsString, c_int, c_void};
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::{Duration, UNIX_EPOCH};
use trusty_fleet::System;
use trusty_fleet::identity::{MachineIdentity, ProcessKey, StartTime};

/// `sys/proc_info.h`: the process is under a debugger.
const PROC_FLAG_TRACED: u32 = 2;
/// Makes `proc_pidinfo` report zombies, too, instead of ESRCH.
const INCLUDE_ZOMBIES_ARG: u64 = 1;
/// How much a value may grow between the call for its size and the call that reads it.
const SYSCTL_SLACK_BYTES: usize = 4096;

/// The system that this program was built for.
pub const CURRENT_SYSTEM: System = System::Mac;
/// The program that opens a file with the user's program for its type.
pub const FILE_OPENER: &str = "/usr/bin/open";
/// The program that runs the scripts that raise terminals.
pub const SCRIPT_RUNNER: Option<&str> = Some("/usr/bin/osascript");

/// The time since boot, including sleep: the monotonic clock of macOS does not stop.
pub fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Ignores SIGHUP, so that this process outlives its terminal.
pub fn ignore_hangup() {
    // SAFETY: the call takes two numbers, and ignoring a signal runs no code of ours.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
    }
}

/// The identity of the machine and its boot.
///
/// # Errors
/// As sysctl(3) fails.
pub fn machine() -> io::Result<MachineIdentity> {
    let bytes = sysctl_by_name(c"kern.bootsessionuuid")?;
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    Ok(MachineIdentity {
        boot: String::from_utf8_lossy(text).into_owned(),
        uid: rustix::process::getuid().as_raw(),
        host: None,
        pid_namespace: None,
    })
}

/// The uid of the peer of a connection.
///
/// # Errors
/// As getpeereid(3) fails.
pub fn peer_uid(socket: impl AsFd) -> io::Result<u32> {
    let (mut uid, mut gid) = (0, 0);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open while `socket` is borrowed; both pointers are valid for
    // writing.
    match unsafe { libc::getpeereid(fd, &raw mut uid, &raw mut gid) } {
        0 => Ok(uid),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Always fails with `Unsupported`: macOS has no abstract sockets.
///
/// # Errors
/// Always `Unsupported`.
pub fn connect_abstract(_name: &[u8]) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// All pids.
///
/// # Errors
/// libproc reports no processes.
pub fn pids() -> io::Result<Vec<u32>> {
    // SAFETY: a null buffer of size 0 only asks for the number of pids.
    let count = listed(unsafe { libc::proc_listallpids(ptr::null_mut(), 0) })?;
    // Room for processes that start between the two calls.
    let mut pids: Vec<libc::pid_t> = vec![0; count + 64];
    let size = c_int::try_from(pids.len() * size_of::<libc::pid_t>()).unwrap_or(c_int::MAX);
    // SAFETY: the buffer has at least `size` bytes, and any bytes are valid pids.
    let count = listed(unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), size) })?;
    pids.truncate(count);
    Ok(pids
        .into_iter()
        .filter_map(|pid| u32::try_from(pid).ok())
        .collect())
}

/// libproc reports a failure by a count of 0 or less.
fn listed(count: c_int) -> io::Result<usize> {
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What the kernel reports about a process; `None` if there is no such process. For processes of
/// other users, the start time and the terminal are missing (0).
///
/// # Errors
/// libproc fails for any other reason than a missing process.
pub fn stat(pid: u32) -> io::Result<Option<ProcessStat>> {
    match info::<libc::proc_bsdinfo>(pid) {
        Ok(info) => Ok(Some(ProcessStat {
            start: StartTime(
                info.pbi_start_tvsec
                    .saturating_mul(1_000_000)
                    .saturating_add(info.pbi_start_tvusec),
            ),
            parent: info.pbi_ppid,
            group: info.pbi_pgid,
            session: session(pid),
            foreground: info.e_tpgid,
            uid: info.pbi_uid,
            stopped: is_stopped(info.pbi_status, info.pbi_flags).then_some(info.pbi_xstatus),
            zombie: info.pbi_status == libc::SZOMB,
            // `NODEV` is -1.
            terminal: Some(info.e_tdev)
                .filter(|device| *device != u32::MAX)
                .map_or(0, u64::from),
        })),
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => foreign(pid),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The session id of a process; 0 if the system does not report it.
fn session(pid: u32) -> u32 {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let told = raw.and_then(|pid| rustix::process::getsid(Some(pid)).ok());
    told.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}

fn foreign(pid: u32) -> io::Result<Option<ProcessStat>> {
    match info::<libc::proc_bsdshortinfo>(pid) {
        Ok(info) => Ok(Some(ProcessStat {
            start: StartTime(0),
            parent: info.pbsi_ppid,
            group: info.pbsi_pgid,
            session: session(pid),
            foreground: 0,
            uid: info.pbsi_uid,
            stopped: is_stopped(info.pbsi_status, info.pbsi_flags).then_some(0),
            zombie: info.pbsi_status == libc::SZOMB,
            terminal: 0,
        })),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(e) => Err(e),
    }
}

fn is_stopped(status: u32, flags: u32) -> bool {
    status == libc::SSTOP && flags & PROC_FLAG_TRACED == 0
}

/// A structure that `proc_pidinfo` fills.
///
/// # Safety
///
/// The flavor must be the one that fills this structure, and any bytes must be a valid value of it.
unsafe trait PidInfo: Copy {
    const PID_INFO_FLAVOR: c_int;
}

// SAFETY: `PROC_PIDTBSDINFO` fills this structure, which consists of integers only.
unsafe impl PidInfo for libc::proc_bsdinfo {
    const PID_INFO_FLAVOR: c_int = libc::PROC_PIDTBSDINFO;
}

// SAFETY: `PROC_PIDT_SHORTBSDINFO` fills this structure, which consists of integers only.
unsafe impl PidInfo for libc::proc_bsdshortinfo {
    const PID_INFO_FLAVOR: c_int = libc::PROC_PIDT_SHORTBSDINFO;
}

fn info<T: PidInfo>(pid: u32) -> io::Result<T> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let size = c_int::try_from(size_of::<T>()).unwrap_or(c_int::MAX);
    let mut info = MaybeUninit::<T>::zeroed();
    let buffer = info.as_mut_ptr().cast();
    // SAFETY: the buffer is valid for writing and as large as `size` says.
    let filled =
        unsafe { libc::proc_pidinfo(pid, T::PID_INFO_FLAVOR, INCLUDE_ZOMBIES_ARG, buffer, size) };
    if filled < size {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `PidInfo` guarantees that any bytes are a valid value, and all are initialised.
    Ok(unsafe { info.assume_init() })
}

/// When a process started, as the time since boot; the kernel stores the wall time of the start.
pub fn start_since_boot(start: StartTime) -> Duration {
    let wall = UNIX_EPOCH + Duration::from_micros(start.0);
    let age = wall_clock::wall().duration_since(wall).unwrap_or_default();
    since_boot().saturating_sub(age)
}

/// The path of a terminal device, by its number.
pub fn control_terminal(device: u64) -> Option<String> {
    let device = libc::dev_t::try_from(device).ok().filter(|d| *d != 0)?;
    let mut name = [0_u8; 64];
    let size = c_int::try_from(name.len()).ok()?;
    // SAFETY: the buffer is valid for writing and as large as `size` says.
    let found = unsafe { devname_r(device, libc::S_IFCHR, name.as_mut_ptr().cast(), size) };
    if found.is_null() {
        return None;
    }
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_str().ok()?;
    // `devname_r` names an unknown device `#C:4/0x3`.
    name.starts_with("tty").then(|| format!("/dev/{name}"))
}

unsafe extern "C" {
    /// Declared in `stdlib.h`; the libc crate has only `devname`, which is not thread-safe.
    fn devname_r(
        device: libc::dev_t,
        kind: libc::mode_t,
        buffer: *mut libc::c_char,
        size: c_int,
    ) -> *mut libc::c_char;
}

/// The environment that a process of this user was started with.
///
/// # Errors
/// As sysctl(3) fails: the process has ended, or may not be read.
pub fn environment(pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let bytes = sysctl(&mut [libc::CTL_KERN, libc::KERN_PROCARGS2, pid])?;
    Ok(parse_arguments(&bytes).unwrap_or_default().environment)
}

/// The arguments that a process was started with, the program's name first, without empty ones.
///
/// # Errors
/// As sysctl(3) fails: the process has ended, or may not be read.
pub fn arguments(pid: u32) -> io::Result<Vec<String>> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let bytes = sysctl(&mut [libc::CTL_KERN, libc::KERN_PROCARGS2, pid])?;
    Ok(parse_arguments(&bytes).unwrap_or_default().arguments)
}

/// The arguments and the environment that a process was started with.
#[derive(Debug, Default, PartialEq, Eq)]
struct StartWords {
    arguments: Vec<String>,
    environment: Vec<(OsString, OsString)>,
}

/// `KERN_PROCARGS2`: the number of arguments, the path of the executable, padding, the arguments,
/// the environment; each but the number ends with a NUL.
fn parse_arguments(bytes: &[u8]) -> Option<StartWords> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_ne_bytes(*count)).ok()?;
    let path_end = rest.iter().position(|b| *b == 0)?;
    let padding = rest.get(path_end..)?.iter().position(|b| *b != 0)?;
    let mut words = rest.get(path_end + padding..)?.split(|b| *b == 0);
    let arguments = words.by_ref().take(count).filter(|word| !word.is_empty());
    let arguments = arguments.map(|word| String::from_utf8_lossy(word).into_owned());
    let arguments = arguments.collect();
    let pairs = words.take_while(|w| !w.is_empty()).filter_map(|pair| {
        let at = pair.iter().position(|b| *b == b'=')?;
        let (name, value) = pair.split_at(at);
        Some((
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(value[1..].to_vec()),
        ))
    });
    Some(StartWords {
        arguments,
        environment: pairs.collect(),
    })
}

fn sysctl(name: &mut [c_int]) -> io::Result<Vec<u8>> {
    let parts = u32::try_from(name.len()).unwrap_or(0);
    read_twice(|buffer, size| {
        // SAFETY: `parts` is the length of the name, and `size` that of the buffer; a null buffer
        // only asks for the size.
        unsafe { libc::sysctl(name.as_mut_ptr(), parts, buffer, size, ptr::null_mut(), 0) }
    })
}

fn sysctl_by_name(name: &CStr) -> io::Result<Vec<u8>> {
    read_twice(|buffer, size| {
        // SAFETY: the name ends with a NUL, and `size` is the length of the buffer; a null buffer
        // only asks for the size.
        unsafe { libc::sysctlbyname(name.as_ptr(), buffer, size, ptr::null_mut(), 0) }
    })
}

/// Calls once for the size and once for the bytes.
fn read_twice(mut call: impl FnMut(*mut c_void, *mut usize) -> c_int) -> io::Result<Vec<u8>> {
    let mut size = 0;
    if call(ptr::null_mut(), &raw mut size) != 0 {
        return Err(io::Error::last_os_error());
    }
    size += SYSCTL_SLACK_BYTES;
    let mut bytes = vec![0; size];
    if call(bytes.as_mut_ptr().cast(), &raw mut size) != 0 {
        return Err(io::Error::last_os_error());
    }
    // A process that executes another program meanwhile may need more room than that; its value
    // would be cut off.
    if size >= bytes.len() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    bytes.truncate(size);
    Ok(bytes)
}

/// Always false: macOS cannot freeze groups of processes.
pub fn is_frozen(_pid: u32) -> bool {
    false
}

/// Sends a signal, unless the process has ended; returns whether it was sent. Between the check and
/// the signal, the pid may be reused by another process, which macOS offers no means to prevent.
///
/// # Errors
/// As kill(2) fails, or the process cannot be read.
pub fn signal(key: ProcessKey, signal: Signal) -> io::Result<bool> {
    let raw = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw else { return Ok(false) };
    match stat(key.pid)? {
        Some(now) if now.start == key.start && !now.zombie => {}
        _ => return Ok(false),
    }
    match kill_process(pid, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_follows_the_arguments() {
        let head = [&2_u32.to_ne_bytes()[..], b"/bin/x\0\0\0"].concat();
        let parsed = |rest: &[u8]| parse_arguments(&[&head, rest].concat());
        let pairs = |rest: &[u8]| Some(parsed(rest)?.environment);
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));

        let whole = pairs(b"x\0\0HOME=/Users/dev\0odd\0A=b=c\0\0executable_path=/bin/x\0\0");
        let expected = vec![pair("HOME", "/Users/dev"), pair("A", "b=c")];
        assert_eq!(whole, Some(expected));
        let arguments = parsed(b"x\0\0HOME=/Users/dev\0").map(|words| words.arguments);
        assert_eq!(
            arguments,
            Some(vec!["x".to_owned()]),
            "without the empty word"
        );
        assert_eq!(pairs(b"x\0-y\0"), Some(Vec::new()));
        assert_eq!(pairs(b"x\0-y\0A=cut"), Some(vec![pair("A", "cut")]));
        for broken in [
            &b""[..],
            b"\x01\0",
            b"\x01\0\0\0/bin/x",
            b"\x01\0\0\0/bin/x\0\0",
        ] {
            assert_eq!(parse_arguments(broken), None);
        }
    }

    #[test]
    fn a_debugger_stops_nothing() {
        assert!(is_stopped(libc::SSTOP, 0));
        assert!(!is_stopped(libc::SSTOP, PROC_FLAG_TRACED));
        assert!(!is_stopped(libc::SRUN, 0));
    }

    #[test]
    fn no_terminal_has_no_name() {
        assert_eq!(control_terminal(0), None);
        assert_eq!(control_terminal(u64::MAX), None);
    }
}
