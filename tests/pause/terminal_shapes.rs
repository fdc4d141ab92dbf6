//! Every kind of pause in every kind of terminal that it is for, while an answer streams.

use super::stage::{WAIT_TIMEOUT, open};
use trusty_tests::{KeyboardKey, TerminalShape, can_freeze};

fn streams_on(shape: TerminalShape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = open(shape) else { return };
    let prompt = "stream 12s";
    stage.terminal.submit(prompt);
    stage.wait_begun(prompt);
    stage.wait_prompt(prompt);
    stage.pause(how);
    stage.check_paused(how);
    let summary = stage.summary();
    assert!(summary.contains(prompt), "{summary}");
    assert_eq!(
        summary.contains("in its pane:"),
        shape.is_tmux(),
        "{summary}"
    );
    // Seconds later all of the answer was sent, and none of it read.
    stage.wait_answered(prompt);
    stage.check_paused(how);
    let told = stage.terminal.registry().expect("a registry file");
    assert_eq!(told["status"], "busy");
    stage.resume();
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.check_running();
    stage.check_asked_once(prompt);
    stage.check_talks("say back again");
    stage.check_job_control();
    stage.check_talks("say and again");
}

#[test]
fn p1_frozen_in_a_tmux_pane() {
    streams_on(TerminalShape::TmuxDirect, "freeze");
}

#[test]
fn p1_frozen_in_bash_in_tmux() {
    streams_on(TerminalShape::TmuxBash, "freeze");
}

#[test]
fn p1_frozen_in_zsh_in_tmux() {
    streams_on(TerminalShape::TmuxZsh, "freeze");
}

#[test]
fn p1_frozen_in_a_plain_terminal() {
    streams_on(TerminalShape::PtyDirect, "freeze");
}

#[test]
fn p1_frozen_in_bash() {
    streams_on(TerminalShape::PtyBash, "freeze");
}

#[test]
fn p1_frozen_in_zsh() {
    streams_on(TerminalShape::PtyZsh, "freeze");
}

#[test]
fn p1_stopped_in_a_plain_terminal() {
    streams_on(TerminalShape::PtyDirect, "stop");
}

#[test]
fn p1_stopped_in_bash() {
    streams_on(TerminalShape::PtyBash, "stop");
}

#[test]
fn p1_stopped_in_zsh() {
    streams_on(TerminalShape::PtyZsh, "stop");
}

#[test]
fn p1_put_aside_in_bash_in_tmux() {
    streams_on(TerminalShape::TmuxBash, "suspend");
}

#[test]
fn p1_put_aside_in_zsh_in_tmux() {
    streams_on(TerminalShape::TmuxZsh, "suspend");
}

fn half_typed(shape: TerminalShape, kinds: &[&str]) {
    let Some(stage) = open(shape) else { return };
    stage.terminal.enter_text("say half");
    for how in kinds {
        stage.pause(how);
        stage.check_paused(how);
        stage.resume();
        stage.check_running();
    }
    stage.terminal.wait_screen(WAIT_TIMEOUT, "say half");
    stage.terminal.enter_text(" and whole");
    stage.terminal.press(KeyboardKey::Enter);
    let whole = "say half and whole";
    stage.wait_answered(whole);
    stage.check_asked_once(whole);
}

#[test]
fn p1_what_is_half_typed_stays_in_bash() {
    half_typed(TerminalShape::PtyBash, &["stop", "stop"]);
}

#[test]
fn p1_what_is_half_typed_stays_in_tmux() {
    half_typed(TerminalShape::TmuxZsh, &["suspend", "suspend"]);
}

#[test]
fn p1_what_is_half_typed_stays_frozen() {
    if can_freeze() {
        half_typed(TerminalShape::TmuxDirect, &["freeze", "freeze"]);
    }
}
