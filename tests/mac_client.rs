//! The real Claude Code on a Mac, in real terminals, against a fake model. Type-checked on Linux;
//! only the Mac workflow runs these tests (`.ci/macos/client`). On Linux, `tests/client.rs` is far
//! stricter.
#![cfg(target_os = "macos")]

use std::fs;
use trusty_tests::trusty::{connect, list, serve, session_of, status_word_of};
use trusty_tests::wait::until_or;
use trusty_tests::{
    KeyboardKey, MANUAL_MODE_ARGS, TerminalShape, TestStage, TestTerminal, WAIT_TIMEOUT,
};

/// Waits until `trusty list` shows this status of the session.
fn wait_shown(stage: &TestStage, terminal: &TestTerminal, wanted: &str) {
    let pid = terminal.client().pid;
    until_or(
        WAIT_TIMEOUT,
        &format!("{wanted} in the list"),
        || {
            let session = session_of(&list(&stage.home), pid)?;
            (status_word_of(&session) == wanted).then_some(())
        },
        || format!("{}\n{}", list(&stage.home), terminal.screen()),
    );
}

/// A turn with a permission, from the first prompt to the end, as `trusty` shows it.
fn is_shown_from_its_start_to_its_end(shape: TerminalShape) {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let _engine = serve(&stage.home);
    let folder = stage.home.project("work");
    let mut terminal = stage.open_at(shape, &folder, &MANUAL_MODE_ARGS);
    wait_shown(&stage, &terminal, "Idle");
    let text = registry_text(&stage, &terminal);
    assert!(text.contains(r#""pidDomain":"darwin""#), "{text}");
    terminal.submit("stream 3s");
    wait_shown(&stage, &terminal, "Working");
    wait_shown(&stage, &terminal, "Finished");
    terminal.submit("bash: touch made.txt");
    wait_shown(&stage, &terminal, "Permission");
    terminal.approve();
    wait_shown(&stage, &terminal, "Finished");
    terminal.submit("say begun then stream 30s");
    terminal.wait_screen(WAIT_TIMEOUT, "begun");
    terminal.press(KeyboardKey::Escape);
    wait_shown(&stage, &terminal, "Idle");
    let client = terminal.client();
    terminal.hang_up();
    terminal.wait_end(WAIT_TIMEOUT, client);
}

/// The registry file, which becomes a fixture of the decoder.
#[expect(clippy::print_stdout, reason = "evidence, with --nocapture")]
fn registry_text(stage: &TestStage, terminal: &TestTerminal) -> String {
    let file = format!("sessions/{}.json", terminal.client().pid);
    let text = fs::read_to_string(stage.home.config_dir().join(file)).expect("a registry file");
    println!("measured: registry file {text}");
    text
}

#[test]
#[ignore = "needs a Mac"]
fn mac_a_session_below_zsh_is_shown_from_its_start_to_its_end() {
    is_shown_from_its_start_to_its_end(TerminalShape::PtyZsh);
}

#[test]
#[ignore = "needs a Mac"]
fn mac_a_session_below_bash_is_shown_from_its_start_to_its_end() {
    is_shown_from_its_start_to_its_end(TerminalShape::PtyBash);
}

#[test]
#[ignore = "needs a Mac"]
fn mac_a_session_in_tmux_is_shown_from_its_start_to_its_end() {
    is_shown_from_its_start_to_its_end(TerminalShape::TmuxZsh);
}

#[test]
#[ignore = "needs a Mac"]
fn mac_hooks_reach_the_engine() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let _engine = serve(&stage.home);
    connect(&stage.home);
    let folder = stage.home.project("work");
    let terminal = stage.open_at(TerminalShape::PtyZsh, &folder, &MANUAL_MODE_ARGS);
    wait_shown(&stage, &terminal, "Idle");
    terminal.submit("bash: touch made.txt");
    let pid = terminal.client().pid;
    until_or(
        WAIT_TIMEOUT,
        "a request that a hook holds",
        || {
            let session = session_of(&list(&stage.home), pid)?;
            let requests = session["requests"].as_array()?;
            (!requests.is_empty()).then_some(())
        },
        || list(&stage.home).to_string(),
    );
}
