//! Who may be at the other end: this user alone, and nobody who only begins to ask.

use crate::{LONG, Served};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use trusty_tests::http;

/// More than are answered at a time.
const MANY: usize = 360;

const HALVES: [&str; 4] = [
    "",
    "GET /v1/sess",
    "POST /v1/attention HTTP/1.1\r\nHost: trusty\r\nContent-Type: application/json\r\n\
     Content-Length: 9\r\n\r\n{",
    // Whole, and then nothing more.
    "GET /v1/health HTTP/1.1\r\nHost: trusty\r\n\r\n",
];

#[test]
fn who_only_begins_to_ask_is_ended_and_keeps_nobody_out() {
    let served = Served::start();
    let session = served.session();
    let begun: Vec<UnixStream> = HALVES
        .iter()
        .cycle()
        .take(MANY)
        .map(|half| {
            let mut stream = UnixStream::connect(&served.socket).expect("connects");
            stream.set_read_timeout(Some(LONG)).expect("set");
            stream.write_all(half.as_bytes()).expect("begun");
            stream
        })
        .collect();
    let mut hook = UnixStream::connect(served.socket.with_file_name("hooks.sock"));
    let hook = hook.as_mut().expect("connects");
    hook.set_read_timeout(Some(LONG)).expect("set");
    hook.write_all(b"trusty-hook 1 0 2\n{}").expect("told");
    let mut answer = String::new();
    hook.read_to_string(&mut answer).expect("answered");
    assert_eq!(answer, "taken\n");
    let told = http::get(&served.socket, "/v1/sessions");
    assert!(session.word(&told).is_some(), "{told}");
    for (mut stream, half) in begun.into_iter().zip(HALVES.iter().cycle()) {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an end");
        let answer = String::from_utf8(answer).expect("text");
        match *half {
            half if half.starts_with("POST") => {
                // Those that waited for their turn until their deadline are too late.
                let is_late = answer.starts_with("HTTP/1.1 409 ");
                let code = if is_late { "too-late" } else { "too-slow" };
                assert!(is_late || answer.starts_with("HTTP/1.1 408 "), "{answer}");
                let code = format!(r#""code":"{code}""#);
                assert!(answer.contains(&code), "{answer}");
            }
            half if half.ends_with("\r\n\r\n") => {
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            }
            _ => assert_eq!(answer, "", "{half}"),
        }
    }
}

/// Nobody.
const OTHER: u32 = 65534;

/// What a user is told at a socket.
fn told_to(uid: u32, socket: &Path) -> String {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--http0.9", "--max-time", "20", "--unix-socket"])
        .arg(socket)
        .arg("http://trusty/v1/health")
        .env_remove("http_proxy")
        .current_dir("/")
        .uid(uid)
        .gid(uid);
    let output = command.output().expect("curl is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Only the superuser can be somebody else.
#[test]
fn another_user_is_told_nothing_wherever_the_door_stands_open() {
    let own = rustix::process::getuid().as_raw();
    if own != 0 {
        eprintln!("skipped: only the superuser can be somebody else");
        return;
    }
    let served = Served::start();
    let hooks = served.socket.with_file_name("hooks.sock");
    let open = |path: &Path, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).expect("opened");
    };
    for socket in [&served.socket, &hooks] {
        open(socket, 0o666);
        for folder in socket.ancestors().skip(1) {
            if folder.starts_with(served.home.path()) {
                open(folder, 0o755);
            }
        }
        assert!(!told_to(own, socket).is_empty(), "{socket:?}");
        assert_eq!(told_to(OTHER, socket), "", "{socket:?}");
        // The door does stand open.
        let reached = Command::new("test")
            .arg("-w")
            .arg(socket)
            .uid(OTHER)
            .gid(OTHER)
            .status();
        assert!(reached.expect("runs").success());
    }
}
