//! What others do to a paused session, and what its end leaves.

use super::stage::{LONG, Stage, can_freeze};
use trusty_engine::hosts::Reconciled;
use trusty_tests::wait::until;
use trusty_tests::{Key, Shape, Signal};

#[test]
fn what_is_paused_stays_so() {
    let Some(stage) = Stage::new(Shape::PtyBash) else {
        return;
    };
    stage.pause("stop");
    assert_eq!(stage.reconcile(), Reconciled::Paused);
    stage.check_paused("stop");
    let again = stage.refused(&["pause", &stage.client.pid.to_string()]);
    assert!(again.contains("paused already"), "{again}");
    stage.resume();
    let again = stage.refused(&["resume", &stage.client.pid.to_string()]);
    assert!(again.contains("not paused"), "{again}");
}

#[test]
fn woken_by_others_the_rest_is_woken_too() {
    let Some(stage) = Stage::new(Shape::PtyZsh) else {
        return;
    };
    let settings = stage.settings();
    stage.pause("stop");
    assert!(stage.client.signal(Signal::CONT));
    assert_eq!(stage.reconcile(), Reconciled::Running);
    stage.check_running(&settings);
    stage.check_talks("say back again");
}

#[test]
fn brought_back_by_its_owner() {
    let Some(stage) = Stage::new(Shape::TmuxZsh) else {
        return;
    };
    let settings = stage.settings();
    stage.pause("suspend");
    stage.terminal.type_text("fg");
    stage.terminal.press(Key::Enter);
    until(LONG, "a running client", || {
        (stage.client.state()? != 'T' && stage.client.has_terminal()).then_some(())
    });
    assert_eq!(stage.reconcile(), Reconciled::Running);
    stage.check_running(&settings);
    stage.check_talks("say back again");
}

#[test]
fn nothing_is_typed_where_somebody_types() {
    let Some(stage) = Stage::new(Shape::TmuxBash) else {
        return;
    };
    let settings = stage.settings();
    stage.pause("suspend");
    stage.terminal.type_text("echo half");
    stage.terminal.wait_screen(LONG, "tb> echo half");
    let pid = stage.client.pid.to_string();
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("type fg in that terminal"), "{told}");
    stage.check_paused("suspend");
    stage.terminal.tmux_command(&["copy-mode", "-t", "work"]);
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("shows its past"), "{told}");
    let leave = ["send-keys", "-t", "work", "-X", "cancel"];
    stage.terminal.tmux_command(&leave);
    let set = ["set-option", "-p", "-t", "work", "synchronize-panes"];
    stage.terminal.tmux_command(&[&set[..], &["on"]].concat());
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("synchronize-panes off"), "{told}");
    stage.terminal.tmux_command(&[&set[..], &["off"]].concat());
    stage.terminal.press(Key::CtrlU);
    until(LONG, "an empty prompt", || {
        let screen = stage.terminal.screen();
        (!screen.contains("tb> echo half")).then_some(())
    });
    stage.resume();
    stage.check_running(&settings);
    stage.check_talks("say back again");
}

#[test]
fn killed_while_frozen_nothing_is_left() {
    if !can_freeze() {
        return;
    }
    let Some(stage) = Stage::new(Shape::TmuxBash) else {
        return;
    };
    stage.pause("freeze");
    let group = trusty_engine::io::sys::cgroup::of(stage.client.pid);
    let group = group.expect("readable").expect("a group");
    stage.terminal.signal(Signal::KILL);
    stage.terminal.wait_end(LONG, stage.client);
    assert_eq!(stage.reconcile(), Reconciled::Ended);
    assert!(stage.records().is_empty());
    assert!(!group.exists(), "{}", group.display());
}

fn hangs_up(shape: Shape, how: &str) {
    let Some(mut stage) = Stage::new(shape) else {
        return;
    };
    stage.pause(how);
    stage.terminal.hang_up();
    // Whether it hears of it before it goes on or then, it ends as it would have without a pause.
    until(LONG, "the end of the client", || {
        if !stage.records().is_empty() {
            stage.reconcile();
        }
        (!stage.client.is_alive() && stage.records().is_empty()).then_some(())
    });
}

#[test]
fn a_frozen_session_hears_that_its_terminal_was_closed() {
    if can_freeze() {
        hangs_up(Shape::PtyBash, "freeze");
        hangs_up(Shape::TmuxDirect, "freeze");
    }
}

#[test]
fn a_stopped_session_hears_that_its_terminal_was_closed() {
    hangs_up(Shape::PtyZsh, "stop");
    hangs_up(Shape::PtyDirect, "stop");
}

#[test]
fn a_session_put_aside_hears_that_its_terminal_was_closed() {
    hangs_up(Shape::TmuxBash, "suspend");
}
