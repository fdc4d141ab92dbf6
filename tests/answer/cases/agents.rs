//! Requests of sub-agents: Claude Code shows them only after the hook has ended.

use crate::stage::{
    AnswerFixture, UNTIL_ANSWERED_SETTINGS, WAIT_TIMEOUT, allow, deny, id, open, patient,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use trusty_tests::trusty::configure;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape};

/// The request is held, names its agent, and is allowed before its dialog is shown.
pub(crate) fn answered_while_held(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    let session = stage.session().expect("listed");
    assert_eq!(session["status"], "AwaitingApproval", "{session}");
    let agent = session["requests"][0]["agent"].as_str().unwrap_or_default();
    assert!(!agent.is_empty(), "{session}");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage.give_answer(&request, &allow());
    stage.wait_made("made");
    stage.wait_over();
    stage.goes_on("say and on");
}

/// The request is returned to the terminal when its time is over, and is answered there.
pub(crate) fn released_after_its_time(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    let held = &stage.held_requests();
    // A request whose time is already over is no longer listed.
    assert!(held.iter().all(|r| !r["until"].is_null()), "{held:?}");
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    stage.wait_over();
    stage.is_late(&request, &allow());
    until_or(
        WAIT_TIMEOUT,
        "a need that is answered in the terminal",
        || {
            let need = stage.session()?["need"].clone();
            need["elsewhere"].as_str().map(drop)
        },
        || stage.diagnosis(),
    );
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.goes_on("say and on");
}

/// The user prolongs the hold in the settings while the request is held.
pub(crate) fn held_for_longer(shape: TerminalShape) {
    let settings = "[answers]\nhold_agents = 10\n";
    let Some(stage) = AnswerFixture::open(shape, "manual", settings) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    configure(&stage.home, UNTIL_ANSWERED_SETTINGS);
    until_or(
        WAIT_TIMEOUT,
        "no end",
        || {
            stage.held_requests().first()?["until"]
                .is_null()
                .then_some(())
        },
        || stage.diagnosis(),
    );
    // A hook that has not received the new time hangs up 12 s after it asked.
    let due = Instant::now() + Duration::from_secs(14);
    until(WAIT_TIMEOUT, "the old end", || {
        (Instant::now() > due).then_some(())
    });
    stage.wait_held(1);
    stage.give_answer(&request, &allow());
    stage.wait_made("made");
    stage.goes_on("say and on");
}

/// The user returns the request to the terminal and answers there.
pub(crate) fn let_go_from_here(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage.give_answer(&request, &json!({"kind": "release"}));
    stage.wait_over();
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.is_late(&request, &allow());
    stage.goes_on("say and on");
}

/// The request is denied and the agent's work is ended.
pub(crate) fn denied_and_stopped(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    stage.give_answer(&request, &json!({"kind": "stop"}));
    stage.wait_over();
    stage.rest();
    assert!(!stage.made("made"));
    stage.goes_on("say and on");
}

/// The session is cleared while the request is held: the agent continues, and its request can still
/// be answered.
pub(crate) fn outlives_its_session(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    let id = || {
        stage.session()?["claude"]["session_id"]
            .as_str()
            .map(str::to_owned)
    };
    let before = id().expect("a session");
    stage.terminal.submit("/clear");
    until(WAIT_TIMEOUT, "another session", || {
        id().filter(|id| *id != before)
    });
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage.wait_held(1);
    stage.give_answer(&request, &allow());
    stage.wait_made("made");
    stage.wait_over();
    stage.goes_on("say and on");
}

/// Three sub-agents make the same request: an answer applies to one of them.
pub(crate) fn alike_but_not_the_same(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    stage.terminal.submit("agents 3 bg bash: echo x >> made");
    let all: Vec<String> = stage.wait_held(3).iter().map(id).collect();
    let different: BTreeSet<&String> = all.iter().collect();
    assert_eq!(different.len(), 3, "{all:?}");
    stage.give_answer(&all[1], &allow());
    stage.wait_made("made");
    let left: Vec<String> = stage.wait_held(2).iter().map(id).collect();
    assert_eq!(left, [all[0].clone(), all[2].clone()]);
    stage.is_late(&all[1], &allow());
    stage.give_answer(&all[2], &deny("one is enough"));
    stage.give_answer(&all[0], &deny("one is enough"));
    stage.wait_over();
    stage.goes_on("say and on");
    let made = std::fs::read_to_string(stage.folder.join("made")).expect("made");
    assert_eq!(made, "x\n");
}
