//! Turns that their owner interrupts.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use trusty_tests::{Kind, Shape};

pub(crate) const ALL: &[Scenario] = &[
    scenario("escape-stream", "Escape while the answer comes", stream),
    scenario("escape-tool", "Escape while a tool runs", tool),
    scenario("escape-early", "Escape before the first word", early),
    scenario("escape-think", "Escape while it thinks", think),
    scenario("escape-retry", "Escape while the API is asked again", retry),
    scenario("escape-then", "a whole turn after an interrupted one", then),
];

fn interrupted(mut actor: Actor<'_>) {
    actor.escape();
    actor.terminal.wait_status(LONG, "idle");
    hold(1);
    actor.done();
}

fn stream(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, Kind::FirstDelta);
    hold(2);
    interrupted(actor);
}

fn tool(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("bash: sleep 15");
    actor.step("bash: sleep 15", 0, Kind::MessageStop);
    hold(2);
    interrupted(actor);
}

fn early(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, Kind::Requested);
    interrupted(actor);
}

fn think(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("think 30s");
    actor.step("think 30s", 0, Kind::FirstDelta);
    hold(2);
    interrupted(actor);
}

fn retry(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("error 500");
    scene.api.wait(LONG, |events| {
        let failed = events.iter().filter(|e| e.kind == Kind::Failed(500));
        (failed.count() >= 3).then_some(())
    });
    hold(1);
    interrupted(actor);
}

fn then(scene: &Scene) {
    let mut actor = scene.open(Shape::TmuxZsh);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, Kind::FirstDelta);
    hold(1);
    actor.escape();
    actor.terminal.wait_screen(LONG, "Interrupted");
    actor.terminal.wait_status(LONG, "idle");
    hold(1);
    actor.run("stream 2s");
    actor.done();
}
