//! Each kind of answer that the card offers, given in the popover.

use super::{
    AppAnswerFixture, NO_BUTTON_SELECTOR, UNTIL_ANSWERED_SETTINGS, WAIT_TIMEOUT,
    YES_BUTTON_SELECTOR, connected, driven,
};
use serde_json::json;
use std::fs;
use trusty_tests::desktop::until_is;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{KeyboardKey, PERMISSION_DIALOG_TEXT, TestStage, Value};

impl AppAnswerFixture {
    /// The id of the request on the card; null without a card.
    fn request(&self) -> Value {
        let script = "return document.querySelector('[data-ask]')?.dataset.ask ?? null";
        self.page().run(script)
    }

    /// The words of the card's buttons.
    fn buttons(&self) -> Value {
        let script = "return [...document.querySelectorAll('[data-ask] button')]
            .map((button) => button.textContent.trim())";
        self.page().run(script)
    }

    fn says(&self, part: &str) -> bool {
        let told = self.text("[data-ask]");
        told.as_str().is_some_and(|told| told.contains(part))
    }

    #[track_caller]
    fn wait_card(&self, part: &str) {
        until_or(
            WAIT_TIMEOUT,
            part,
            || self.says(part).then_some(()),
            || format!("{}\n{}", self.text(".list"), self.terminal.screen()),
        );
    }

    #[track_caller]
    fn wait_idle(&self) {
        self.wait_no_card();
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
    }
}

#[test]
fn always_asks_no_more_and_a_stop_ends_the_turn() {
    let Some(stage) = driven() else { return };
    let command = "truncate --size=+1 made";
    stage.terminal.submit(&format!("bash: {command}"));
    stage.wait_on(YES_BUTTON_SELECTOR);
    stage.press("Always…");
    let script = "return [...document.querySelectorAll('.offers button')]
        .map((one) => one.textContent.trim()).filter((words) => words.includes('truncate')).at(-1) ?? null";
    let rule = until(WAIT_TIMEOUT, "a rule for the command", || {
        stage.page().run(script).as_str().map(str::to_owned)
    });
    stage.press(&rule);
    stage.wait_made("made");
    stage.wait_idle();
    let again = format!("bash: {command} finally say twice");
    stage.terminal.run_turn(WAIT_TIMEOUT, &again);
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    let made = fs::metadata(stage.folder.join("made")).expect("made");
    assert_eq!(made.len(), 2, "run twice");

    stage
        .terminal
        .submit("bash: touch other finally say and on");
    stage.press("More…");
    stage.press("Deny and stop");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    stage.wait_idle();
    assert!(!stage.made("other"));
    assert!(!stage.transcripts().contains("\"text\":\"and on\""));
}

#[test]
fn a_plan_is_sent_back_with_words_and_then_carried_out() {
    let Some(stage) = AppAnswerFixture::driven(connected(""), "plan") else {
        return;
    };
    stage.terminal.submit("say hi");
    // Claude Code names the file for the plan to the model.
    let file = until(WAIT_TIMEOUT, "the name of the plan's file", || {
        let text = stage.transcripts();
        let (_, after) = text.split_once("\"planFilePath\":\"")?;
        after.split_once('"').map(|(path, _)| path.to_owned())
    });
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    let steps: Vec<String> = (1..30).map(|n| format!("{n}. Step {n}.")).collect();
    let plan = format!("# The plan\n\n{}\n", steps.join("\n"));
    let write = json!({"file_path": file, "content": plan});
    stage
        .terminal
        .run_turn(WAIT_TIMEOUT, &format!("call: Write {write}"));

    stage.terminal.submit("call: ExitPlanMode {}");
    stage.wait_card("Step 29.");
    stage.press("Keep planning");
    stage.desktop.wait_focus();
    let field = |words: &str| {
        let told = "const field = document.querySelector('.message input');
            return [field?.value ?? null, document.activeElement === field];";
        until_is("the field", &json!([words, true]), || {
            stage.page().run(told)
        });
    };
    field("");
    for key in ["h", "a", "l", "v", "e"] {
        stage.desktop.key(key);
    }
    field("halve");
    stage.press("Send");
    stage.wait_written("halve");
    stage.wait_idle();
    stage.terminal.wait_screen(WAIT_TIMEOUT, "plan mode on");

    stage.terminal.submit("call: ExitPlanMode {}");
    stage.wait_card("Step 29.");
    stage.wait_on(NO_BUTTON_SELECTOR);
    assert_eq!(
        stage.is_off(YES_BUTTON_SELECTOR),
        "true",
        "the end of the request was not seen"
    );
    stage.read();
    stage.click(YES_BUTTON_SELECTOR);
    stage.wait_written("User has approved your plan");
    stage.terminal.wait_screen(WAIT_TIMEOUT, "manual mode on");
    stage.wait_idle();
}

#[test]
fn a_request_of_a_sub_agent_is_let_go_to_its_terminal() {
    let builder = connected(UNTIL_ANSWERED_SETTINGS);
    let Some(stage) = AppAnswerFixture::driven(builder, "manual") else {
        return;
    };
    stage.terminal.submit("agents 1 bg bash: touch made");
    stage.wait_card("for sub-agent");
    stage.wait_on(NO_BUTTON_SELECTOR);
    assert!(!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
    stage.press("Release to terminal");
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    until_is("one way to answer", &json!(["Open terminal"]), || {
        stage.buttons()
    });
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.wait_no_card();
}

#[test]
fn the_next_request_of_a_session_comes_by_itself() {
    let Some(stage) = driven() else { return };
    stage
        .terminal
        .submit(r#"call: Read {"file_path":"/etc/hostname"} || Read {"file_path":"/etc/hosts"}"#);
    stage.wait_card("+1 more");
    stage.wait_on(YES_BUTTON_SELECTOR);
    let first = stage.request();
    stage.click(YES_BUTTON_SELECTOR);
    until(WAIT_TIMEOUT, "the other request", || {
        let now = stage.request();
        (now.is_string() && now != first).then_some(())
    });
    stage.wait_on(YES_BUTTON_SELECTOR);
    assert!(!stage.says("more"), "{}", stage.text("[data-ask]"));
    stage.click(YES_BUTTON_SELECTOR);
    stage.wait_idle();
}

#[test]
fn a_session_that_is_not_connected_offers_only_its_terminal() {
    let alone = TestStage::builder().settings("");
    let Some(stage) = AppAnswerFixture::driven(alone, "manual") else {
        return;
    };
    stage.terminal.submit("bash: touch made");
    until_is("one button", &json!(["Open terminal"]), || stage.buttons());
    assert!(!stage.made("made"));
    stage.terminal.wait_status(WAIT_TIMEOUT, "waiting");
    stage.terminal.answer(KeyboardKey::Enter);
    stage.wait_made("made");
    stage.wait_no_card();
}
