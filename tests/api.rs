//! The local API over its real socket.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use trusty_tests::Home;
use trusty_tests::trusty::{Running, trusty};
use trusty_tests::wait::until;

const LONG: Duration = Duration::from_mins(1);

struct Served {
    _serving: Running,
    socket: PathBuf,
    _home: Home,
}

fn serve() -> Served {
    let home = Home::new();
    let socket = home.runtime().join("trusty/trusty.sock");
    let serving = Running::start(
        trusty(&home)
            .arg("serve")
            .stdout(std::process::Stdio::null()),
    );
    until(LONG, "the socket", || UnixStream::connect(&socket).ok());
    Served {
        _serving: serving,
        socket,
        _home: home,
    }
}

fn get(served: &Served, path: &str) -> UnixStream {
    let mut stream = UnixStream::connect(&served.socket).expect("connects");
    stream.set_read_timeout(Some(LONG)).expect("set");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\r\n"
    )
    .expect("ask");
    stream
}

fn whole(served: &Served, path: &str) -> (String, String) {
    let mut text = String::new();
    get(served, path).read_to_string(&mut text).expect("answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

#[test]
fn the_socket_is_its_owner_s_alone() {
    let served = serve();
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
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
