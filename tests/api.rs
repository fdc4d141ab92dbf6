//! The local API over its real socket.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use trusty_tests::trusty::{RunningProgram, trusty};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, WAIT_TIMEOUT};

struct ApiFixture {
    _serving: RunningProgram,
    socket: PathBuf,
    home: TestHome,
}

fn serve() -> ApiFixture {
    let home = TestHome::new();
    let socket = home.runtime().join("trusty/trusty.sock");
    let serving = RunningProgram::start(
        trusty(&home)
            .arg("serve")
            .stdout(std::process::Stdio::null()),
    );
    until(WAIT_TIMEOUT, "the socket", || {
        UnixStream::connect(&socket).ok()
    });
    let hooks = socket.with_file_name("hooks.sock");
    until(WAIT_TIMEOUT, "the hooks' socket", || {
        UnixStream::connect(&hooks).ok()
    });
    ApiFixture {
        _serving: serving,
        socket,
        home,
    }
}

fn get(served: &ApiFixture, path: &str) -> UnixStream {
    let mut stream = UnixStream::connect(&served.socket).expect("connects");
    stream.set_read_timeout(Some(WAIT_TIMEOUT)).expect("set");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\r\n"
    )
    .expect("ask");
    stream
}

fn whole(served: &ApiFixture, path: &str) -> (String, String) {
    let mut text = String::new();
    get(served, path).read_to_string(&mut text).expect("answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

#[test]
fn the_socket_is_its_owner_s_alone() {
    let served = serve();
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&served.socket), 0o600);
    assert_eq!(mode(served.socket.parent().expect("folder")), 0o700);
}

#[test]
fn a_snapshot_is_told_whole() {
    let served = serve();
    let (head, body) = whole(&served, "/v1/sessions");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(
        head.contains(&format!("x-trusty-version: {}", env!("CARGO_PKG_VERSION"))),
        "{head}"
    );
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(json["sessions"], serde_json::json!([]));
    assert!(
        json["revision"].as_u64() > Some(0),
        "not before the first look"
    );
    let (head, body) = whole(&served, "/v1/openapi.json");
    assert!(head.starts_with("HTTP/1.1 200"));
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert!(
        json["openapi"]
            .as_str()
            .is_some_and(|v| v.starts_with("3.1"))
    );
    assert!(whole(&served, "/v1/nothing").0.starts_with("HTTP/1.1 404"));
}

#[test]
fn events_begin_with_the_snapshot() {
    let served = serve();
    let lines = BufReader::new(get(&served, "/v1/events"))
        .lines()
        .map_while(Result::ok);
    let mut head = true;
    for line in lines {
        head &= !line.is_empty();
        if head {
            continue;
        }
        if let Some(data) = line.strip_prefix("data: ") {
            let json: serde_json::Value = serde_json::from_str(data).expect("JSON");
            assert!(json["sessions"].is_array());
            return;
        }
    }
    panic!("the stream ended without an event");
}

#[test]
fn nonsense_harms_nobody() {
    let served = serve();
    let mut half = UnixStream::connect(&served.socket).expect("connects");
    half.write_all(b"GET /v1/sess").expect("write");
    let mut garbage = UnixStream::connect(&served.socket).expect("connects");
    garbage.write_all(&[0xff; 4096]).expect("write");
    assert!(whole(&served, "/v1/sessions").0.starts_with("HTTP/1.1 200"));
}

fn shown(session: &StandIn, served: &ApiFixture) -> Option<String> {
    let (_, body) = whole(served, "/v1/sessions");
    session.word(&serde_json::from_str(&body).expect("JSON"))
}

/// Hands over a hook's payload as a hook does; the answer.
fn tell_hook(served: &ApiFixture, header: &str, payload: &[u8]) -> std::io::Result<String> {
    let stream = UnixStream::connect(served.socket.with_file_name("hooks.sock"))?;
    tell_hook_on(stream, header, payload)
}

fn tell_hook_on(mut stream: UnixStream, header: &str, payload: &[u8]) -> std::io::Result<String> {
    stream.set_read_timeout(Some(WAIT_TIMEOUT))?;
    stream.write_all(header.as_bytes())?;
    stream.write_all(payload)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn header(payload: &[u8]) -> String {
    format!("trusty-hook 1 0 {}\n", payload.len())
}

#[test]
fn a_flood_of_hooks_hides_no_need() {
    let served = serve();
    let client = StandIn::start(&served.home);
    client.says(r#""status":"busy""#);
    until(WAIT_TIMEOUT, "the session at work", || {
        (shown(&client, &served)? == "Working").then_some(())
    });
    let (told, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let flood = || {
        let payload = br#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash",
            "tool_use_id":"t","tool_input":{"command":"make"}}"#;
        while !over.load(Ordering::Relaxed) {
            let answer = tell_hook_on(client.hook_connection(), &header(payload), payload);
            assert_eq!(answer.expect("answered"), "taken\n");
            told.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..32 {
            threads.spawn(flood);
        }
        // Whatever happens, the flood ends.
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(WAIT_TIMEOUT, "the flood", || {
                (told.load(Ordering::Relaxed) > 1_000).then_some(())
            });
            client.says(r#""status":"waiting","waitingFor":"permission prompt""#);
            until(WAIT_TIMEOUT, "the need", || {
                (shown(&client, &served)? == "Permission").then_some(())
            });
        }));
        over.store(true, Ordering::Relaxed);
        assert!(seen.is_ok());
    });
}

#[test]
fn large_payloads_are_taken_in_turn_and_a_larger_one_is_refused() {
    let served = serve();
    let payload = format!(
        r#"{{"session_id":"s","hook_event_name":"Stop","more":"{}"}}"#,
        "x".repeat(8 << 20)
    );
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let answer = tell_hook(&served, &header(payload.as_bytes()), payload.as_bytes());
                assert_eq!(answer.expect("answered"), "taken\n");
            });
        }
    });
    let larger = format!("trusty-hook 1 0 {}\n", 17 << 20);
    let answer = tell_hook(&served, &larger, b"").expect("answered");
    assert_eq!(answer, "too long\n");
}

#[test]
fn nonsense_from_a_hook_harms_nobody() {
    let served = serve();
    let hooks = served.socket.with_file_name("hooks.sock");
    // As many as are listened to at a time, and more, who never say anything.
    let silent: Vec<UnixStream> = (0..300)
        .map(|_| UnixStream::connect(&hooks).expect("connects"))
        .collect();
    assert!(whole(&served, "/v1/sessions").0.starts_with("HTTP/1.1 200"));
    let answer = |header: &str, payload: &[u8]| tell_hook(&served, header, payload);
    assert_eq!(
        answer("trusty-hook 1 7 2\n", b"{}").expect("answered"),
        "taken\n"
    );
    for header in ["GET / HTTP/1.1\r\n", "trusty-hook 2 7 2\n", "\n"] {
        assert_eq!(answer(header, b"").expect("answered"), "not understood\n");
    }
    assert_eq!(
        answer("trusty-hook 1 7 9\n", b"half").expect("answered"),
        "too slow\n"
    );
    drop(silent);
    let endless = "x".repeat(4096);
    // What it says is cut off; whether it sees the answer is a matter of when it notices.
    let _ = answer(&endless, b"");
    assert!(whole(&served, "/v1/sessions").0.starts_with("HTTP/1.1 200"));
}
