//! Many who listen and do not read, and few files that may be open: whoever asks is answered.

use crate::{LocalApiFixture, WAIT_TIMEOUT, socket_of};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use trusty_tests::trusty::{RunningProgram, configure, environment_variables, program};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, http};

/// More than may be connected at a time.
const LISTENER_COUNT: usize = 300;
/// The sessions of a home in which few files may be open.
const SESSION_COUNT: usize = 40;

#[test]
fn listeners_that_never_read_keep_nobody_from_an_answer() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let listeners: Vec<UnixStream> = (0..LISTENER_COUNT)
        .map(|_| {
            let mut stream = UnixStream::connect(&served.socket).expect("connects");
            let ask = b"GET /v1/events HTTP/1.1\r\nHost: trusty\r\n\r\n";
            stream.write_all(ask).expect("asked");
            stream
        })
        .collect();
    for _ in 0..3 {
        let told = http::get(&served.socket, "/v1/sessions");
        assert!(session.status_word(&told).is_some(), "{told}");
    }
    let told = http::send_request(&served.socket, "GET", "/v1/events", "", b"");
    assert_eq!(told.status, 503, "{told:?}");
    assert_eq!(told.json()["code"], "too-many-listeners");
    drop(listeners);
    until(WAIT_TIMEOUT, "a place to listen", || {
        let mut stream = UnixStream::connect(&served.socket).expect("connects");
        stream.set_read_timeout(Some(WAIT_TIMEOUT)).expect("set");
        let ask = b"GET /v1/events HTTP/1.1\r\nHost: trusty\r\n\r\n";
        stream.write_all(ask).expect("asked");
        let mut head = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut head).expect("answered");
        (&head == b"HTTP/1.1 200").then_some(())
    });
}

/// `trusty serve` with at most so many files: first the soft limit, then the hard one.
fn serve_with_files(home: &TestHome, soft: u32, hard: u32) -> RunningProgram {
    configure(home, "");
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" serve");
    command
        .args(["-c", &script])
        .arg(program("trusty"))
        .env_clear()
        .envs(environment_variables(home))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let serving = RunningProgram::start(&mut command);
    for name in ["trusty.sock", "hooks.sock"] {
        let socket = home.runtime().join("trusty").join(name);
        until(WAIT_TIMEOUT, "a socket", || {
            UnixStream::connect(&socket).ok()
        });
    }
    serving
}

#[test]
fn with_few_files_every_call_is_answered_and_health_says_so() {
    let home = TestHome::new();
    let sessions: Vec<StandIn> = (0..SESSION_COUNT)
        .map(|_| {
            let session = StandIn::start(&home);
            session.write_status(r#""status":"busy""#);
            session
        })
        .collect();
    let _serving = serve_with_files(&home, 64, 64);
    let socket = socket_of(&home);
    until(WAIT_TIMEOUT, "all sessions", || {
        let told = http::get(&socket, "/v1/sessions");
        let all = sessions.iter().all(|s| s.status_word(&told).is_some());
        let health = told["health"].to_string();
        (all && health.contains("open-file limit")).then_some(())
    });
    for _ in 0..50 {
        assert_eq!(http::get(&socket, "/v1/health")["sessions"], SESSION_COUNT);
        let mut hook = UnixStream::connect(socket.with_file_name("hooks.sock")).expect("connects");
        hook.set_read_timeout(Some(WAIT_TIMEOUT)).expect("set");
        hook.write_all(b"trusty-hook 1 0 2\n{}").expect("told");
        let mut answer = String::new();
        hook.read_to_string(&mut answer).expect("answered");
        assert_eq!(answer, "taken\n");
    }
    // An end that nothing tells of is found at the next look.
    drop(sessions);
    until(WAIT_TIMEOUT, "the ends of all", || {
        let told = http::get(&socket, "/v1/sessions");
        let mut all = told["sessions"].as_array()?.iter();
        all.all(|s| s["status"] == "Stopped").then_some(())
    });
}

#[test]
fn an_engine_may_open_as_many_files_as_its_hard_limit_says() {
    let home = TestHome::new();
    let serving = serve_with_files(&home, 64, 4096);
    let limits = format!("/proc/{}/limits", serving.process().pid);
    // Its sockets are there before its engine starts.
    until(WAIT_TIMEOUT, "the limit that may be reached", || {
        let limits = fs::read_to_string(&limits).expect("readable");
        let mut lines = limits.lines();
        let files = lines.find(|line| line.starts_with("Max open files"));
        let numbers: Vec<&str> = files.expect("a limit").split_whitespace().collect();
        (numbers.get(3..5)? == ["4096", "4096"]).then_some(())
    });
}
