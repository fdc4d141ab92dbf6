//! Both sockets as a caller meets them: their modes, the first answers, and garbage on each.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use trusty_tests::trusty::{RunningProgram, trusty};
use trusty_tests::wait::until;
use trusty_tests::{HookClient, LocalApi, TestHome};

#[test]
fn the_socket_is_its_owner_s_alone() {
    let served = LocalApiFixture::start();
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let socket = served.api.socket();
    assert_eq!(mode(socket), 0o600);
    assert_eq!(mode(socket.parent().expect("folder")), 0o700);
}

#[test]
fn a_snapshot_is_told_whole() {
    // A list is complete as soon as the engine listens.
    let home = TestHome::new();
    let mut command = trusty(&home);
    let _serving = RunningProgram::start(command.arg("serve").stdout(Stdio::null()));
    let api = LocalApi::for_home(&home);
    api.wait_open();
    let response = api.send_request("GET", "/v1/sessions", "", b"");
    assert_eq!(response.status, 200, "{response:?}");
    let version = response.header("x-trusty-version");
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{response:?}");
    let json = response.json();
    assert_eq!(json["sessions"], serde_json::json!([]));
    assert!(
        json["revision"].as_u64() > Some(0),
        "not before the first look"
    );
    let json = api.get("/v1/openapi.json");
    assert!(
        json["openapi"]
            .as_str()
            .is_some_and(|v| v.starts_with("3.1"))
    );
    let response = api.send_request("GET", "/v1/nothing", "", b"");
    assert_eq!(response.status, 404, "{response:?}");
}

#[test]
fn events_begin_with_the_snapshot() {
    let served = LocalApiFixture::start();
    let first = served.api.events("/v1/events", "").next();
    let first = first.expect("an event");
    assert!(first.data["sessions"].is_array(), "{first:?}");
}

#[test]
fn nonsense_harms_nobody() {
    let served = LocalApiFixture::start();
    let _half = served.api.send_raw(b"GET /v1/sess");
    let _garbage = served.api.send_raw(&[0xff; 4096]);
    served.api.sessions();
}

#[test]
fn a_flood_of_hooks_hides_no_need() {
    let served = LocalApiFixture::start();
    let client = served.session();
    let (told, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let flood = || {
        let payload = br#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash",
            "tool_use_id":"t","tool_input":{"command":"make"}}"#;
        while !over.load(Ordering::Relaxed) {
            let answer = client.hook_connection().report(0, payload);
            assert_eq!(answer.expect("answered"), "taken\n");
            told.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..32 {
            threads.spawn(flood);
        }
        // The flood ends even if the wait fails.
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(WAIT_TIMEOUT, "the flood", || {
                (told.load(Ordering::Relaxed) > 1_000).then_some(())
            });
            client.waits();
            served.api.wait_word(&client, "Permission");
        }));
        over.store(true, Ordering::Relaxed);
        assert!(seen.is_ok());
    });
}

#[test]
fn large_payloads_are_taken_in_turn_and_a_larger_one_is_refused() {
    let served = LocalApiFixture::start();
    let payload = format!(
        r#"{{"session_id":"s","hook_event_name":"Stop","more":"{}"}}"#,
        "x".repeat(8 << 20)
    );
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let hook = HookClient::for_home(&served.home);
                let answer = hook.report(0, payload.as_bytes());
                assert_eq!(answer.expect("answered"), "taken\n");
            });
        }
    });
    let larger = format!("trusty-hook 1 0 {}\n", 17 << 20);
    let answer = served.hook_reply(larger.as_bytes());
    assert_eq!(answer.expect("answered"), "too long\n");
}

#[test]
fn nonsense_from_a_hook_harms_nobody() {
    let served = LocalApiFixture::start();
    // More silent connections than the engine reads at a time.
    let connect = |_| HookClient::for_home(&served.home);
    let silent: Vec<HookClient> = (0..300).map(connect).collect();
    served.api.sessions();
    let answer = |bytes: &str| served.hook_reply(bytes.as_bytes()).expect("answered");
    assert_eq!(answer("trusty-hook 1 7 2\n{}"), "taken\n");
    for header in ["GET / HTTP/1.1\r\n", "trusty-hook 2 7 2\n", "\n"] {
        assert_eq!(answer(header), "not understood\n");
    }
    assert_eq!(answer("trusty-hook 1 7 9\nhalf"), "too slow\n");
    drop(silent);
    // The header is cut off; whether the sender still reads the answer is a matter of timing.
    let _ = served.hook_reply(&[b'x'; 4096]);
    served.api.sessions();
}
