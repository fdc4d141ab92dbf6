//! Permission for one tool.

use crate::stage::{WAIT_TIMEOUT, allow, deny, id, open, scripted, stop};
use serde_json::json;
use std::fs;
use trusty_tests::{PERMISSION_DIALOG_TEXT, TerminalShape, Value};

/// The request is shown in full, allowed, and the tool runs.
pub(crate) fn allow_runs(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made");
    let session = stage.session().expect("listed");
    assert_eq!(session["status"], "AwaitingApproval", "{session}");
    assert_eq!(session["need"]["elsewhere"], Value::Null, "{session}");
    let whole = stage.whole(&request);
    assert_eq!(whole["content"]["tool"], "Bash", "{whole}");
    assert_eq!(
        whole["content"]["input"]["command"], "touch made",
        "{whole}"
    );
    assert!(!stage.made("made"));
    stage.give_answer(&request, &allow());
    stage.wait_made("made");
    stage.wait_over();
    stage.is_late(&request, &allow());
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, "Allowed by PermissionRequest hook");
    stage.goes_on("say and on");
}

/// The tool does not run, the model receives the reason, and the turn continues.
pub(crate) fn deny_goes_on(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made finally say told of it");
    stage.give_answer(&request, &deny("Not on a \"Monday\"\nplease"));
    stage.wait_result("Not on a \"Monday\"\nplease");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "told of it");
    stage.wait_over();
    assert!(!stage.made("made"));
    stage.goes_on("say and on");
}

/// Neither the tool nor the one that was to follow runs, and the turn is over.
pub(crate) fn stop_ends_the_turn(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("parallel bash: touch made || touch more");
    stage.give_answer(&request, &stop());
    stage.terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    stage.rest();
    stage.wait_over();
    assert!(!stage.made("made") && !stage.made("more"));
    stage.goes_on("say and on");
}

/// The answer echoes a rule that Claude Code suggests: Claude Code writes the rule and asks no
/// more.
pub(crate) fn always_asks_no_more(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let command = "truncate --size=+1 made";
    let request = stage.ask_permission(&format!("bash: {command}"));
    let offers = stage.whole(&request)["content"]["suggestions"].clone();
    let rules = offers.as_array().expect("a list");
    let lasting = rules.iter().position(|r| r["type"] == "addRules");
    let lasting = lasting.expect("a rule is offered");
    assert_eq!(rules[lasting]["destination"], "localSettings", "{offers}");
    stage.give_answer(&request, &json!({"kind": "always", "suggestion": lasting}));
    stage.wait_made("made");
    stage.rest();
    let file = stage.folder.join(".claude/settings.local.json");
    let written: Value =
        serde_json::from_slice(&fs::read(file).expect("the client's rule")).expect("JSON");
    let rule = rules[lasting]["rules"][0]["ruleContent"]
        .as_str()
        .expect("a rule");
    assert_eq!(
        written["permissions"]["allow"],
        json!([format!("Bash({rule})")])
    );
    stage
        .terminal
        .run_turn(WAIT_TIMEOUT, &format!("bash: {command} finally say twice"));
    let made = fs::metadata(stage.folder.join("made")).expect("made");
    assert_eq!(made.len(), 2, "run twice");
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage.goes_on("say and on");
}

/// An answer that does not fit the request, or is for another request, changes nothing.
pub(crate) fn what_does_not_fit_is_refused(shape: TerminalShape) {
    let Some(stage) = scripted(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made");
    let choose = json!({"kind": "choose", "answers": [["Red"]]});
    assert_eq!(stage.answer(&request, &choose), (422, "unfit".to_owned()));
    let rules = stage.whole(&request)["content"]["suggestions"].clone();
    let number = rules.as_array().expect("a list").len();
    for none in [number, 99] {
        let always = json!({"kind": "always", "suggestion": none});
        assert_eq!(stage.answer(&request, &always), (422, "unfit".to_owned()));
    }
    let other: String = request.chars().rev().collect();
    stage.is_late(&other, &allow());
    assert_eq!(stage.answer("x", &allow()).0, 400);
    assert_eq!(id(&stage.wait_held(1)[0]), request);
    assert!(!stage.made("made"));
    stage.give_answer(&request, &allow());
    stage.wait_made("made");
    stage.goes_on("say and on");
}
