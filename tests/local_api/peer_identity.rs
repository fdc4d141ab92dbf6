//! Who may be at the other end: only this user, and no connection that never completes its request.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use trusty_platform::socket::connect_in_time;
use trusty_tests::socket_client::hook_socket;
use trusty_tests::{HookClient, other_user};

/// More connections than the engine answers at a time.
const CONNECTION_COUNT: usize = 360;

const PARTIAL_REQUESTS: [&str; 4] = [
    "",
    "GET /v1/sess",
    "POST /v1/attention HTTP/1.1\r\nHost: trusty\r\nContent-Type: application/json\r\n\
     Content-Length: 9\r\n\r\n{",
    // A whole request, and then nothing more.
    "GET /v1/health HTTP/1.1\r\nHost: trusty\r\n\r\n",
];

#[test]
fn who_only_begins_to_ask_is_ended_and_keeps_nobody_out() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let begun: Vec<UnixStream> = PARTIAL_REQUESTS
        .iter()
        .cycle()
        .take(CONNECTION_COUNT)
        .map(|half| served.api.send_raw(half.as_bytes()))
        .collect();
    let answer = HookClient::for_home(&served.home).report(0, b"{}");
    assert_eq!(answer.expect("answered"), "taken\n");
    let told = served.api.sessions();
    assert!(session.status_word(&told).is_some(), "{told}");
    let mut too_slow = 0;
    for (mut stream, half) in begun.into_iter().zip(PARTIAL_REQUESTS.iter().cycle()) {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an end");
        let answer = String::from_utf8(answer).expect("text");
        match *half {
            half if half.starts_with("POST") => {
                // Requests that waited for a free place until their deadline are too late.
                let is_late = answer.starts_with("HTTP/1.1 409 ");
                let code = if is_late { "too-late" } else { "too-slow" };
                assert!(is_late || answer.starts_with("HTTP/1.1 408 "), "{answer}");
                let code = format!(r#""code":"{code}""#);
                assert!(answer.contains(&code), "{answer}");
                too_slow += usize::from(!is_late);
            }
            half if half.ends_with("\r\n\r\n") => {
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            }
            _ => assert_eq!(answer, "", "{half}"),
        }
    }
    assert!(too_slow > 0, "a place that is given to half a request");
}

/// The uid of `nobody`.
const NOBODY_UID: u32 = 65534;

/// What a user receives from a socket.
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

#[test]
fn another_user_is_told_nothing_wherever_the_door_stands_open() {
    if other_user().is_none() {
        return;
    }
    let own = rustix::process::getuid().as_raw();
    let served = LocalApiFixture::start();
    let open = |path: &Path, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).expect("opened");
    };
    for socket in [served.api.socket(), &hook_socket(&served.home)] {
        open(socket, 0o666);
        for folder in socket.ancestors().skip(1) {
            if folder.starts_with(served.home.path()) {
                open(folder, 0o755);
            }
        }
        assert!(!told_to(own, socket).is_empty(), "{socket:?}");
        assert_eq!(told_to(NOBODY_UID, socket), "", "{socket:?}");
        // The mode does let the user in, so the engine itself refused.
        let reached = Command::new("test")
            .arg("-w")
            .arg(socket)
            .uid(NOBODY_UID)
            .gid(NOBODY_UID)
            .status();
        assert!(reached.expect("runs").success());
    }
}

/// Listens at a path as a user until its input ends, and prints when it listens.
const LISTENER_SCRIPT: &str = "
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.setuid(int(sys.argv[2]))
listener.listen()
print(flush=True)
sys.stdin.read()
";

fn listen_as(uid: u32, socket: &Path) -> Child {
    let mut command = Command::new("python3");
    command.args(["-c", LISTENER_SCRIPT]).arg(socket);
    command.arg(uid.to_string()).stdin(Stdio::piped());
    let mut listener = command.stdout(Stdio::piped()).spawn().expect("python3");
    let output = listener.stdout.as_mut().expect("piped");
    output.read_exact(&mut [0]).expect("the listener starts");
    listener
}

#[test]
fn a_socket_at_which_another_user_listens_is_told_nothing() {
    if other_user().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let own = rustix::process::getuid().as_raw();
    for (uid, name) in [(own, "own"), (NOBODY_UID, "other")] {
        let socket = folder.path().join(name);
        let mut listener = listen_as(uid, &socket);
        let connected = connect_in_time(&socket, WAIT_TIMEOUT).map(drop);
        drop(listener.stdin.take());
        listener.wait().expect("collected");
        let refused = connected.map_err(|e| e.kind());
        let expected = if uid == own {
            Ok(())
        } else {
            Err(ErrorKind::PermissionDenied)
        };
        assert_eq!(refused, expected, "{name}");
    }
}
