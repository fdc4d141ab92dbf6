//! The hooks in older versions of Claude Code that accept the entries: held, and answered. Run by
//! `make older-clients-check`; some versions gave up every hook of 0.1.0 at once.
#![cfg(target_os = "linux")]

use trusty_tests::wait::until;
use trusty_tests::{TerminalShape, TestStage, TestedClient, WAIT_TIMEOUT};

fn is_held_and_answered(client: TestedClient) {
    let builder = TestStage::builder().client(client);
    // `trusty` answers here as a program, without a terminal.
    let builder = builder.settings("[answers]\nprograms = true\n");
    let mode = ["--permission-mode", client.asking()];
    let opened = builder
        .hooks()
        .engine()
        .open(TerminalShape::PtyDirect, "work", &mode);
    let Some(stage) = opened else { return };
    let (terminal, name) = (&stage.terminal, stage.pid());
    let shown = || stage.listed(stage.client.pid).unwrap_or_default();

    // Held: the prompt is not sent, and meanwhile the session is shown as nothing but paused.
    let told = stage.run_successfully(&["pause", &name, "--how", "hold"]);
    let proven = told.contains("Paused, held by you");
    assert!(
        proven || told.contains("waiting for the next hook"),
        "{told}"
    );
    terminal.submit("say later");
    until(WAIT_TIMEOUT, "a prompt that is held", || {
        let session = shown();
        (session["status"] == "Paused" && session["pause"]["held"] == 1).then_some(())
    });
    assert!(!stage.was_asked("say later"));
    stage.run_successfully(&["resume", &name]);
    stage.wait_answered("say later");
    terminal.wait_status(WAIT_TIMEOUT, "idle");

    // Answered through Trusty Bar.
    terminal.submit("bash: touch made");
    until(WAIT_TIMEOUT, "a request that is held", || {
        let requests = shown()["requests"].clone();
        (requests[0]["held"] == true).then_some(())
    });
    stage.run_successfully(&["approve", &name, "--yes"]);
    stage.wait_made("made");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let screen = terminal.screen();
    assert!(!screen.contains("timed out"), "{screen}");
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
