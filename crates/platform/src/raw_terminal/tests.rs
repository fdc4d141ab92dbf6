use super::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Tests take turns, because only one terminal per process can be in raw mode.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// Makes the test below hold the terminal on its standard input until it is ended by a signal.
const HOLDER_VARIABLE: &str = "TRUSTY_TEST_HOLDS_TERMINAL";

/// The master and the slave of a new pseudo-terminal.
fn terminal() -> (OwnedFd, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).expect("a terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let name = name.to_str().expect("text").to_owned();
    let slave = OpenOptions::new().read(true).write(true).open(name);
    (master, slave.expect("the slave"))
}

fn modes(terminal: &File) -> (libc::tcflag_t, libc::tcflag_t, libc::tcflag_t) {
    let settings = read_settings(terminal.as_fd()).expect("a terminal");
    (settings.c_iflag, settings.c_oflag, settings.c_lflag)
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        thread::yield_now();
    }
}

#[test]
fn keys_are_read_one_by_one_and_what_was_typed_before_is_discarded() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (master, slave) = terminal();
    rustix::io::write(&master, b"y\n").expect("typed");
    wait_until("the line has come", || {
        rustix::io::ioctl_fionread(&slave) == Ok(2)
    });
    let before = modes(&slave);
    let raw = RawTerminal::enter(slave.as_fd()).expect("taken over");
    assert!(RawTerminal::enter(slave.as_fd()).is_err(), "one at a time");
    assert_eq!(raw.read_byte(Duration::ZERO).expect("a terminal"), None);
    rustix::io::write(&master, b" \x03").expect("typed");
    let long = Duration::from_secs(30);
    assert_eq!(raw.read_byte(long).expect("a terminal"), Some(b' '));
    assert_eq!(
        raw.read_byte(long).expect("a terminal"),
        Some(3),
        "no signal"
    );
    assert!(!raw.retake().expect("a terminal"));
    write_settings(slave.as_fd(), libc::TCSANOW, &raw.settings).expect("a shell sets it");
    assert!(raw.retake().expect("a terminal"));
    assert_ne!(modes(&slave), before);
    drop(raw);
    assert_eq!(modes(&slave), before);
}

#[test]
fn a_panic_restores_the_terminal() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (_master, slave) = terminal();
    let before = modes(&slave);
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let _raw = RawTerminal::enter(slave.as_fd()).expect("taken over");
        assert_eq!(modes(&slave), before, "raw: this is the panic");
    }));
    assert!(broken.is_err());
    assert_eq!(modes(&slave), before);
}

/// The child process of the test below.
#[test]
fn holds_the_terminal_if_told_so() {
    if std::env::var_os(HOLDER_VARIABLE).is_none() {
        return;
    }
    let stdin = io::stdin();
    let raw = RawTerminal::enter(stdin.as_fd()).expect("taken over");
    while raw
        .read_byte(Duration::from_mins(1))
        .expect("a terminal")
        .is_some()
    {}
}

#[test]
fn each_signal_that_ends_the_process_restores_the_terminal_first() {
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::ABORT,
    ] {
        let (_master, slave) = terminal();
        let before = modes(&slave);
        let mut holder = hold(&slave);
        wait_until("the terminal is raw", || modes(&slave) != before);
        let pid = rustix::process::Pid::from_child(&holder);
        rustix::process::kill_process(pid, signal).expect("ours");
        let status = holder.wait().expect("ours");
        assert_eq!(status.signal(), Some(signal.as_raw()), "by the signal");
        assert_eq!(modes(&slave), before, "{signal:?}");
    }
}

fn hold(terminal: &File) -> Child {
    let test = std::env::current_exe().expect("a test has a path");
    let own = || Stdio::from(terminal.try_clone().expect("one more descriptor"));
    Command::new(test)
        .args([
            "--exact",
            "raw_terminal::tests::holds_the_terminal_if_told_so",
        ])
        .env(HOLDER_VARIABLE, "1")
        .stdin(own())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}
