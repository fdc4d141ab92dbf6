//! Hooks in clients that are older and take our entries: held, and answered. Run by
//! `make older-clients-check`; some of them gave up every hook of 0.1.0 at once.
#![cfg(target_os = "linux")]

use trusty_tests::trusty::{configure, connect, list, run, serve, session_of};
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEventKind, FakeApi, TerminalShape, TestHome, TestTerminal, TestedClient, WAIT_TIMEOUT,
};

/// What a session of this home shows of itself, in full.
fn shown(home: &TestHome, pid: u32) -> serde_json::Value {
    session_of(&list(home), pid).unwrap_or_default()
}

#[track_caller]
fn well(home: &TestHome, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    told
}

fn is_held_and_answered(client: TestedClient) {
    let (api, home) = (FakeApi::start(), TestHome::new());
    // It is programs that answer here.
    configure(&home, "[answers]\nprograms = true\n");
    connect(&home);
    let serving = serve(&home);
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let terminal = TestTerminal::open_client(
        client,
        TerminalShape::PtyDirect,
        &home,
        &api,
        &folder,
        &mode,
    );
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let pid = terminal.client().pid;
    let name = pid.to_string();

    // Held: neither is the prompt sent, nor is it called anything but paused meanwhile.
    let told = well(&home, &["pause", &name, "--how", "hold"]);
    let proven = told.contains("Paused, held by you");
    assert!(
        proven || told.contains("waiting for the next hook"),
        "{told}"
    );
    terminal.submit("say later");
    until(WAIT_TIMEOUT, "a prompt that is held", || {
        let session = shown(&home, pid);
        (session["status"] == "Paused" && session["pause"]["held"] == 1).then_some(())
    });
    let asked = |events: &[trusty_tests::ApiEvent]| events.iter().any(|e| e.prompt == "say later");
    assert!(!asked(&api.events()));
    well(&home, &["resume", &name]);
    api.wait_for(WAIT_TIMEOUT, "say later", ApiEventKind::MessageStop);
    terminal.wait_status(WAIT_TIMEOUT, "idle");

    // Answered from here.
    terminal.submit("bash: touch made");
    until(WAIT_TIMEOUT, "a request that is held", || {
        let requests = shown(&home, pid)["requests"].clone();
        (requests[0]["held"] == true).then_some(())
    });
    well(&home, &["approve", &name, "--yes"]);
    until(WAIT_TIMEOUT, "the file", || {
        folder.join("made").exists().then_some(())
    });
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let screen = terminal.screen();
    assert!(!screen.contains("timed out"), "{screen}");
    drop(serving);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn client_2_1_160_is_held_and_answered() {
    is_held_and_answered(TestedClient::V2_1_160);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn client_2_1_212_is_held_and_answered() {
    is_held_and_answered(TestedClient::V2_1_212);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn client_2_1_260_is_held_and_answered() {
    is_held_and_answered(TestedClient::V2_1_260);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn client_2_1_280_is_held_and_answered() {
    is_held_and_answered(TestedClient::V2_1_280);
}
