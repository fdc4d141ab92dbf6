//! Dialogs that wait for the user.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{TimeWindow, TrueChange};
use std::time::SystemTime;
use trusty_tests::{ApiEventKind, KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape, Value};

pub(crate) const NEED_SCENARIOS: &[TruthScenario] = &[
    scenario("permission-bash", "leave for a command, given", bash),
    scenario(
        "permission-tmux",
        "the same, in a shell in tmux",
        bash_in_tmux,
    ),
    scenario("permission-write", "leave to write a file, given", write),
    scenario("permission-edit", "leave to edit a file, given", edit),
    scenario(
        "permission-long",
        "leave given, then 4 s of the tool",
        long_tool,
    ),
    scenario("permission-waits", "leave given after 6 s", late),
    scenario(
        "permission-parallel",
        "two calls, asked for one by one",
        parallel,
    ),
    scenario("permission-no", "leave refused with the option", refuse),
    scenario("permission-escape", "leave refused with Escape", escape),
    scenario("question", "a question, answered", question),
    scenario(
        "question-escape",
        "a question, refused with Escape",
        question_escape,
    ),
    scenario("plan", "a plan, accepted", plan),
    scenario("plan-escape", "a plan, refused with Escape", plan_escape),
];

/// The dialog of this prompt is open for 2 s; its tool and detail should be shown from its opening
/// on.
fn asked(
    actor: &mut SessionActor<'_>,
    prompt: &str,
    about: (&'static str, &'static str),
    phrase: &str,
) {
    let step = usize::from(about.0 == "Edit");
    actor.submit(prompt);
    let from = actor.need(TruthState::Permission, prompt, step, phrase);
    sleep_seconds(2);
    let (tool, detail) = about;
    actor
        .truth
        .finer("tool and detail", (from, SystemTime::now()), move |s| {
            is_about(s, tool, detail)
        });
}

fn is_about(session: &Value, tool: &str, detail: &str) -> bool {
    let need = &session["need"];
    let told = need["detail"].as_str().unwrap_or_default();
    need["tool"] == tool && told.contains(detail)
}

fn bash(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    allowed(&mut actor);
    actor.finish_scenario();
}

fn bash_in_tmux(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::TmuxBash);
    allowed(&mut actor);
    actor.finish_scenario();
}

fn allowed(actor: &mut SessionActor<'_>) {
    asked(
        actor,
        "bash: touch made",
        ("Bash", "touch made"),
        PERMISSION_DIALOG_TEXT,
    );
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
}

fn write(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let file = scene.home.untrusted_project("work").join("f1.txt");
    let prompt = format!("write: {}", file.display());
    asked(
        &mut actor,
        &prompt,
        ("Write", "f1.txt"),
        "Do you want to create f1.txt?",
    );
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    actor.finish_scenario();
}

fn edit(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let file = scene.home.untrusted_project("work").join("f1.txt");
    std::fs::write(&file, "old\n").expect("a file");
    let prompt = format!("edit: {}", file.display());
    let phrase = "Do you want to make this edit to f1.txt?";
    asked(&mut actor, &prompt, ("Edit", "f1.txt"), phrase);
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    actor.finish_scenario();
}

fn long_tool(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let prompt = "bash: touch made && sleep 4";
    asked(
        &mut actor,
        prompt,
        ("Bash", "touch made"),
        PERMISSION_DIALOG_TEXT,
    );
    let from = actor.allow(KeyboardKey::Char('1'));
    let until = actor.step(prompt, 1, ApiEventKind::Requested);
    actor.truth.finer("running tool", (from, until), |s| {
        s["activity"]["tool"] == "Bash"
    });
    actor.finish();
    actor.finish_scenario();
}

fn late(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("bash: touch made");
    actor.need(
        TruthState::Permission,
        "bash: touch made",
        0,
        PERMISSION_DIALOG_TEXT,
    );
    sleep_seconds(6);
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    actor.finish_scenario();
}

fn parallel(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let prompt = "parallel bash: touch a1 || touch a2";
    actor.submit(prompt);
    actor.need(TruthState::Permission, prompt, 0, "touch a1");
    sleep_seconds(2);
    let first = actor.answer(KeyboardKey::Char('1'));
    actor.note_change(TrueChange::new(first, &[TruthState::Working]));
    // The first tool runs for a moment before the second dialog.
    actor.terminal.wait_screen(WAIT_TIMEOUT, "touch a2");
    actor
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    let (from, to) = (first.to, SystemTime::now());
    actor.note_change(TrueChange::new(
        TimeWindow { from, to },
        &[TruthState::Permission],
    ));
    sleep_seconds(2);
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    actor.finish_scenario();
}

fn refuse(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    asked(
        &mut actor,
        "bash: touch made",
        ("Bash", "touch made"),
        PERMISSION_DIALOG_TEXT,
    );
    let screen = actor.terminal.screen();
    let option = screen.lines().find_map(|line| {
        let (number, _) = line.split_once(". No")?;
        number.trim_end().chars().last()
    });
    let at = actor.answer(KeyboardKey::Char(option.expect("an option to say no")));
    // This answer ends the turn as Escape does.
    actor.note_change(TrueChange::new(at, &[TruthState::Idle]));
    sleep_seconds(2);
    assert!(actor.turn().iter().all(|e| e.step == 0), "the turn went on");
    actor.finish_scenario();
}

fn escape(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    asked(
        &mut actor,
        "bash: touch made",
        ("Bash", "touch made"),
        PERMISSION_DIALOG_TEXT,
    );
    escaped(actor);
}

fn escaped(mut actor: SessionActor<'_>) {
    let at = actor.answer(KeyboardKey::Escape);
    actor.note_change(TrueChange::new(at, &[TruthState::Idle]));
    sleep_seconds(1);
    actor.finish_scenario();
}

fn asks(scene: &TruthFixture) -> SessionActor<'_> {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("ask");
    let from = actor.need(TruthState::Question, "ask", 0, "Enter to select");
    sleep_seconds(2);
    let until = SystemTime::now();
    actor.truth.finer("the question", (from, until), |s| {
        let told = s["need"]["detail"].as_str().unwrap_or_default();
        told.contains("Which color?")
    });
    actor
}

fn question(scene: &TruthFixture) {
    let mut actor = asks(scene);
    actor.allow(KeyboardKey::Char('2'));
    actor.finish();
    actor.finish_scenario();
}

fn question_escape(scene: &TruthFixture) {
    escaped(asks(scene));
}

fn plans(scene: &TruthFixture) -> SessionActor<'_> {
    let mut actor = scene.open_with(
        TerminalShape::PtyDirect,
        "work",
        &["--permission-mode", "plan"],
    );
    actor.submit("plan");
    actor.need(TruthState::Plan, "plan", 0, "Exit plan mode?");
    sleep_seconds(2);
    actor
}

fn plan(scene: &TruthFixture) {
    let mut actor = plans(scene);
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    actor.finish_scenario();
}

fn plan_escape(scene: &TruthFixture) {
    escaped(plans(scene));
}
