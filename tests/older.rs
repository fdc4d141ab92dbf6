//! The test support with older versions of Claude Code, which report less about themselves: what
//! they do is read from the screen.
#![cfg(target_os = "linux")]

use trusty_tests::wait::until;
use trusty_tests::{
    ApiEventKind, KeyboardKey, TerminalShape, TestStage, TestedClient, WAIT_TIMEOUT,
};

const IDLE_HINT: &str = "? for shortc";

fn exercise(client: TestedClient, shape: TerminalShape) {
    let program = client.program().expect("make older-clients installs it");
    let Some(stage) = TestStage::builder().client(client).build() else {
        return;
    };
    let folder = stage.home.project("work");
    let terminal = stage.open_at(shape, &folder, &["--permission-mode", client.asking()]);
    let process = terminal.client();
    assert_eq!(process.exe(), Some(program.exe));
    let first = terminal.wait_screen(WAIT_TIMEOUT, IDLE_HINT);
    assert!(first.contains(&format!("v{}", client.version())), "{first}");
    if client != TestedClient::V2_0_77 {
        terminal.wait_registry(WAIT_TIMEOUT, |said| {
            client.tells_status() == said["status"].is_string()
        });
    }

    terminal.submit("stream 3s");
    stage.wait_begun("stream 3s");
    terminal.wait_screen(WAIT_TIMEOUT, "esc to interr");
    stage.wait_answered("stream 3s");
    terminal.wait_screen(WAIT_TIMEOUT, "line 30");
    terminal.wait_screen(WAIT_TIMEOUT, IDLE_HINT);

    terminal.submit("bash: touch x1");
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to proceed?");
    assert!(!folder.join("x1").exists());
    terminal.answer(KeyboardKey::Char('1'));
    until(WAIT_TIMEOUT, "the file x1", || {
        folder.join("x1").exists().then_some(())
    });
    terminal.wait_screen(WAIT_TIMEOUT, "● Done.");

    let long = "say begun then stream 30s";
    terminal.submit(long);
    terminal.wait_screen(WAIT_TIMEOUT, "● begun");
    terminal.wait_screen(WAIT_TIMEOUT, "esc to interr");
    terminal.press(KeyboardKey::Escape);
    terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    stage
        .api
        .wait_for(WAIT_TIMEOUT, long, ApiEventKind::Disconnected);

    if client == TestedClient::V2_0_77 {
        assert_eq!(terminal.registry(), None);
    }
    terminal.submit("/exit");
    terminal.wait_end(WAIT_TIMEOUT, process);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_registry() {
    exercise(TestedClient::V2_0_77, TerminalShape::TmuxBash);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_registry_as_the_pane_s_process() {
    exercise(TestedClient::V2_0_77, TerminalShape::TmuxDirect);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_status() {
    exercise(TestedClient::V2_1_90, TerminalShape::TmuxBash);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_status_as_the_pane_s_process() {
    exercise(TestedClient::V2_1_90, TerminalShape::TmuxDirect);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_with_other_words() {
    exercise(TestedClient::V2_1_120, TerminalShape::TmuxBash);
}
