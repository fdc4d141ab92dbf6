//! What a session runs is paused with it, and never runs on when it is ended.

use super::stage::{LONG, Stage};
use std::fs;
use trusty_fleet::action::Way;
use trusty_fleet::observation::Tools;
use trusty_tests::trusty::run;
use trusty_tests::wait::until;
use trusty_tests::{Key, ProcessRef, Shape, can_freeze};

/// Writes a line every tenth of a second until it is told to end, which is the last line.
const WORK: &str = "i=0; until [ -e go ] || [ $i -gt 600 ]; do echo $i >> lines; sleep 0.1; \
                    i=$((i+1)); done; echo end >> lines";

fn written(stage: &Stage) -> String {
    fs::read_to_string(stage.folder.join("lines")).unwrap_or_default()
}

fn lines(stage: &Stage) -> usize {
    written(stage).lines().count()
}

#[track_caller]
fn wait_end(stage: &Stage) {
    fs::write(stage.folder.join("go"), "").expect("written");
    until(LONG, "the end of the command", || {
        written(stage).ends_with("end\n").then_some(())
    });
}

/// A session with a command at work.
fn working(shape: Shape) -> Option<Stage> {
    let stage = Stage::new(shape)?;
    stage.terminal.submit(&format!("bash: {WORK}"));
    stage.terminal.wait_screen(LONG, "Do you want to proceed?");
    stage.terminal.answer(Key::Char('1'));
    until(LONG, "a command at work", || {
        (lines(&stage) > 2).then_some(())
    });
    Some(stage)
}

fn tools(stage: &Stage) -> Vec<ProcessRef> {
    let mut tree = stage.client.tree();
    // What has ended is only to be taken note of, by one that is stopped.
    tree.retain(|process| *process != stage.client && process.is_alive());
    tree
}

fn rest_with_it(shape: Shape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = working(shape) else { return };
    let settings = stage.settings();
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
    stage.check_running(&settings);
    wait_end(&stage);
    stage.terminal.wait_status(LONG, "idle");
    stage.check_talks("say back again");
}

#[test]
fn commands_are_frozen_with_it() {
    rest_with_it(Shape::PtyDirect, "freeze");
}

#[test]
fn commands_are_stopped_with_it() {
    rest_with_it(Shape::PtyBash, "stop");
}

#[test]
fn commands_run_on_if_that_is_wished() {
    let Some(stage) = working(Shape::PtyDirect) else {
        return;
    };
    let settings = stage.settings();
    let way = Way::Stop {
        shells: Vec::new(),
        group: stage.client.pid,
    };
    let deed = stage.pausing(way, Tools::Run);
    stage.perform(deed).expect("paused");
    stage.check_paused("stop");
    wait_end(&stage);
    stage.check_paused("stop");
    stage.resume();
    stage.terminal.wait_status(LONG, "idle");
    stage.check_running(&settings);
    stage.check_talks("say back again");
}

fn end_with_it(shape: Shape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = working(shape) else { return };
    stage.pause(how);
    let tools = tools(&stage);
    let written = lines(&stage);
    let ran = run(
        &stage.home,
        ["stop", &stage.client.pid.to_string(), "--yes"],
    );
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(!stage.client.is_alive());
    until(LONG, "the end of its commands", || {
        tools.iter().all(|t| !t.is_alive()).then_some(())
    });
    assert_eq!(lines(&stage), written, "what was paused ran on");
    assert!(stage.records().is_empty());
    let root = stage.terminal.root();
    assert!(root == stage.client || root.state() != Some('T'));
}

#[test]
fn ended_while_frozen_nothing_runs_on() {
    end_with_it(Shape::TmuxBash, "freeze");
}

#[test]
fn ended_while_stopped_nothing_runs_on() {
    end_with_it(Shape::PtyZsh, "stop");
}

#[test]
fn ended_while_put_aside() {
    let Some(stage) = Stage::new(Shape::TmuxBash) else {
        return;
    };
    stage.pause("suspend");
    let ran = run(
        &stage.home,
        ["stop", &stage.client.pid.to_string(), "--yes"],
    );
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(!stage.client.is_alive() && stage.records().is_empty());
}

#[test]
fn one_put_aside_where_somebody_types_is_killed_only_on_the_second_word() {
    let Some(stage) = Stage::new(Shape::TmuxBash) else {
        return;
    };
    stage.pause("suspend");
    stage.terminal.type_text("echo half");
    stage.terminal.wait_screen(LONG, "tb> echo half");
    let pid = stage.client.pid.to_string();
    let stays = run(&stage.home, ["stop", &pid, "--yes"]);
    let told = String::from_utf8_lossy(&stays.stderr);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(told.contains("as soon as fg is typed"), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    stage.check_paused("suspend");
    let killed = run(&stage.home, ["stop", &pid, "--yes", "--kill"]);
    let told = String::from_utf8_lossy(&killed.stderr);
    assert!(killed.status.success(), "{told}");
    assert!(!stage.client.is_alive() && stage.records().is_empty());
    assert!(stage.terminal.screen().contains("tb> echo half"));
}
