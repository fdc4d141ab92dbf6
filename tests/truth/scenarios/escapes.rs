//! Turns that the user interrupts.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use trusty_tests::{ApiEventKind, TerminalShape};

pub(crate) const ESCAPE_SCENARIOS: &[TruthScenario] = &[
    scenario("escape-stream", "Escape while the answer comes", stream),
    scenario("escape-tool", "Escape while a tool runs", tool),
    scenario("escape-early", "Escape before the first word", early),
    scenario("escape-think", "Escape while it thinks", think),
    scenario("escape-retry", "Escape while the API is asked again", retry),
    scenario("escape-then", "a whole turn after an interrupted one", then),
];

fn interrupted(mut actor: SessionActor<'_>) {
    actor.escape();
    actor.terminal.wait_status(WAIT_TIMEOUT, "idle");
    sleep_seconds(1);
    actor.finish_scenario();
}

fn stream(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(2);
    interrupted(actor);
}

fn tool(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("bash: sleep 15");
    actor.step("bash: sleep 15", 0, ApiEventKind::MessageStop);
    sleep_seconds(2);
    interrupted(actor);
}

fn early(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, ApiEventKind::Requested);
    interrupted(actor);
}

fn think(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("think 30s");
    actor.step("think 30s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(2);
    interrupted(actor);
}

fn retry(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit("error 500");
    scene.api.wait(WAIT_TIMEOUT, |events| {
        let failed = events
            .iter()
            .filter(|e| e.kind == ApiEventKind::Failed(500));
        (failed.count() >= 3).then_some(())
    });
    sleep_seconds(1);
    interrupted(actor);
}

fn then(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::TmuxZsh);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(1);
    actor.escape();
    actor.terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    actor.terminal.wait_status(WAIT_TIMEOUT, "idle");
    sleep_seconds(1);
    actor.run("stream 2s");
    actor.finish_scenario();
}
