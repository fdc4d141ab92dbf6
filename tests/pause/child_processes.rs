//! The processes that a session runs are paused with it, and do not run on when it is ended.

use super::stage::{PauseFixture, WAIT_TIMEOUT, open};
use std::fs;
use trusty_fleet::action::PauseCandidate;
use trusty_fleet::observation::ToolPausePolicy;
use trusty_tests::TerminalShape::TmuxBash;
use trusty_tests::wait::until;
use trusty_tests::{ProcessRef, TerminalShape, can_freeze, stderr_text};

/// Writes a line every tenth of a second until told to end, which is the last line.
const WORK_SCRIPT: &str = "i=0; until [ -e go ] || [ $i -gt 600 ]; do echo $i >> lines; sleep 0.1; \
                    i=$((i+1)); done; echo end >> lines";

fn written(stage: &PauseFixture) -> String {
    fs::read_to_string(stage.folder.join("lines")).unwrap_or_default()
}

fn lines(stage: &PauseFixture) -> usize {
    written(stage).lines().count()
}

#[track_caller]
fn wait_end(stage: &PauseFixture) {
    fs::write(stage.folder.join("go"), "").expect("written");
    until(WAIT_TIMEOUT, "the end of the command", || {
        written(stage).ends_with("end\n").then_some(())
    });
}

/// A session with a command at work.
fn working(shape: TerminalShape) -> Option<PauseFixture> {
    let stage = open(shape)?;
    stage.terminal.submit(&format!("bash: {WORK_SCRIPT}"));
    stage.terminal.approve();
    until(WAIT_TIMEOUT, "a command at work", || {
        (lines(&stage) > 2).then_some(())
    });
    Some(stage)
}

fn tools(stage: &PauseFixture) -> Vec<ProcessRef> {
    let mut tree = stage.client.tree();
    // A stopped parent does not reap children that have ended, so zombies are left out.
    tree.retain(|process| *process != stage.client && process.is_alive());
    tree
}

fn rest_with_it(shape: TerminalShape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = working(shape) else { return };
    stage.pause(how);
    stage.check_paused(how);
    let tools = tools(&stage);
    assert!(!tools.is_empty());
    for tool in &tools {
        if how == "freeze" {
            assert!(trusty_platform::sys::is_frozen(tool.pid), "{tool:?}");
        } else {
            assert_eq!(tool.state(), Some('T'), "{tool:?}");
        }
    }
    stage.resume();
    stage.check_running();
    wait_end(&stage);
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.check_talks("say back again");
}

#[test]
fn commands_are_frozen_with_it() {
    rest_with_it(TerminalShape::PtyDirect, "freeze");
}

#[test]
fn commands_are_stopped_with_it() {
    rest_with_it(TerminalShape::PtyBash, "stop");
}

#[test]
fn commands_run_on_if_that_is_wished() {
    let Some(stage) = working(TerminalShape::PtyDirect) else {
        return;
    };
    let way = PauseCandidate::Stop {
        shells: Vec::new(),
        group: stage.client.pid,
    };
    let deed = stage.pausing(way, ToolPausePolicy::Run);
    stage.perform(deed).expect("paused");
    stage.check_paused("stop");
    wait_end(&stage);
    stage.check_paused("stop");
    stage.resume();
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.check_running();
    stage.check_talks("say back again");
}

fn end_with_it(shape: TerminalShape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = working(shape) else { return };
    stage.pause(how);
    let tools = tools(&stage);
    let written = lines(&stage);
    let ran = stage.run(&["stop", &stage.pid(), "--yes"]);
    assert!(ran.status.success(), "{}", stderr_text(&ran));
    assert!(!stage.client.is_alive());
    until(WAIT_TIMEOUT, "the end of the session's commands", || {
        tools.iter().all(|t| !t.is_alive()).then_some(())
    });
    assert_eq!(lines(&stage), written, "what was paused ran on");
    assert!(stage.records().is_empty());
    let root = stage.terminal.root();
    assert!(root == stage.client || root.state() != Some('T'));
}

#[test]
fn ended_while_frozen_nothing_runs_on() {
    end_with_it(TmuxBash, "freeze");
}

#[test]
fn ended_while_stopped_nothing_runs_on() {
    end_with_it(TerminalShape::PtyZsh, "stop");
}

#[test]
fn ended_while_put_aside() {
    let Some(stage) = open(TmuxBash) else { return };
    stage.pause("suspend");
    let ran = stage.run(&["stop", &stage.pid(), "--yes"]);
    assert!(ran.status.success(), "{}", stderr_text(&ran));
    assert!(!stage.client.is_alive() && stage.records().is_empty());
}

#[test]
fn one_put_aside_where_somebody_types_is_killed_only_on_the_second_word() {
    let Some(stage) = open(TmuxBash) else { return };
    stage.pause("suspend");
    stage.terminal.type_text("echo half");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "tb> echo half");
    let pid = stage.pid();
    let stays = stage.run(&["stop", &pid, "--yes"]);
    let told = String::from_utf8_lossy(&stays.stderr);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(told.contains("as soon as fg is typed"), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    stage.check_paused("suspend");
    let killed = stage.run(&["stop", &pid, "--yes", "--kill"]);
    let told = String::from_utf8_lossy(&killed.stderr);
    assert!(killed.status.success(), "{told}");
    assert!(!stage.client.is_alive() && stage.records().is_empty());
    assert!(stage.terminal.screen().contains("tb> echo half"));
}
