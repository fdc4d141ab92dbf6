//! What others do to a paused session, and what its end leaves.

use super::stage::{WAIT_TIMEOUT, open};
use trusty_actions::Reconciled;
use trusty_fleet::action::PauseCandidate;
use trusty_fleet::observation::ToolPausePolicy;
use trusty_fleet::problem::ProblemCode;
use trusty_platform::sys::cgroup;
use trusty_tests::TerminalShape::{PtyBash, PtyDirect, PtyZsh, TmuxBash, TmuxZsh};
use trusty_tests::trusty::trusty;
use trusty_tests::wait::until;
use trusty_tests::{ApiEventKind, KeyboardKey, ProcessRef, Signal, TerminalShape, can_freeze};

#[test]
fn what_is_paused_stays_so() {
    let Some(stage) = open(PtyBash) else { return };
    stage.pause("stop");
    assert_eq!(stage.reconcile(), Reconciled::Paused);
    stage.check_paused("stop");
    let again = stage.refused(&["pause", &stage.pid()]);
    assert!(again.contains("already paused"), "{again}");
    stage.resume();
    let again = stage.refused(&["resume", &stage.pid()]);
    assert!(again.contains("not paused"), "{again}");
}

#[test]
fn woken_by_others_the_rest_is_woken_too() {
    let Some(stage) = open(PtyZsh) else { return };
    stage.pause("stop");
    assert!(stage.client.signal(Signal::CONT));
    assert_eq!(stage.reconcile(), Reconciled::Running);
    stage.check_running();
    stage.check_talks("say back again");
}

#[test]
fn brought_back_by_its_owner() {
    let Some(stage) = open(TmuxZsh) else { return };
    stage.pause("suspend");
    stage.terminal.type_text("fg");
    stage.terminal.press(KeyboardKey::Enter);
    until(WAIT_TIMEOUT, "a running session", || {
        (stage.client.state()? != 'T' && stage.client.has_terminal()).then_some(())
    });
    assert_eq!(stage.reconcile(), Reconciled::Running);
    stage.check_running();
    stage.check_talks("say back again");
}

#[test]
fn nothing_is_typed_where_somebody_types() {
    let Some(stage) = open(TmuxBash) else { return };
    stage.pause("suspend");
    stage.terminal.type_text("echo half");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "tb> echo half");
    let pid = stage.pid();
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("type fg in that terminal"), "{told}");
    stage.check_paused("suspend");
    stage.terminal.tmux_command(&["copy-mode", "-t", "work"]);
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("in copy mode"), "{told}");
    let leave = ["send-keys", "-t", "work", "-X", "cancel"];
    stage.terminal.tmux_command(&leave);
    let set = ["set-option", "-p", "-t", "work", "synchronize-panes"];
    stage.terminal.tmux_command(&[&set[..], &["on"]].concat());
    let told = stage.refused(&["resume", &pid]);
    assert!(told.contains("synchronize-panes off"), "{told}");
    stage.terminal.tmux_command(&[&set[..], &["off"]].concat());
    stage.terminal.press(KeyboardKey::CtrlU);
    until(WAIT_TIMEOUT, "an empty prompt", || {
        let screen = stage.terminal.screen();
        (!screen.contains("tb> echo half")).then_some(())
    });
    stage.resume();
    stage.check_running();
    stage.check_talks("say back again");
}

#[test]
fn killed_while_frozen_nothing_is_left() {
    if !can_freeze() {
        return;
    }
    let Some(stage) = open(TmuxBash) else { return };
    stage.pause("freeze");
    let group = cgroup::cgroup_of(stage.client.pid);
    let group = group.expect("readable").expect("a group");
    stage.terminal.signal(Signal::KILL);
    stage.terminal.wait_end(WAIT_TIMEOUT, stage.client);
    assert_eq!(stage.reconcile(), Reconciled::Ended);
    assert!(stage.records().is_empty());
    assert!(!group.exists(), "{}", group.display());
}

fn hangs_up(shape: TerminalShape, how: &str) {
    let Some(mut stage) = open(shape) else { return };
    stage.pause(how);
    stage.terminal.hang_up();
    // Whether the hang-up arrives before the resume or with it, the session ends as without a
    // pause.
    until(WAIT_TIMEOUT, "the end of the session", || {
        if !stage.records().is_empty() {
            stage.reconcile();
        }
        (!stage.client.is_alive() && stage.records().is_empty()).then_some(())
    });
}

#[test]
fn a_frozen_session_hears_that_its_terminal_was_closed() {
    if can_freeze() {
        hangs_up(PtyBash, "freeze");
        hangs_up(TerminalShape::TmuxDirect, "freeze");
    }
}

#[test]
fn a_stopped_session_hears_that_its_terminal_was_closed() {
    hangs_up(PtyZsh, "stop");
    hangs_up(PtyDirect, "stop");
}

#[test]
fn a_session_put_aside_hears_that_its_terminal_was_closed() {
    hangs_up(TmuxBash, "suspend");
}

#[test]
fn a_group_without_others_is_kept_alive() {
    if !can_freeze() {
        return;
    }
    let Some(mut stage) = open(TerminalShape::TmuxDirect) else {
        return;
    };
    let nest = stage.nest();
    stage.pause("freeze");
    stage.check_paused("freeze");
    let members = cgroup::members(&nest).expect("readable");
    let [keeper] = members.as_slice() else {
        panic!("{members:?}");
    };
    let keeper = ProcessRef::of_pid(*keeper).expect("alive");
    let program = keeper.exe().expect("ours");
    assert_eq!(program.file_name().expect("a name"), "trusty-hook");
    stage.resume();
    stage.check_running();
    assert!(!keeper.is_alive());
    stage.check_talks("say back again");
}

#[test]
fn what_tmux_wakes_is_let_go() {
    let Some(stage) = open(TerminalShape::TmuxDirect) else {
        return;
    };
    let way = PauseCandidate::Stop {
        shells: Vec::new(),
        group: stage.client.pid,
    };
    // tmux wakes the process at once, mostly before its state is checked.
    let done = stage.perform(stage.pausing(way, ToolPausePolicy::Stop));
    until(WAIT_TIMEOUT, "tmux to wake the session", || {
        (stage.client.state() != Some('T')).then_some(())
    });
    match done {
        Ok(()) => assert_eq!(stage.reconcile(), Reconciled::Running),
        Err(told) => assert_eq!(told.code(), ProblemCode::Failed),
    }
    stage.check_running();
    stage.check_talks("say still here");
}

#[test]
fn without_a_record_nothing_is_done() {
    let Some(stage) = open(PtyDirect) else { return };
    let data = stage.home.xdg_data().join("trusty");
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("paused"), "in the way").expect("written");
    let told = stage.refused(&["pause", &stage.pid(), "--how", "stop"]);
    assert!(told.contains("nothing was done"), "{told}");
    assert_ne!(stage.client.state(), Some('T'));
    stage.check_talks("say still here");
}

#[test]
fn who_is_interrupted_leaves_no_half_of_a_pause() {
    let Some(stage) = open(PtyBash) else { return };
    let mut command = trusty(&stage.home);
    command.args(["pause", &stage.pid(), "--how", "stop"]);
    let mut trusty = command.spawn().expect("trusty runs");
    // A stopped process is watched for a while before the pause is reported.
    until(WAIT_TIMEOUT, "a record", || {
        (!stage.records().is_empty()).then_some(())
    });
    let process = ProcessRef::of_pid(trusty.id()).expect("alive");
    assert!(process.signal(Signal::INT));
    let status = trusty.wait().expect("ends");
    assert!(status.code().is_some(), "{status}");
    stage.check_paused("stop");
    stage.resume();
    stage.check_running();
}

#[test]
fn nothing_but_continue_is_sent_to_an_interrupted_session() {
    let Some(stage) = open(TmuxBash) else { return };
    stage.begin("stream 30s");
    stage.terminal.enter_text("of several\\");
    stage.terminal.press(KeyboardKey::Enter);
    stage.terminal.enter_text("lines");
    stage.pause("interrupt");
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    let told = stage.refused(&["resume", &stage.pid()]);
    assert!(told.contains("type continue there"), "{told}");
    let asked = |e: &&trusty_tests::ApiEvent| e.kind == ApiEventKind::Requested;
    assert_eq!(stage.api.events().iter().filter(asked).count(), 1);
    assert_eq!(stage.records().len(), 1);
    stage.terminal.press(KeyboardKey::CtrlC);
    stage.resume();
    stage.wait_answered("continue");
    assert!(stage.records().is_empty());
}

#[test]
fn interrupted_and_told_to_continue() {
    let Some(stage) = open(TmuxZsh) else { return };
    stage.begin("stream 30s");
    stage.pause("interrupt");
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.resume();
    stage.wait_answered("continue");
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.check_asked_once("continue");
    assert!(stage.records().is_empty());
}

/// Claude Code reads Escape and the next key as one if it has not read the first yet.
#[test]
fn interrupted_and_resumed_at_once_its_turn_is_over_and_it_continues() {
    let Some(stage) = open(TmuxBash) else { return };
    stage.begin("stream 300s");
    stage.pause("interrupt");
    let told = stage.terminal.registry().expect("a registry file");
    assert_eq!(told["status"], "idle", "what is done is done");
    stage.resume();
    stage.wait_answered("continue");
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.check_asked_once("continue");
    assert!(stage.records().is_empty());
}
