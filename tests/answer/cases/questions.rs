//! Questions and plans, for which Claude Code takes an answer only together with its own input.

use crate::stage::{AnswerFixture, WAIT_TIMEOUT, allow, deny, open, scripted};
use serde_json::json;
use trusty_tests::wait::until;
use trusty_tests::{TerminalShape, Value};

/// One question, answered with a text that is none of its options.
pub(crate) fn own_words(shape: TerminalShape) {
    let Some(stage) = scripted(shape) else {
        return;
    };
    let request = stage.ask_permission("ask");
    let whole = stage.whole(&request);
    let question = &whole["content"]["input"]["questions"][0];
    assert_eq!(question["question"], "Which color?", "{whole}");
    for unfit in [
        allow(),
        json!({"kind": "choose", "answers": []}),
        json!({"kind": "choose", "answers": [["Red"], ["Red"]]}),
    ] {
        assert_eq!(stage.answer(&request, &unfit), (422, "unfit".to_owned()));
    }
    let words = "Green, \"or so\"";
    stage.give_answer(&request, &json!({"kind": "choose", "answers": [[words]]}));
    stage.wait_result(&format!("\"Which color?\"=\"{words}\""));
    stage.wait_over();
    stage.goes_on("say and on");
}

/// Two questions, the second answered with two options.
pub(crate) fn several(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("ask multi");
    let answers = json!([["Blue"], ["Small", "Large"]]);
    stage.give_answer(&request, &json!({"kind": "choose", "answers": answers}));
    stage.wait_result("\"Which color?\"=\"Blue\", \"Which sizes?\"=\"Small, Large\"");
    stage.wait_over();
    stage.goes_on("say and on");
}

const PLAN_TEXT: &str = "# The plan\n\n1. Look.\n2. Change `it`.\n";

/// A session that presents a plan, and the request for its approval.
fn planned(shape: TerminalShape) -> Option<(AnswerFixture, String)> {
    let stage = AnswerFixture::open(shape, "plan", "")?;
    stage.terminal.submit("say hi");
    // Claude Code tells the model where to write the plan.
    let file = until(WAIT_TIMEOUT, "the name of the plan's file", || {
        let text = stage.transcripts();
        let (_, after) = text.split_once("\"planFilePath\":\"")?;
        after.split_once('"').map(|(path, _)| path.to_owned())
    });
    stage.rest();
    let write = json!({"file_path": file, "content": PLAN_TEXT});
    stage
        .terminal
        .run_turn(WAIT_TIMEOUT, &format!("call: Write {write}"));
    let request = stage.ask_permission("call: ExitPlanMode {}");
    let whole = stage.whole(&request);
    assert_eq!(whole["content"]["input"]["plan"], PLAN_TEXT, "{whole}");
    let kind = stage.session().map(|s| s["need"]["kind"].clone());
    assert_eq!(kind, Some(Value::from("Plan")));
    Some((stage, request))
}

pub(crate) fn a_plan_is_approved(shape: TerminalShape) {
    let Some((stage, request)) = planned(shape) else {
        return;
    };
    stage.give_answer(&request, &allow());
    stage.wait_result("User has approved your plan");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "manual mode on");
    stage.wait_over();
    stage.goes_on("say and on");
}

pub(crate) fn a_plan_is_rejected(shape: TerminalShape) {
    let Some((stage, request)) = planned(shape) else {
        return;
    };
    stage.give_answer(&request, &deny("Two steps are too many"));
    stage.wait_result("Two steps are too many");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "plan mode on");
    stage.wait_over();
    stage.goes_on("say and on");
}
