//! Many connections that are never read, and few open files: each caller is answered.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use std::fs;
use std::io::Read;
use std::process::Stdio;
use trusty_tests::trusty::{RunningProgram, trusty_below, wait_sockets};
use trusty_tests::wait::until;
use trusty_tests::{HookClient, LocalApi, StandIn, TestHome};

/// More connections than the engine accepts at a time.
const LISTENER_COUNT: usize = 300;
/// The number of sessions in a home where few files may be open.
const SESSION_COUNT: usize = 40;

#[test]
fn listeners_that_never_read_keep_nobody_from_an_answer() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let listen = || {
        let ask = b"GET /v1/events HTTP/1.1\r\nHost: trusty\r\n\r\n";
        served.api.send_raw(ask)
    };
    let listeners: Vec<_> = (0..LISTENER_COUNT).map(|_| listen()).collect();
    for _ in 0..3 {
        let told = served.api.sessions();
        assert!(session.status_word(&told).is_some(), "{told}");
    }
    let told = served.api.send_request("GET", "/v1/events", "", b"");
    assert_eq!(told.status, 503, "{told:?}");
    assert_eq!(told.code(), "too-many-listeners");
    drop(listeners);
    until(WAIT_TIMEOUT, "a place to listen", || {
        let mut head = [0; "HTTP/1.1 200".len()];
        listen().read_exact(&mut head).expect("answered");
        (&head == b"HTTP/1.1 200").then_some(())
    });
}

/// Runs `trusty serve` with these soft and hard limits of open files.
fn serve_with_files(home: &TestHome, soft: u32, hard: u32) -> RunningProgram {
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" serve");
    let mut command = trusty_below(home, &["/bin/sh", "-c", &script]);
    let serving = RunningProgram::start(command.stdout(Stdio::null()));
    wait_sockets(home);
    serving
}

#[test]
fn with_few_files_every_call_is_answered_and_health_says_so() {
    let home = TestHome::new();
    let sessions: Vec<StandIn> = (0..SESSION_COUNT).map(|_| StandIn::busy(&home)).collect();
    let _serving = serve_with_files(&home, 64, 64);
    let api = LocalApi::for_home(&home);
    until(WAIT_TIMEOUT, "all sessions", || {
        let told = api.sessions();
        let all = sessions.iter().all(|s| s.status_word(&told).is_some());
        let health = told["health"].to_string();
        (all && health.contains("open-file limit")).then_some(())
    });
    for _ in 0..50 {
        assert_eq!(api.get("/v1/health")["sessions"], SESSION_COUNT);
        let answer = HookClient::for_home(&home).report(0, b"{}");
        assert_eq!(answer.expect("answered"), "taken\n");
    }
    // An exit that no event reports is found by the next scan.
    drop(sessions);
    until(WAIT_TIMEOUT, "the ends of all", || {
        let told = api.sessions();
        let mut all = told["sessions"].as_array()?.iter();
        all.all(|s| s["status"] == "Stopped").then_some(())
    });
}

#[test]
fn an_engine_may_open_as_many_files_as_its_hard_limit_says() {
    let home = TestHome::new();
    let serving = serve_with_files(&home, 64, 4096);
    let limits = format!("/proc/{}/limits", serving.process().pid);
    // The sockets exist before the engine starts.
    until(WAIT_TIMEOUT, "the limit that may be reached", || {
        let limits = fs::read_to_string(&limits).expect("readable");
        let mut lines = limits.lines();
        let files = lines.find(|line| line.starts_with("Max open files"));
        let numbers: Vec<&str> = files.expect("a limit").split_whitespace().collect();
        (numbers.get(3..5)? == ["4096", "4096"]).then_some(())
    });
}
