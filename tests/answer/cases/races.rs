//! Two answers to one request: one in the terminal, one through Trusty Bar.

use crate::stage::{AnswerResponse, WAIT_TIMEOUT, allow, deny, open, stop};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use trusty_tests::wait::until_or;
use trusty_tests::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape};

/// The card and the hook end; a later answer is refused as late and does nothing.
pub(crate) fn the_terminal_answers_first(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made");
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("made");
    stage.wait_over();
    stage.is_late(&request, &stop());
    stage.is_late(&request, &deny("too late"));
    stage.rest();
    // A tool that keeps running after its answer: the card does not wait for the tool's end.
    let request = stage.ask_permission("bash: touch begun; while [ ! -e go ]; do sleep 0.1; done");
    stage.press_at(PERMISSION_DIALOG_TEXT, KeyboardKey::Char('1'));
    stage.wait_made("begun");
    stage.wait_over();
    stage.is_late(&request, &stop());
    std::fs::write(stage.folder.join("go"), "").expect("written");
    stage.rest();
    assert!(!stage.terminal.screen().contains("Interrupted"));
    stage.goes_on("say and on");
}

/// Escape, then "No" in the dialog, then Escape at a question: no hook reports any of them.
pub(crate) fn escape_ends_the_card(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    for (prompt, dialog, key) in [
        (
            "bash: touch made",
            PERMISSION_DIALOG_TEXT,
            KeyboardKey::Escape,
        ),
        (
            "bash: touch made",
            PERMISSION_DIALOG_TEXT,
            KeyboardKey::Char('4'),
        ),
        ("ask", "Enter to select", KeyboardKey::Escape),
    ] {
        let request = stage.ask_permission(prompt);
        stage.press_at(dialog, key);
        stage.rest();
        stage.wait_over();
        stage.is_late(&request, &allow());
        assert!(!stage.made("made"));
    }
    stage.goes_on("say and on");
}

/// The dialog closes by itself, and a later key is typed at the prompt.
pub(crate) fn from_here_first(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made finally stream 3s");
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    stage.give_answer(&request, &deny("from here"));
    stage.wait_result("from here");
    until_or(
        WAIT_TIMEOUT,
        "the end of the dialog",
        || (!stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT)).then_some(()),
        || stage.diagnosis(),
    );
    stage.is_late(&request, &allow());
    stage.terminal.press(KeyboardKey::Char('1'));
    stage.rest();
    stage.terminal.press(KeyboardKey::CtrlU);
    assert!(!stage.made("made"));
    stage.wait_over();
    stage.goes_on("say and on");
}

/// How much later than the terminal's the other answer is given, in milliseconds.
const ANSWER_OFFSETS_MS: [i64; 5] = [0, 20, -20, 45, -45];

/// The terminal allows and Trusty Bar denies within 50 ms: exactly one of the answers counts.
pub(crate) fn both_at_once(shape: TerminalShape) {
    /// Shifts the offsets, so that repeated runs try others.
    static TURN_COUNTER: AtomicU64 = AtomicU64::new(0);
    let Some(stage) = open(shape) else {
        return;
    };
    for round in 0..ANSWER_OFFSETS_MS.len() {
        let turn = usize::try_from(TURN_COUNTER.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
        let step = ANSWER_OFFSETS_MS[turn % ANSWER_OFFSETS_MS.len()];
        let (name, words) = (format!("made-{round}"), format!("denied-{round}"));
        let request = stage.ask_permission(&format!("bash: touch {name}"));
        stage
            .terminal
            .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
        let session = stage.session().expect("listed");
        // The dialog accepts no keys in its first moments.
        thread::sleep(Duration::from_millis(700));
        let after = |ms: i64| thread::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        let told: AnswerResponse = thread::scope(|both| {
            let here = both.spawn(|| {
                after(step);
                stage.answer_of(&session, &request, &deny(&words))
            });
            after(-step);
            stage.terminal.press(KeyboardKey::Char('1'));
            here.join().expect("answered")
        });
        let (made, denied) = until_or(
            WAIT_TIMEOUT,
            "one of both answers to count",
            || {
                let denied = stage.results().iter().any(|r| r.contains(&words));
                let made = stage.made(&name);
                (made || denied).then_some((made, denied))
            },
            || stage.diagnosis(),
        );
        assert!(made != denied, "both or none of them counted");
        stage.wait_over();
        stage.rest();
        let late = told == (409, "over".to_owned());
        assert!(late || told.0 == 204, "{told:?}");
        assert!(!(late && denied), "a late answer counted");
        let both = stage.made(&name) && stage.results().iter().any(|r| r.contains(&words));
        assert!(!both, "both of them counted");
        // A key that came after the dialog closed stands at the prompt.
        stage.terminal.press(KeyboardKey::CtrlU);
    }
    stage.goes_on("say and on");
}
