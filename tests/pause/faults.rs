//! Killed at every step, then `trusty resume --all`: the session runs, and its terminal is
//! unchanged.

use super::stage::{WAIT_TIMEOUT, open};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use trusty_actions::PAUSE_STEPS;
use trusty_tests::TerminalShape::TmuxBash;
use trusty_tests::trusty::{FAILPOINT_VARIABLE, failpoint_program, program};
use trusty_tests::wait::until;
use trusty_tests::{KeyboardKey, TerminalShape, can_freeze};

/// The time between two Escapes, which in a row mean something else to Claude Code.
const ESCAPE_INTERVAL: Duration = Duration::from_secs(1);

fn survives(shape: TerminalShape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(mut stage) = open(shape) else { return };
    if how == "freeze" {
        // In the root control group there is nothing to be kept alive.
        stage.nest();
    }
    let (_, steps) = PAUSE_STEPS
        .iter()
        .find(|(kind, _)| *kind == how)
        .expect("steps");
    for step in *steps {
        let began = stage.killed_at(step, "pause", Some(how));
        if !began {
            stage.check_paused(how);
            let reached = stage.killed_at(step, "resume", None);
            assert!(reached, "{step} is never passed");
        }
        stage.resume_all();
        stage.check_running();
    }
    stage.check_talks("say back again");
    stage.check_job_control();
    stage.check_talks("say and again");
}

#[test]
fn killed_while_freezing() {
    survives(TerminalShape::TmuxZsh, "freeze");
}

#[test]
fn killed_while_stopping() {
    survives(TerminalShape::PtyBash, "stop");
}

#[test]
fn killed_while_putting_aside() {
    survives(TmuxBash, "suspend");
}

/// What the user has begun to type meanwhile is not run along with `fg`.
#[test]
fn killed_while_putting_aside_and_typed_over() {
    let Some(stage) = open(TmuxBash) else { return };
    assert!(stage.killed_at("suspend.pressed", "pause", Some("suspend")));
    until(WAIT_TIMEOUT, "a prompt", || {
        let aside = stage.client.state()? == 'T' && stage.terminal.root().has_terminal();
        aside.then_some(())
    });
    stage.terminal.type_text("; touch typed");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "touch typed");
    stage.terminal.press(KeyboardKey::CtrlA);
    stage.resume_all();
    stage.check_running();
    stage.terminal.press(KeyboardKey::CtrlZ);
    until(WAIT_TIMEOUT, "a prompt", || {
        let aside = stage.client.state()? == 'T' && stage.terminal.root().has_terminal();
        aside.then_some(())
    });
    stage.terminal.type_text("touch later");
    stage.terminal.press(KeyboardKey::Enter);
    let later = stage.folder.join("later");
    until(WAIT_TIMEOUT, "the next command", || {
        later.exists().then_some(())
    });
    assert!(!stage.folder.join("typed").exists());
}

/// An interruption cannot be undone: no record is left, and the input line is the user's.
#[test]
fn killed_while_interrupting() {
    let Some(stage) = open(TmuxBash) else { return };
    let steps = PAUSE_STEPS.iter().find(|(kind, _)| *kind == "interrupt");
    for (at, step) in steps.expect("steps").1.iter().enumerate() {
        let prompt = format!("stream {}s", 30 + at);
        stage.terminal.submit(&prompt);
        stage.wait_begun(&prompt);
        stage.terminal.wait_status(WAIT_TIMEOUT, "busy");
        if !stage.killed_at(step, "pause", Some("interrupt")) {
            stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
            let reached = stage.killed_at(step, "resume", None);
            assert!(reached, "{step} is never passed");
        }
        stage.resume_all();
        stage.check_running();
        // Whether the turn was interrupted, and what stands in the input line, depends on the step.
        until(WAIT_TIMEOUT, "an idle session", || {
            let told = stage.terminal.registry()?;
            if told["status"] == "busy" {
                stage.terminal.press(KeyboardKey::Escape);
                sleep(ESCAPE_INTERVAL);
            }
            (told["status"] == "idle").then_some(())
        });
        stage.terminal.press(KeyboardKey::CtrlU);
    }
    stage.check_talks("say back again");
}

/// Whether a program holds this text.
fn holds(program: &Path, text: &str) -> bool {
    let bytes = std::fs::read(program).expect("a program");
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

#[test]
fn only_the_programs_of_these_tests_have_failpoints() {
    assert!(holds(&failpoint_program(), FAILPOINT_VARIABLE));
    for name in ["trusty", "trusty-hook", "trusty-bar"] {
        let program = program(name);
        assert!(!holds(&program, FAILPOINT_VARIABLE), "{name}");
        assert!(holds(&program, "trusty"), "{name} is read");
    }
}
