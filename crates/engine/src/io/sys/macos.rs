//! macOS: libproc, sysctl, kqueue. Type-checked on Linux, not yet run on a Mac.
#![expect(
    unsafe_code,
    reason = "libproc and sysctl have no safe face that covers these calls"
)]

use super::Stat;
use rustix::event::kqueue::{self, Event, EventFilter, EventFlags, ProcessEvents};
use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};
use std::ffi::{CStr, OsString, c_int, c_void};
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use trusty_fleet::identity::{Machine, ProcessKey, StartTime};

/// `sys/proc_info.h`; the kernel tells it of processes of other users, too.
const PROC_PIDT_SHORTBSDINFO: c_int = 13;
/// `sys/proc.h`
const SSTOP: u32 = 4;
/// `sys/proc.h`
const SZOMB: u32 = 5;

/// `struct proc_bsdshortinfo` of `sys/proc_info.h`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ShortInfo {
    pid: u32,
    ppid: u32,
    pgid: u32,
    status: u32,
    comm: [u8; 16],
    flags: u32,
    uid: u32,
    gid: u32,
    ruid: u32,
    rgid: u32,
    svuid: u32,
    svgid: u32,
    rfu: u32,
}

/// Time since boot; this clock of macOS goes on through sleep.
pub fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// The machine as seen from here.
pub fn machine() -> io::Result<Machine> {
    let bytes = sysctl_by_name(c"kern.bootsessionuuid")?;
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    Ok(Machine {
        boot: String::from_utf8_lossy(text).into_owned(),
        uid: rustix::process::getuid().as_raw(),
        pid_namespace: None,
    })
}

/// Where programs keep their data when nothing else is said.
pub fn data_home(home: &Path) -> PathBuf {
    home.join("Library/Application Support")
}

/// All pids.
pub fn pids() -> io::Result<Vec<u32>> {
    // SAFETY: a null buffer of no size only asks for the number of pids.
    let count = unsafe { libc::proc_listallpids(ptr::null_mut(), 0) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // Room for those that start between the two calls.
    let mut pids: Vec<libc::pid_t> = vec![0; count + 64];
    let size = c_int::try_from(pids.len() * size_of::<libc::pid_t>()).unwrap_or(c_int::MAX);
    // SAFETY: the buffer is as large as told, and any bytes are valid pids.
    let filled = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), size) };
    pids.truncate(usize::try_from(filled).map_err(|_| io::Error::last_os_error())?);
    Ok(pids
        .into_iter()
        .filter_map(|pid| u32::try_from(pid).ok())
        .collect())
}

/// What the kernel tells of a process; `None` where there is none. Of other users' processes it
/// tells no start time and no terminal.
pub fn stat(pid: u32) -> io::Result<Option<Stat>> {
    match info::<libc::proc_bsdinfo>(pid, libc::PROC_PIDTBSDINFO) {
        Ok(info) => Ok(Some(Stat {
            start: StartTime(
                info.pbi_start_tvsec
                    .saturating_mul(1_000_000)
                    .saturating_add(info.pbi_start_tvusec),
            ),
            parent: info.pbi_ppid,
            uid: info.pbi_uid,
            stopped: info.pbi_status == SSTOP,
            zombie: info.pbi_status == SZOMB,
            terminal: if info.e_tdev == u32::MAX {
                0
            } else {
                u64::from(info.e_tdev)
            },
        })),
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => foreign(pid),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(e) => Err(e),
    }
}

fn foreign(pid: u32) -> io::Result<Option<Stat>> {
    match info::<ShortInfo>(pid, PROC_PIDT_SHORTBSDINFO) {
        Ok(info) => Ok(Some(Stat {
            start: StartTime(0),
            parent: info.ppid,
            uid: info.uid,
            stopped: info.status == SSTOP,
            zombie: info.status == SZOMB,
            terminal: 0,
        })),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(e) => Err(e),
    }
}

/// One of the plain structures that `proc_pidinfo` fills.
trait Plain: Copy {}
impl Plain for libc::proc_bsdinfo {}
impl Plain for ShortInfo {}

fn info<T: Plain>(pid: u32, flavor: c_int) -> io::Result<T> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let size = c_int::try_from(size_of::<T>()).unwrap_or(c_int::MAX);
    let mut info = MaybeUninit::<T>::zeroed();
    // SAFETY: the buffer is as large as told.
    let filled = unsafe { libc::proc_pidinfo(pid, flavor, 0, info.as_mut_ptr().cast(), size) };
    if filled < size {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled whole, and any bytes are a valid value of a plain structure.
    Ok(unsafe { info.assume_init() })
}

/// When a process started, by the wall clock.
pub fn wall_start(start: StartTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(start.0)
}

/// The path of a terminal device, from its number.
pub fn control_terminal(device: u64) -> Option<String> {
    let device = libc::dev_t::try_from(device).ok().filter(|d| *d != 0)?;
    let mut name = [0; 64];
    let size = c_int::try_from(name.len()).ok()?;
    // SAFETY: the buffer is as large as told, and the name is written with its end.
    let found = unsafe { devname_r(device, libc::S_IFCHR, name.as_mut_ptr(), size) };
    if found.is_null() {
        return None;
    }
    // SAFETY: it was found, so the buffer holds a name with its end.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Some(format!("/dev/{}", name.to_string_lossy()))
}

unsafe extern "C" {
    /// `stdlib.h`
    fn devname_r(
        device: libc::dev_t,
        kind: libc::mode_t,
        buffer: *mut libc::c_char,
        size: c_int,
    ) -> *mut libc::c_char;
}

/// The environment a process was started with; only of the own user's processes.
pub fn environment(pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let bytes = sysctl(&mut [libc::CTL_KERN, libc::KERN_PROCARGS2, pid])?;
    Ok(parse_arguments(&bytes).unwrap_or_default())
}

/// `KERN_PROCARGS2`: the number of arguments, the path of the executable, padding, the
/// arguments, the environment; each but the number ends with a NUL.
fn parse_arguments(bytes: &[u8]) -> Option<Vec<(OsString, OsString)>> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_ne_bytes(*count)).ok()?;
    let path_end = rest.iter().position(|b| *b == 0)?;
    let padding = rest.get(path_end..)?.iter().position(|b| *b != 0)?;
    let words = rest.get(path_end + padding..)?.split(|b| *b == 0);
    let pairs = words
        .skip(count)
        .take_while(|w| !w.is_empty())
        .filter_map(|pair| {
            let at = pair.iter().position(|b| *b == b'=')?;
            let (name, value) = pair.split_at(at);
            Some((
                OsString::from_vec(name.to_vec()),
                OsString::from_vec(value[1..].to_vec()),
            ))
        });
    Some(pairs.collect())
}

fn sysctl(name: &mut [c_int]) -> io::Result<Vec<u8>> {
    let parts = u32::try_from(name.len()).unwrap_or(0);
    read_twice(|buffer, size| {
        // SAFETY: `size` tells how large the buffer is, or the buffer is null to ask for that.
        unsafe { libc::sysctl(name.as_mut_ptr(), parts, buffer, size, ptr::null_mut(), 0) }
    })
}

fn sysctl_by_name(name: &CStr) -> io::Result<Vec<u8>> {
    read_twice(|buffer, size| {
        // SAFETY: `size` tells how large the buffer is, or the buffer is null to ask for that.
        unsafe { libc::sysctlbyname(name.as_ptr(), buffer, size, ptr::null_mut(), 0) }
    })
}

/// Asks for the size, then for the bytes.
fn read_twice(mut call: impl FnMut(*mut c_void, *mut usize) -> c_int) -> io::Result<Vec<u8>> {
    let mut size = 0;
    if call(ptr::null_mut(), &raw mut size) != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut bytes = vec![0; size];
    if call(bytes.as_mut_ptr().cast(), &raw mut size) != 0 {
        return Err(io::Error::last_os_error());
    }
    bytes.truncate(size);
    Ok(bytes)
}

/// macOS cannot freeze groups of processes.
pub fn is_frozen(_pid: u32) -> bool {
    false
}

/// Returns once the process has ended, without polling. At once if it already has.
pub async fn exited(key: ProcessKey) -> io::Result<()> {
    let Some(queue) = exit_queue(key)? else {
        return Ok(());
    };
    // The pid may have been reused before the filter was set.
    match stat(key.pid)? {
        Some(now) if now.start == key.start && !now.zombie => {}
        _ => return Ok(()),
    }
    // SAFETY: an `OwnedFd` is one open descriptor for as long as it lives, and it moves in here.
    let queue = unsafe { AsyncFd::register_with_interest(queue, Interest::READABLE) }?;
    queue.readable().await?.retain_ready();
    Ok(())
}

/// A queue that becomes readable when the process ends; `None` if it already has.
fn exit_queue(key: ProcessKey) -> io::Result<Option<OwnedFd>> {
    let raw = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw else { return Ok(None) };
    let queue = kqueue::kqueue()?;
    let filter = EventFilter::Proc {
        pid,
        flags: ProcessEvents::EXIT,
    };
    let change = Event::new(
        filter,
        EventFlags::ADD | EventFlags::ONESHOT,
        ptr::null_mut(),
    );
    let mut none: [Event; 0] = [];
    // SAFETY: the filter names a process, no descriptor that could be closed meanwhile.
    match unsafe { kqueue::kevent(&queue, &[change], &mut none[..], Some(Duration::ZERO)) } {
        Ok(_) => Ok(Some(queue)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
