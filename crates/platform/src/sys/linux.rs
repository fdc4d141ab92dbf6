//! The system calls of Linux: `/proc`, pidfds, cgroups.

pub mod cgroup;

use super::FreezerState;
use crate::process_stat::{ProcessProgram, ProcessStat, ProcessUsage};
use rustix::fs::MetadataExt;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use trusty_fleet::System;
use trusty_fleet::identity::{MachineIdentity, ProcessKey, StartTime};

/// The kernel's clock tick in user space is 1/100 s on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;
/// How much of a process's arguments is read: as much as one argument may hold.
const MAX_ARGUMENT_BYTES: u64 = 128 * 1024;
/// How much of a process's environment is read, in bytes.
const MAX_ENVIRONMENT_BYTES: u64 = 256 * 1024;

/// The system that this program was built for.
pub const CURRENT_SYSTEM: System = System::Linux;
/// The program that runs the scripts that raise terminals; none on Linux.
pub const SCRIPT_RUNNER: Option<&str> = None;

/// The time since boot, including sleep.
pub fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Ignores SIGHUP, so that this process outlives its terminal.
pub fn ignore_hangup() {
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: the call takes two numbers, and ignoring a signal runs no code of ours.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
    }
}

/// The identity of the machine, its boot and this process's pid namespace.
///
/// # Errors
/// The boot id in `/proc` cannot be read.
pub fn machine() -> io::Result<MachineIdentity> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok();
    let host = fs::read_to_string("/etc/machine-id")
        .ok()
        .map(|id| id.trim().to_owned());
    Ok(MachineIdentity {
        boot: boot.trim().to_owned(),
        uid: rustix::process::getuid().as_raw(),
        host: host.filter(|id| !id.is_empty()),
        pid_namespace: namespace.map(|n| n.to_string_lossy().into_owned()),
    })
}

/// The uid of the peer of a connection.
///
/// # Errors
/// As getsockopt(2) fails.
pub fn peer_uid(socket: impl AsFd) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(socket)?.uid.as_raw())
}

/// Connects to a socket in the abstract namespace. Does not wait for a server that accepts no
/// connections.
///
/// # Errors
/// As connect(2) fails; EAGAIN if the server accepts no connections.
pub fn connect_abstract(name: &[u8]) -> io::Result<UnixStream> {
    let address = rustix::net::SocketAddrUnix::new_abstract_name(name)?;
    let (family, kind) = (
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
    );
    let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, kind, flags, None)?;
    rustix::net::connect(&socket, &address)?;
    Ok(socket.into())
}

/// None: Linux makes no such folder; that of the login is named by `$XDG_RUNTIME_DIR`.
pub fn user_folder() -> Option<PathBuf> {
    None
}

/// All pids that this process can see.
///
/// # Errors
/// `/proc` cannot be read.
pub fn pids() -> io::Result<Vec<u32>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries
        .filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
        .collect())
}

/// What the kernel reports about a process; `None` if there is no such process.
///
/// # Errors
/// `/proc/<pid>/stat` cannot be read or parsed.
pub fn stat(pid: u32) -> io::Result<Option<ProcessStat>> {
    let mut text = Vec::with_capacity(512);
    let uid = match fs::File::open(format!("/proc/{pid}/stat")) {
        Ok(mut file) => match file.read_to_end(&mut text) {
            Ok(_) => file.metadata()?.uid(),
            Err(e) if is_gone(&e) => return Ok(None),
            Err(e) => return Err(e),
        },
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut stat = parse_stat(&text, uid)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid}/stat")))?;
    if stat.stopped == Some(0) {
        stat.stopped = Some(stopped_by(pid));
    }
    Ok(Some(stat))
}

/// The signal that stopped a process whose parent, such as a shell, has noticed the stop: the
/// kernel then forgets the signal.
///
/// A program that suspends itself on Ctrl-Z is still in kill(2), whose arguments name the signal;
/// any other was interrupted elsewhere, and counts as stopped by SIGSTOP. 0 if the process may not
/// be read.
fn stopped_by(pid: u32) -> u32 {
    let told = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let mut words = told.split_ascii_whitespace();
    let Some(Ok(call)) = words.next().map(str::parse::<libc::c_long>) else {
        return 0;
    };
    if call != libc::SYS_kill {
        return libc::SIGSTOP.unsigned_abs();
    }
    let signal = words.nth(1).and_then(|w| w.strip_prefix("0x"));
    signal
        .and_then(|w| u32::from_str_radix(w, 16).ok())
        .unwrap_or(0)
}

fn is_gone(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::NotFound
        || e.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The fields of `/proc/<pid>/stat` from the third on. The name in field 2 may hold any characters,
/// so fields are counted from the last parenthesis.
fn fields_after_name(text: &[u8]) -> Option<Vec<&str>> {
    let end = text.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
    Some(rest.split_ascii_whitespace().collect())
}

fn parse_stat(text: &[u8], uid: u32) -> Option<ProcessStat> {
    let fields = fields_after_name(text)?;
    let state = *fields.first()?;
    let terminal: i64 = fields.get(4)?.parse().ok()?;
    Some(ProcessStat {
        start: StartTime(fields.get(19)?.parse().ok()?),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        // -1 without a terminal.
        foreground: fields.get(5)?.parse().unwrap_or(0),
        uid,
        // Field 52 (`exit_code`); 0 once the parent has noticed the stop.
        stopped: (state == "T").then(|| fields.get(49).and_then(|f| f.parse().ok()).unwrap_or(0)),
        zombie: matches!(state, "Z" | "X" | "x"),
        terminal: u64::try_from(terminal & 0xffff_ffff).ok()?,
    })
}

/// When a process started, as the time since boot.
pub fn start_since_boot(start: StartTime) -> Duration {
    Duration::from_millis(start.0.saturating_mul(1000 / TICKS_PER_SECOND))
}

/// The path of a terminal device, by its number.
pub fn control_terminal(device: u64) -> Option<String> {
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    match (major, minor) {
        (136..=143, _) => Some(format!("/dev/pts/{}", (major - 136) * 256 + minor)),
        (4, 0..=63) => Some(format!("/dev/tty{minor}")),
        (4, _) => Some(format!("/dev/ttyS{}", minor - 64)),
        _ => None,
    }
}

/// The arguments that a process was started with, the program's name first, without empty ones.
///
/// # Errors
/// The process has ended, or its arguments may not be read.
pub fn arguments(pid: u32) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    fs::File::open(format!("/proc/{pid}/cmdline"))?
        .take(MAX_ARGUMENT_BYTES)
        .read_to_end(&mut bytes)?;
    let words = bytes.split(|b| *b == 0).filter(|word| !word.is_empty());
    Ok(words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect())
}

/// The program that a process runs, as far as it may be read, without `exec_target`; `None` if there
/// is no such process.
pub fn program(pid: u32) -> Option<ProcessProgram> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    let link = fs::read_link(format!("/proc/{pid}/exe")).ok();
    Some(ProcessProgram {
        name: String::from_utf8_lossy(name).into_owned(),
        real_path: link.map(without_removal_mark),
        argv: arguments(pid).unwrap_or_default(),
        ..ProcessProgram::default()
    })
}

/// The path of an executable without the suffix that the kernel adds once the file is removed or
/// replaced.
fn without_removal_mark(path: PathBuf) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    match bytes.strip_suffix(b" (deleted)") {
        Some(kept) => PathBuf::from(OsStr::from_bytes(kept)),
        None => path,
    }
}

/// The current folder of a process.
pub fn current_folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// What a process uses; `None` if it has ended.
pub fn usage(pid: u32) -> Option<ProcessUsage> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    parse_usage(&stat, &String::from_utf8_lossy(&status))
}

/// The processor time from `/proc/<pid>/stat`, the resident memory from `/proc/<pid>/status`, which
/// a kernel thread does not have.
fn parse_usage(stat: &[u8], status: &str) -> Option<ProcessUsage> {
    let fields = fields_after_name(stat)?;
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let cpu_ticks = ticks(11)?.saturating_add(ticks(12)?);
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|words| words.split_ascii_whitespace().next());
    let kilobytes: u64 = kilobytes.map_or(Some(0), |number| number.parse().ok())?;
    Some(ProcessUsage {
        cpu_time: Duration::from_millis(cpu_ticks.saturating_mul(1000 / TICKS_PER_SECOND)),
        resident_bytes: kilobytes.saturating_mul(1024),
    })
}

/// The environment that a process was started with.
///
/// # Errors
/// The process has ended, or its environment may not be read.
pub fn environment(pid: u32) -> io::Result<Vec<(OsString, OsString)>> {
    let mut bytes = Vec::new();
    fs::File::open(format!("/proc/{pid}/environ"))?
        .take(MAX_ENVIRONMENT_BYTES)
        .read_to_end(&mut bytes)?;
    let pairs = bytes.split(|b| *b == 0).filter_map(|pair| {
        let at = pair.iter().position(|b| *b == b'=')?;
        let (name, value) = pair.split_at(at);
        Some((
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(value[1..].to_vec()),
        ))
    });
    Ok(pairs.collect())
}

/// Whether a process is in a frozen cgroup of version 2.
pub fn is_frozen(pid: u32) -> bool {
    let group = cgroup::cgroup_of(pid).ok().flatten();
    let frost = group.and_then(|group| cgroup::freezer_state(&group).ok().flatten());
    frost == Some(FreezerState::Frozen)
}

/// Sends a signal, unless the process has ended; returns whether it was sent.
///
/// # Errors
/// As `pidfd_open(2)` or `pidfd_send_signal(2)` fails, or the process cannot be read.
pub fn signal(key: ProcessKey, signal: Signal) -> io::Result<bool> {
    let raw = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw else { return Ok(false) };
    // The pidfd keeps naming the process that is checked below, even if the pid is reused.
    let fd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(false),
        Err(e) => return Err(e.into()),
    };
    match stat(key.pid)? {
        Some(now) if now.start == key.start && !now.zombie => {}
        _ => return Ok(false),
    }
    match pidfd_send_signal(&fd, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_process_may_be_called_anything() {
        let line = b"4242 (a) b (c\n) T 7 4242 4242 34817 4242 4194560 1 0 0 0 1 2 0 0 20 0 9 0 \
            93930 1 2 3";
        let stat = parse_stat(line, 1000).expect("parses");
        let expected = ProcessStat {
            start: StartTime(93930),
            parent: 7,
            group: 4242,
            session: 4242,
            foreground: 4242,
            uid: 1000,
            stopped: Some(0),
            zombie: false,
            terminal: 34817,
        };
        assert_eq!(stat, expected);
        assert_eq!(
            control_terminal(stat.terminal).as_deref(),
            Some("/dev/pts/1")
        );
        for broken in [
            &b""[..],
            b"1 (x",
            b"1 (x) S",
            b"1 (x) S a b c d",
            b"\xff\xfe) S 1 1 1 1",
        ] {
            assert_eq!(parse_stat(broken, 0), None);
        }
    }

    #[test]
    fn processor_time_and_memory_are_read() {
        let stat = b"7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 9 0 93930 1 2";
        let status = "Name:\ta\nVmPeak:\t  9 kB\nVmRSS:\t    2048 kB\nRssAnon:\t 1 kB\n";
        let usage = parse_usage(stat, status).expect("whole");
        assert_eq!(usage.cpu_time, Duration::from_secs(3));
        assert_eq!(usage.resident_bytes, 2 << 20);
        let thread = parse_usage(stat, "Name:\tkthreadd\n").expect("whole");
        assert_eq!(thread.resident_bytes, 0);
        assert_eq!(parse_usage(b"7 (a) S 1", status), None);
        assert_eq!(parse_usage(stat, "VmRSS: many kB"), None);
    }

    #[test]
    fn a_removed_executable_keeps_its_path() {
        let path = |text: &str| without_removal_mark(PathBuf::from(text));
        assert_eq!(path("/opt/x (deleted)"), Path::new("/opt/x"));
        assert_eq!(path("/opt/x"), Path::new("/opt/x"));
    }

    #[test]
    fn terminals_are_named() {
        assert_eq!(control_terminal(0), None);
        assert_eq!(control_terminal(0x402).as_deref(), Some("/dev/tty2"));
        assert_eq!(control_terminal(0x441).as_deref(), Some("/dev/ttyS1"));
        assert_eq!(control_terminal(0x8903).as_deref(), Some("/dev/pts/259"));
    }

    #[test]
    fn we_find_ourselves() {
        let me = std::process::id();
        let stat = stat(me).expect("readable").expect("alive");
        assert!(stat.stopped.is_none() && !stat.zombie);
        assert_eq!(stat.uid, machine().expect("machine").uid);
        assert!(pids().expect("pids").contains(&me));
        let age = since_boot().saturating_sub(start_since_boot(stat.start));
        assert!(age < Duration::from_hours(1), "{age:?}");
        assert!(!environment(me).expect("environment").is_empty());
        assert!(super::stat(u32::MAX - 1).expect("no error").is_none());
    }

    #[test]
    fn arguments_are_read_without_empty_words_and_whatever_their_bytes() {
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new("sh")
            .arg0(OsString::from_vec(b"odd \xffname".to_vec()))
            .args(["-c", "echo; read line", "", "0"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("sh");
        let output = child.stdout.as_mut().expect("piped");
        output.read_exact(&mut [0]).expect("the first line");
        let words = arguments(child.id()).expect("readable");
        // The shell's input closes here, which ends the shell.
        child.wait().expect("collected");
        assert_eq!(words, ["odd \u{fffd}name", "-c", "echo; read line", "0"]);
        assert!(arguments(u32::MAX - 1).is_err());
    }
}
