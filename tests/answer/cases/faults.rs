//! Faults of the engine and of the hook: Claude Code's own dialog stays usable and the session
//! continues.

use crate::stage::{AnswerFixture, WAIT_TIMEOUT, allow, open, patient};
use std::fs;
use trusty_tests::trusty::serve;
use trusty_tests::wait::until_or;
use trusty_tests::{
    KeyboardKey, MANUAL_MODE_ARGS, PERMISSION_DIALOG_TEXT, Signal, TerminalShape, Value,
};

fn signal(stage: &AnswerFixture, signal: Signal) {
    let serving = stage.engine.as_ref().expect("an engine");
    assert!(serving.process().signal(signal));
}

/// The engine is killed while it holds a request of the main agent, and again while it holds one of
/// a sub-agent, which the terminal had not shown until then.
pub(crate) fn the_engine_is_killed(shape: TerminalShape) {
    let Some(mut stage) = patient(shape) else {
        return;
    };
    let before = stage.ask_permission("bash: touch first");
    signal(&stage, Signal::KILL);
    stage.engine = None;
    stage.wait_no_hook();
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("first");
    stage.rest();

    stage.engine = Some(serve(&stage.home));
    stage.ask_permission("agents 1 bg bash: touch second");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    signal(&stage, Signal::KILL);
    stage.engine = None;
    stage.wait_no_hook();
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    // The next engine reports the request, and that it can be answered only in the terminal.
    stage.engine = Some(serve(&stage.home));
    until_or(
        WAIT_TIMEOUT,
        "the need",
        || stage.session()?["need"]["elsewhere"].as_str().map(drop),
        || stage.diagnosis(),
    );
    assert!(stage.held_requests().is_empty());
    stage.is_late(&before, &allow());
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("second");
    stage.goes_on("say and on");
}

/// The engine neither answers nor exits: no hook waits for it.
pub(crate) fn the_engine_hangs(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    // The main agent's request is held when the engine hangs.
    let request = stage.ask_permission("bash: touch first");
    signal(&stage, Signal::STOP);
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("first");
    stage.rest();
    // A sub-agent asks while the engine hangs: the dialog appears nevertheless.
    stage.terminal.submit("agents 1 bg bash: touch second");
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("second");
    signal(&stage, Signal::CONT);
    stage.wait_over();
    stage.is_late(&request, &allow());
    stage.goes_on("say and on");
}

/// The engine hangs while it holds, without a time limit, a request that has no dialog yet: the
/// hook misses the sign of life and ends, and the dialog appears.
pub(crate) fn the_engine_hangs_with_a_sub_agent_held(shape: TerminalShape) {
    let Some(stage) = patient(shape) else {
        return;
    };
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    signal(&stage, Signal::STOP);
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("made");
    signal(&stage, Signal::CONT);
    stage.wait_over();
    stage.is_late(&request, &allow());
    stage.goes_on("say and on");
}

/// The engine exits on SIGTERM and returns the requests that it holds to the terminal.
pub(crate) fn the_engine_ends(shape: TerminalShape) {
    let Some(mut stage) = patient(shape) else {
        return;
    };
    stage.ask_permission("agents 1 bg bash: touch made");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    signal(&stage, Signal::TERM);
    let ended = stage.engine.as_mut().map(|s| s.wait(WAIT_TIMEOUT));
    assert!(ended.is_some());
    stage.engine = None;
    stage.wait_no_hook();
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.goes_on("say and on");
}

/// No engine runs: the dialogs of the main agent and of sub-agents appear as without a hook.
pub(crate) fn no_engine(shape: TerminalShape) {
    let Some(mut stage) = open(shape) else {
        return;
    };
    stage.engine = None;
    stage.terminal.submit("bash: touch first");
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    stage.wait_no_hook();
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("first");
    stage.rest();
    stage.terminal.submit("agents 1 bg bash: touch second");
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    assert!(stage.hooks().is_empty());
    stage.wait_made("second");
    stage.goes_on("say and on");
}

/// Claude Code ends a hook at its timeout: the card disappears, the dialog stays.
pub(crate) fn the_client_gives_up_the_hook(shape: TerminalShape) {
    let Some(mut stage) = patient(shape) else {
        return;
    };
    // Claude Code reads a copy of the hooks' entries from the project, with a short timeout; the
    // installed entries stay as they are.
    let ours = stage.home.config_dir().join("settings.json");
    let mut settings: Value =
        serde_json::from_slice(&fs::read(ours).expect("connected")).expect("JSON");
    settings["hooks"]["PermissionRequest"][0]["hooks"][0]["timeout"] = 8.into();
    let project = stage.folder.join(".claude");
    fs::create_dir_all(&project).expect("a folder");
    let file = project.join("settings.local.json");
    fs::write(file, settings.to_string()).expect("written");
    let sources = ["--setting-sources", "project,local"];
    stage.reopen(&[MANUAL_MODE_ARGS, sources].concat());
    let request = stage.ask_permission("agents 1 bg bash: touch made");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    stage.wait_over();
    stage.is_late(&request, &allow());
    until_or(
        WAIT_TIMEOUT,
        "why it is not answered from here",
        || {
            let need = stage.session()?["need"].clone();
            let why = need["elsewhere"].as_str()?;
            why.starts_with("the hook exited").then_some(())
        },
        || stage.diagnosis(),
    );
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.goes_on("say and on");
}
