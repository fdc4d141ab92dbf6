//! An engine that cannot see its callers: in a pid namespace of its own, as in a container.

use crate::WAIT_TIMEOUT;
use serde_json::json;
use std::process::Stdio;
use trusty_tests::trusty::{RunningProgram, configure, trusty_below};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, TestHome, skip, stand_in};

/// A session, and an engine that sees no process outside their pid namespace.
const CONTAINER_SCRIPT: &str = r#""$0" 600 & exec "$1" serve"#;

/// Starts both; `None` where the system does not allow that.
fn serve_contained(home: &TestHome) -> Option<RunningProgram> {
    let client = stand_in::executable(home);
    let client = client.to_string_lossy();
    let unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork"];
    let within = [
        "--kill-child",
        "--mount-proc",
        "sh",
        "-c",
        CONTAINER_SCRIPT,
        &client,
    ];
    let mut command = trusty_below(home, &[&unshare[..], &within].concat());
    let serving = RunningProgram::start(command.stdout(Stdio::null()));
    let is_served = until(WAIT_TIMEOUT, "an engine, or the end of unshare", || {
        let connected = LocalApi::for_home(home).is_open();
        (connected || !serving.process().is_alive()).then_some(connected)
    });
    if !is_served {
        skip("this user may not make a pid namespace");
    }
    is_served.then_some(serving)
}

#[test]
fn a_process_that_the_engine_cannot_see_may_neither_answer_nor_resume() {
    let home = TestHome::new();
    configure(&home, "[answers]\nprograms = true\n");
    let Some(_serving) = serve_contained(&home) else {
        return;
    };
    let api = LocalApi::for_home(&home);
    let id = until(WAIT_TIMEOUT, "the session", || {
        let told = api.sessions();
        Some(told["sessions"][0]["id"].as_str()?.to_owned())
    });
    let answer = json!({"request": "0".repeat(64), "answer": {"kind": "allow"}});
    for (command, body) in [("answer", answer), ("resume", json!({}))] {
        let told = api.post(&format!("/v1/sessions/{id}/{command}"), body.to_string());
        assert_eq!(told.status, 403, "{command}: {told:?}");
        assert_eq!(told.code(), "not-for-programs", "{command}");
        let detail = told.json()["detail"].to_string();
        assert!(detail.contains("another pid namespace"), "{detail}");
    }
}
