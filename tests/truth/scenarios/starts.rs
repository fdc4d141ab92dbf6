//! Starts, and what is no turn.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{START_TOLERANCE, TRUST_DIALOG_GRACE, TimeWindow, TrueChange};
use std::time::Duration;
use trusty_tests::wait::until;
use trusty_tests::{KeyboardKey, TerminalShape};

const TIMING_MARGIN: Duration = Duration::from_millis(50);

pub(crate) const START_SCENARIOS: &[TruthScenario] = &[
    scenario("start", "a start without a question", start),
    scenario("start-tmux", "the same, in a shell in tmux", start_in_tmux),
    scenario(
        "trust",
        "a start that asks whether to trust the folder",
        |s| {
            trust(s, TerminalShape::PtyDirect);
        },
    ),
    scenario("trust-tmux", "the same, in tmux", |s| {
        trust(s, TerminalShape::TmuxDirect);
    }),
    scenario(
        "resume-ended",
        "a session taken up again after its end",
        resume,
    ),
    scenario("clear", "/clear after a turn", clear),
    scenario("menu", "/resume opened and closed", menu),
];

fn start(scene: &TruthFixture) {
    scene.open(TerminalShape::PtyDirect).finish_scenario();
}

fn start_in_tmux(scene: &TruthFixture) {
    scene.open(TerminalShape::TmuxBash).finish_scenario();
}

fn trust(scene: &TruthFixture, shape: TerminalShape) {
    let folder = scene.home.untrusted_project("stranger");
    let mut actor = scene.begin(shape, &folder, &["--permission-mode", "manual"]);
    actor
        .terminal
        .wait_screen(WAIT_TIMEOUT, "Quick safety check");
    sleep_seconds(15);
    // The kernel dates a start in steps of 10 ms.
    let late = actor.started + TRUST_DIALOG_GRACE;
    let (from, to) = (late - TIMING_MARGIN, late + TIMING_MARGIN);
    actor.note_change(TrueChange::new(
        TimeWindow { from, to },
        &[TruthState::Trust],
    ));
    until(WAIT_TIMEOUT, "the other answer", || {
        actor.answer(KeyboardKey::Down);
        chosen(&actor).then_some(())
    });
    let at = actor.answer(KeyboardKey::Enter);
    // The answer leaves no trace until Claude Code has started.
    let start = TrueChange::new(at, &[TruthState::Starting]).within(START_TOLERANCE);
    actor.note_change(start.passing(&[TruthState::Absent]));
    actor.at_prompt();
    actor.finish_scenario();
}

fn chosen(actor: &SessionActor<'_>) -> bool {
    let screen = actor.terminal.screen();
    let mut lines = screen.lines();
    lines.any(|l| l.contains('❯') && l.contains("Yes, I trust"))
}

fn session_id(actor: &SessionActor<'_>) -> String {
    let registry = actor.terminal.registry().expect("a registry file");
    registry["sessionId"].as_str().expect("an id").to_owned()
}

fn resume(scene: &TruthFixture) {
    let mut first = scene.open(TerminalShape::PtyDirect);
    first.run("say one");
    let id = session_id(&first);
    let from = first.enter("/exit").from;
    first.ends(from);
    let arguments = ["--permission-mode", "manual", "--resume", &id];
    let mut second = scene.open_with(TerminalShape::PtyDirect, "work", &arguments);
    sleep_seconds(3);
    second.run("stream 2s");
    second.finish_scenario();
    first.done_at_once();
}

fn clear(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.run("say one");
    sleep_seconds(2);
    cleared(&mut actor);
    actor.run("say two");
    actor.finish_scenario();
}

/// A slash command is work for a moment.
fn cleared(actor: &mut SessionActor<'_>) {
    let before = session_id(actor);
    let at = actor.enter("/clear");
    actor.note_change(TrueChange::new(at, &[TruthState::Idle]).passing(&[TruthState::Working]));
    actor.terminal.wait_registry(WAIT_TIMEOUT, |r| {
        r["sessionId"] != *before && r["status"] == "idle"
    });
    sleep_seconds(2);
}

fn menu(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.run("say one");
    cleared(&mut actor);
    let at = actor.enter("/resume");
    actor.note_change(TrueChange::new(at, &[TruthState::MenuOpen]).passing(&[TruthState::Working]));
    actor.terminal.wait_status(WAIT_TIMEOUT, "waiting");
    sleep_seconds(4);
    let at = actor.answer(KeyboardKey::Escape);
    actor.note_change(TrueChange::new(at, &[TruthState::Idle]).passing(&[TruthState::Working]));
    sleep_seconds(1);
    actor.finish_scenario();
}
