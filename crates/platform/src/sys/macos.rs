//! The system calls of macOS: libproc, sysctl, kqueue. Type-checked on Linux, not yet run on a Mac.

#![expect(
    unsafe_code,
    reason = "libproc, sysctl and devname_r have no safe face that covers these calls"
)]

pub mod cgroup;
mod user_folder;

pub use user_folder::user_folder;

use crate::darwin::bsdinfo::{self, MachTimebase};
use crate::darwin::{paths, procargs};
use crate::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};
use crate::wall_clock;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{CStr, OsString, c_int, c_void};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::ptr;
use std::time::{Duration, UNIX_EPOCH};
use trusty_fleet::System;
use trusty_fleet::identity::{MachineIdentity, ProcessKey, StartTime};

/// Makes `proc_pidinfo` report zombies, too, instead of ESRCH.
const INCLUDE_ZOMBIES_ARG: u64 = 1;
/// How much a value may grow between the call for its size and the call that reads it.
const SYSCTL_SLACK_BYTES: usize = 4096;
/// xnu's `ARG_MAX` and the number of arguments before it; `KERN_PROCARGS2` refuses a larger buffer.
const MAX_PROCARGS_BYTES: usize = 1024 * 1024 + 4;

/// The system that this program was built for.
pub const CURRENT_SYSTEM: System = System::Mac;
/// The program that runs the scripts that raise terminals.
pub const SCRIPT_RUNNER: Option<&str> = Some("/usr/bin/osascript");

/// The time since boot, including sleep (`mach_continuous_time`). `CLOCK_MONOTONIC` is the wall
/// clock minus the time of the boot on macOS: NTP bends it, and it may jump when the machine wakes.
pub fn since_boot() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is valid for writing. The call cannot fail for a clock that exists.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC_RAW, &raw mut time);
    }
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
    match bsd_info(pid) {
        Ok(bytes) => Ok(bsdinfo::decode_bsd_info(&bytes, session(pid))),
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => match short_info(pid) {
            Ok(bytes) => Ok(bsdinfo::decode_short_info(&bytes, session(pid))),
            Err(e) if is_gone(&e) => Ok(None),
            Err(e) => Err(e),
        },
        Err(e) if is_gone(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

fn is_gone(e: &io::Error) -> bool {
    e.raw_os_error() == Some(libc::ESRCH)
}

fn bsd_info(pid: u32) -> io::Result<[u8; bsdinfo::BSD_INFO_BYTES]> {
    let flavor = libc::PROC_PIDTBSDINFO;
    pid_info(pid, flavor, INCLUDE_ZOMBIES_ARG)
}

fn short_info(pid: u32) -> io::Result<[u8; bsdinfo::SHORT_INFO_BYTES]> {
    pid_info(pid, libc::PROC_PIDT_SHORTBSDINFO, INCLUDE_ZOMBIES_ARG)
}

/// The session id of a process; 0 if the system does not report it.
fn session(pid: u32) -> u32 {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let told = raw.and_then(|pid| rustix::process::getsid(Some(pid)).ok());
    told.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}

/// The structure of `N` bytes that `proc_pidinfo` fills for a flavor.
fn pid_info<const N: usize>(pid: u32, flavor: c_int, argument: u64) -> io::Result<[u8; N]> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let size = c_int::try_from(N).unwrap_or(c_int::MAX);
    let mut bytes = [0; N];
    // SAFETY: the buffer is valid for writing and as large as `size` says.
    let filled =
        unsafe { libc::proc_pidinfo(pid, flavor, argument, bytes.as_mut_ptr().cast(), size) };
    if filled < size {
        return Err(io::Error::last_os_error());
    }
    Ok(bytes)
}

/// The program that a process runs, as far as it may be read, without `exec_target`; `None` if there
/// is no such process.
pub fn program(pid: u32) -> Option<ProcessProgram> {
    let name = match bsd_info(pid) {
        Ok(bytes) => bsdinfo::decode_name(&bytes),
        Err(e) if is_gone(&e) => return None,
        Err(_) => bsdinfo::decode_short_name(&short_info(pid).ok()?),
    };
    let real_path = executable_path(pid).ok();
    let words = start_words(pid).unwrap_or_default();
    Some(ProcessProgram {
        name: name.unwrap_or_default(),
        real_path,
        exec_path: words.exec_path,
        exec_target: None,
        argv: words.argv,
    })
}

/// The path of the file that a process executes, links resolved. The kernel answers for processes of
/// all users.
///
/// # Errors
/// As `proc_pidpath` fails: there is no such process, or its file was removed.
pub fn executable_path(pid: u32) -> io::Result<PathBuf> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    let mut buffer = vec![0_u8; usize::try_from(libc::PROC_PIDPATHINFO_MAXSIZE).unwrap_or(4096)];
    let size = u32::try_from(buffer.len()).unwrap_or(0);
    // SAFETY: the buffer is valid for writing and as large as `size` says.
    let length = unsafe { libc::proc_pidpath(pid, buffer.as_mut_ptr().cast(), size) };
    if length <= 0 {
        return Err(io::Error::last_os_error());
    }
    buffer.truncate(usize::try_from(length).unwrap_or(0));
    paths::decode_executable_path(&buffer).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The current folder of a process of this user.
pub fn current_folder(pid: u32) -> Option<PathBuf> {
    let flavor = libc::PROC_PIDVNODEPATHINFO;
    let bytes: [u8; paths::FOLDERS_INFO_BYTES] = pid_info(pid, flavor, 0).ok()?;
    paths::decode_current_folder(&bytes)
}

/// What a process of this user uses; `None` if it has ended.
pub fn usage(pid: u32) -> Option<ProcessUsage> {
    let bytes: [u8; bsdinfo::TASK_INFO_BYTES] = pid_info(pid, libc::PROC_PIDTASKINFO, 0).ok()?;
    bsdinfo::decode_task_info(&bytes, timebase())
}

fn timebase() -> MachTimebase {
    let mut base = RawTimebase { numer: 1, denom: 1 };
    // SAFETY: the pointer is valid for writing. If the call fails, the values stay.
    unsafe {
        mach_timebase_info(&raw mut base);
    }
    MachTimebase {
        numerator: base.numer,
        denominator: base.denom,
    }
}

/// `struct mach_timebase_info` of `mach/mach_time.h`.
#[repr(C)]
struct RawTimebase {
    numer: u32,
    denom: u32,
}

/// When a process started, as the time since boot; the kernel stores the wall time of the start.
pub fn start_since_boot(start: StartTime) -> Duration {
    let wall = UNIX_EPOCH + Duration::from_micros(start.0);
    let age = wall_clock::wall().duration_since(wall).unwrap_or_default();
    since_boot().saturating_sub(age)
}

/// The path of a terminal device, by its number.
pub fn control_terminal(device: u64) -> Option<String> {
    // The device is a signed number whose bits `e_tdev` shows unsigned.
    let device = u32::try_from(device).ok().filter(|d| *d != 0)?;
    let device = libc::dev_t::from_ne_bytes(device.to_ne_bytes());
    let mut name = [0_u8; 64];
    let size = c_int::try_from(name.len()).ok()?;
    // SAFETY: the buffer is valid for writing and as large as `size` says.
    let found = unsafe { devname_r(device, libc::S_IFCHR, name.as_mut_ptr().cast(), size) };
    if found.is_null() {
        return None;
    }
    paths::decode_terminal_name(&name)
}

unsafe extern "C" {
    /// Declared in `stdlib.h`; the libc crate has only `devname`, which is not thread-safe.
    fn devname_r(
        device: libc::dev_t,
        kind: libc::mode_t,
        buffer: *mut libc::c_char,
        size: c_int,
    ) -> *mut libc::c_char;
    /// Declared in `mach/mach_time.h`; deprecated in the libc crate.
    fn mach_timebase_info(info: *mut RawTimebase) -> c_int;
}

/// The environment that a process of this user was started with; empty for a program that code
/// signing restricts, such as all of `/bin`.
///
/// # Errors
/// As sysctl(3) fails: the process has ended, or may not be read.
pub fn environment(pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
    Ok(start_words(pid)?.environment)
}

/// The arguments that a process was started with, the program's name first, without empty ones.
///
/// # Errors
/// As sysctl(3) fails: the process has ended, or may not be read.
pub fn arguments(pid: u32) -> io::Result<Vec<String>> {
    Ok(start_words(pid)?.argv)
}

fn start_words(pid: u32) -> io::Result<procargs::StartWords> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let bytes = sysctl(
        &mut [libc::CTL_KERN, libc::KERN_PROCARGS2, pid],
        MAX_PROCARGS_BYTES,
    )?;
    procargs::decode_start_words(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn sysctl(name: &mut [c_int], max_bytes: usize) -> io::Result<Vec<u8>> {
    let parts = u32::try_from(name.len()).unwrap_or(0);
    read_twice(max_bytes, |buffer, size| {
        // SAFETY: `parts` is the length of the name, and `size` that of the buffer; a null buffer
        // only asks for the size.
        unsafe { libc::sysctl(name.as_mut_ptr(), parts, buffer, size, ptr::null_mut(), 0) }
    })
}

fn sysctl_by_name(name: &CStr) -> io::Result<Vec<u8>> {
    read_twice(usize::MAX, |buffer, size| {
        // SAFETY: the name ends with a NUL, and `size` is the length of the buffer; a null buffer
        // only asks for the size.
        unsafe { libc::sysctlbyname(name.as_ptr(), buffer, size, ptr::null_mut(), 0) }
    })
}

/// Calls once for the size and once for the bytes, of which the kernel takes a buffer of at most
/// `max_bytes`.
fn read_twice(
    max_bytes: usize,
    mut call: impl FnMut(*mut c_void, *mut usize) -> c_int,
) -> io::Result<Vec<u8>> {
    let mut size = 0;
    if call(ptr::null_mut(), &raw mut size) != 0 {
        return Err(io::Error::last_os_error());
    }
    size = size.saturating_add(SYSCTL_SLACK_BYTES).min(max_bytes);
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

/// The layout that `darwin/bsdinfo.rs` and `darwin/paths.rs` read, against the structures of the libc
/// crate, which follow xnu's `proc_info.h`.
mod layout {
    use crate::darwin::bsdinfo::{
        BSD_INFO_BYTES, SHORT_INFO_BYTES, TASK_INFO_BYTES, offsets as at,
    };
    use crate::darwin::paths::{CURRENT_FOLDER_OFFSET, FOLDERS_INFO_BYTES, MAX_PATH_BYTES};
    use libc::{
        proc_bsdinfo, proc_bsdshortinfo, proc_taskinfo, proc_vnodepathinfo, vnode_info_path,
    };
    use std::mem::{offset_of, size_of};

    const _: () = assert!(size_of::<proc_bsdinfo>() == BSD_INFO_BYTES && BSD_INFO_BYTES == 136);
    const _: () = assert!(
        offset_of!(proc_bsdinfo, pbi_flags) == at::PROCESS_FLAGS
            && offset_of!(proc_bsdinfo, pbi_status) == at::PROCESS_STATUS
            && offset_of!(proc_bsdinfo, pbi_xstatus) == at::STOP_SIGNAL
            && offset_of!(proc_bsdinfo, pbi_ppid) == at::PARENT_PID
            && offset_of!(proc_bsdinfo, pbi_uid) == at::USER_ID
            && offset_of!(proc_bsdinfo, pbi_comm) == at::SHORT_NAME
            && offset_of!(proc_bsdinfo, pbi_name) == at::LONG_NAME
            && offset_of!(proc_bsdinfo, pbi_pgid) == at::GROUP_ID
            && offset_of!(proc_bsdinfo, e_tdev) == at::TERMINAL_DEVICE
            && offset_of!(proc_bsdinfo, e_tpgid) == at::FOREGROUND_GROUP
            && offset_of!(proc_bsdinfo, pbi_start_tvsec) == at::START_SECONDS
            && offset_of!(proc_bsdinfo, pbi_start_tvusec) == at::START_MICROS
    );
    const _: () = assert!(size_of::<proc_bsdshortinfo>() == SHORT_INFO_BYTES);
    const _: () = assert!(
        offset_of!(proc_bsdshortinfo, pbsi_ppid) == at::SHORT_PARENT_PID
            && offset_of!(proc_bsdshortinfo, pbsi_pgid) == at::SHORT_GROUP_ID
            && offset_of!(proc_bsdshortinfo, pbsi_status) == at::SHORT_STATUS
            && offset_of!(proc_bsdshortinfo, pbsi_comm) == at::SHORT_COMM
            && offset_of!(proc_bsdshortinfo, pbsi_flags) == at::SHORT_FLAGS
            && offset_of!(proc_bsdshortinfo, pbsi_uid) == at::SHORT_USER_ID
    );
    const _: () = assert!(size_of::<proc_taskinfo>() == TASK_INFO_BYTES);
    const _: () = assert!(
        offset_of!(proc_taskinfo, pti_resident_size) == at::RESIDENT_BYTES
            && offset_of!(proc_taskinfo, pti_total_user) == at::USER_TIME
            && offset_of!(proc_taskinfo, pti_total_system) == at::SYSTEM_TIME
    );
    const _: () = assert!(size_of::<proc_vnodepathinfo>() == FOLDERS_INFO_BYTES);
    const _: () = assert!(
        offset_of!(proc_vnodepathinfo, pvi_cdir) == 0
            && offset_of!(vnode_info_path, vip_path) == CURRENT_FOLDER_OFFSET
            && size_of::<vnode_info_path>() == CURRENT_FOLDER_OFFSET + MAX_PATH_BYTES
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_has_no_name() {
        assert_eq!(control_terminal(0), None);
        assert_eq!(control_terminal(u64::MAX), None);
    }
}
