//! An engine that does not see who calls: in a pid namespace of its own, as in a container.

use crate::{WAIT_TIMEOUT, socket_of};
use serde_json::json;
use std::fs;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use trusty_tests::trusty::{RunningProgram, configure, environment_variables, program};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, TestHome, http, skip};

/// A session, and an engine that sees no process outside their pid namespace.
const CONTAINER_SCRIPT: &str = r#""$0" 600 & exec "$1" serve"#;

/// Starts both; none where that may not be done.
fn serve_contained(home: &TestHome) -> Option<RunningProgram> {
    let client = home.path().join("lib/claude-code/claude");
    fs::create_dir_all(client.parent().expect("a folder")).expect("folders");
    fs::copy("/bin/sleep", &client).expect("copied");
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "sh", "-c", CONTAINER_SCRIPT])
        .args([&client, &program("trusty")])
        .env_clear()
        .envs(environment_variables(home))
        .stdout(Stdio::null());
    let serving = RunningProgram::start(&mut command);
    let is_served = until(WAIT_TIMEOUT, "an engine, or the end of unshare", || {
        let connected = UnixStream::connect(socket_of(home)).is_ok();
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
    let id = until(WAIT_TIMEOUT, "the session", || {
        let told = http::get(&socket_of(&home), "/v1/sessions");
        Some(told["sessions"][0]["id"].as_str()?.to_owned())
    });
    let answer = json!({"request": "0".repeat(64), "answer": {"kind": "allow"}});
    for (command, body) in [("answer", answer), ("resume", json!({}))] {
        let path = format!("/v1/sessions/{id}/{command}");
        let told = LocalApi::for_home(&home).post(&path, &body);
        let (status, problem) = told.expect("the engine answers");
        assert_eq!(status, 403, "{command}: {problem}");
        assert_eq!(problem["code"], "not-for-programs", "{command}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("another pid namespace"), "{detail}");
    }
}
