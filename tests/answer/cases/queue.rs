//! Several requests of one session.

use crate::stage::{AnswerFixture, WAIT_TIMEOUT, allow, deny, id, open, patient, stop};
use trusty_tests::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape, Value};

/// Two calls for which Claude Code asks at the same time.
const TWO_CALLS_PROMPT: &str =
    r#"call: Read {"file_path":"/etc/hostname"} || Read {"file_path":"/etc/hosts"}"#;

fn about(stage: &AnswerFixture, request: &str) -> String {
    let whole = stage.whole(request);
    let path = whole["content"]["input"]["file_path"].as_str();
    path.expect("a path").to_owned()
}

/// The second request is answered first, and only that one.
pub(crate) fn each_by_its_own_id(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    stage.terminal.submit(TWO_CALLS_PROMPT);
    let held = stage.wait_held(2);
    let since = |r: &Value| {
        let text = r["since"].as_str().unwrap_or_default();
        // Fractions of a second of different length compare correctly without the `Z`.
        text.trim_end_matches('Z').to_owned()
    };
    assert!(since(&held[0]) <= since(&held[1]), "in order: {held:?}");
    let (first, second) = (id(&held[0]), id(&held[1]));
    let (one, other) = (about(&stage, &first), about(&stage, &second));
    assert_ne!(one, other);
    stage.give_answer(&second, &deny(&format!("not {other}")));
    assert_eq!(id(&stage.wait_held(1)[0]), first);
    stage.is_late(&second, &allow());
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    stage.give_answer(&first, &allow());
    stage.wait_result(&format!("not {other}"));
    stage.wait_over();
    stage.goes_on("say and on");
    let denied = |r: &&String| r.contains("not /etc/");
    let results = stage.results();
    assert_eq!(results.iter().filter(denied).count(), 1, "{results:?}");
    assert_eq!(results.len(), 2, "{results:?}");
}

/// A model whose call was denied makes the same call again at once.
pub(crate) fn asked_again(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let first = stage.ask_permission("bash: touch made finally bash: touch made");
    stage.give_answer(&first, &deny("not now"));
    let again = id(&stage.wait_held(1)[0]);
    assert_ne!(again, first);
    stage.is_late(&first, &allow());
    stage.give_answer(&again, &allow());
    stage.wait_made("made");
    stage.wait_over();
    stage.goes_on("say and on");
}

/// Claude Code ends the turn, and with it the other request.
pub(crate) fn stop_ends_both(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    stage.terminal.submit(TWO_CALLS_PROMPT);
    let held = stage.wait_held(2);
    stage.give_answer(&id(&held[1]), &stop());
    stage.wait_over();
    stage.is_late(&id(&held[0]), &allow());
    stage.terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    stage.goes_on("say and on");
}

/// A sub-agent's request is held while the main agent's dialog is on the screen. One is answered in
/// the terminal, the other through Trusty Bar.
pub(crate) fn the_main_agent_beside_a_sub_agent(shape: TerminalShape) {
    let Some(stage) = patient(shape) else { return };
    let agents = stage.ask_permission("agents 1 bg bash: touch made-by-agent");
    stage.terminal.submit("bash: touch made-by-main");
    let held = stage.wait_held(2);
    assert_eq!(id(&held[0]), agents, "the older one first");
    let main = id(&held[1]);
    assert!(held[1]["agent"].is_null(), "{held:?}");
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("made-by-main");
    assert_eq!(id(&stage.wait_held(1)[0]), agents);
    stage.is_late(&main, &deny("too late"));
    assert!(!stage.made("made-by-agent"));
    stage.give_answer(&agents, &allow());
    stage.wait_made("made-by-agent");
    stage.wait_over();
    stage.goes_on("say and on");
}
