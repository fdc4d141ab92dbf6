//! Turns without interruption.

use super::{TruthScenario, scenario};
use crate::run::stage::{TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{TimeWindow, TrueChange};
use std::time::SystemTime;
use trusty_tests::{ApiEventKind, KeyboardKey, TerminalShape};

pub(crate) const TURN_SCENARIOS: &[TruthScenario] = &[
    scenario("idle", "nothing happens for 6 s", idle),
    scenario("short", "three turns of half a second", short),
    scenario("stream", "an answer of 4 s, in tmux", stream),
    scenario("quiet", "an answer with 22 s without a word in it", quiet),
    scenario("think", "6 s of thinking", think),
    scenario("tool", "a command of 5 s that needs no leave", tool),
    scenario(
        "queued",
        "a prompt typed while the one before is answered",
        queued,
    ),
    scenario("bang", "a command of the owner's own (!)", bang),
    scenario("shell", "a background shell outlives its turn", shell),
];

fn idle(scene: &TruthFixture) {
    let actor = scene.open(TerminalShape::PtyDirect);
    sleep_seconds(4);
    actor.finish_scenario();
}

fn short(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    for word in ["one", "two", "three"] {
        actor.run(&format!("say {word}"));
        sleep_seconds(1);
    }
    actor.finish_scenario();
}

fn stream(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::TmuxDirect);
    actor.run("stream 4s");
    actor.finish_scenario();
}

fn quiet(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.run("stall 22s");
    actor.finish_scenario();
}

fn think(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.run("think 6s");
    actor.finish_scenario();
}

fn tool(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let prompt = "bash: sleep 5";
    actor.submit(prompt);
    let from = actor.step(prompt, 0, ApiEventKind::MessageStop);
    let until = actor.step(prompt, 1, ApiEventKind::Requested);
    actor.truth.finer("running tool", (from, until), |s| {
        s["activity"]["tool"] == "Bash"
    });
    actor.finish();
    actor.finish_scenario();
}

fn queued(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("stream 4s");
    actor.step("stream 4s", 0, ApiEventKind::FirstDelta);
    let mark = actor.mark;
    actor.enter("stream 2s");
    actor.mark = mark;
    actor.step("stream 2s", 0, ApiEventKind::MessageStop);
    actor.finish();
    actor.finish_scenario();
}

fn bang(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.terminal.type_text("!");
    actor.terminal.wait_screen(WAIT_TIMEOUT, "!");
    actor.terminal.type_text("sleep 3; echo bang");
    actor
        .terminal
        .wait_screen(WAIT_TIMEOUT, "sleep 3; echo bang");
    let at = actor.press(KeyboardKey::Enter);
    actor.note_change(TrueChange::new(at, &[TruthState::Working]));
    actor.finish();
    actor.finish_scenario();
}

fn shell(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let prompt = "bash-bg: while ! test -e go; do sleep 0.1; done";
    actor.submit(prompt);
    let stop = actor.step(prompt, 1, ApiEventKind::MessageStop);
    actor.note_change(TrueChange::new(
        TimeWindow::at(stop),
        &[TruthState::BackgroundShell],
    ));
    actor.terminal.wait_status(WAIT_TIMEOUT, "shell");
    sleep_seconds(3);
    let mark = scene.api.events().len();
    let from = SystemTime::now();
    std::fs::write(scene.home.untrusted_project("work").join("go"), "").expect("a file");
    let prompt = |e: &trusty_tests::ApiEvent| e.kind == ApiEventKind::Requested;
    actor.mark = mark;
    let to = actor.event(prompt).at;
    actor.note_change(TrueChange::new(
        TimeWindow { from, to },
        &[TruthState::Working],
    ));
    actor.finish();
    actor.finish_scenario();
}
