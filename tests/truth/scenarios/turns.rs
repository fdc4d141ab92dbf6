//! Turns that nobody disturbs.

use super::{Scenario, scenario};
use crate::run::stage::{LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::{Change, Moment};
use std::time::SystemTime;
use trusty_tests::{Key, Kind, Shape};

pub(crate) const ALL: &[Scenario] = &[
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

fn idle(scene: &Scene) {
    let actor = scene.open(Shape::PtyDirect);
    hold(4);
    actor.done();
}

fn short(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    for word in ["one", "two", "three"] {
        actor.run(&format!("say {word}"));
        hold(1);
    }
    actor.done();
}

fn stream(scene: &Scene) {
    let mut actor = scene.open(Shape::TmuxDirect);
    actor.run("stream 4s");
    actor.done();
}

fn quiet(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.run("stall 22s");
    actor.done();
}

fn think(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.run("think 6s");
    actor.done();
}

fn tool(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    let prompt = "bash: sleep 5";
    actor.submit(prompt);
    let from = actor.step(prompt, 0, Kind::MessageStop);
    let until = actor.step(prompt, 1, Kind::Requested);
    actor.truth.finer("running tool", (from, until), |s| {
        s["activity"]["tool"] == "Bash"
    });
    actor.finish();
    actor.done();
}

fn queued(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit("stream 4s");
    actor.step("stream 4s", 0, Kind::FirstDelta);
    let mark = actor.mark;
    actor.enter("stream 2s");
    actor.mark = mark;
    actor.step("stream 2s", 0, Kind::MessageStop);
    actor.finish();
    actor.done();
}

fn bang(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.terminal.type_text("!");
    actor.terminal.wait_screen(LONG, "!");
    actor.terminal.type_text("sleep 3; echo bang");
    actor.terminal.wait_screen(LONG, "sleep 3; echo bang");
    let at = actor.press(Key::Enter);
    actor.tell(Change::new(at, &[State::Working]));
    actor.finish();
    actor.done();
}

fn shell(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    let prompt = "bash-bg: while ! test -e go; do sleep 0.1; done";
    actor.submit(prompt);
    let stop = actor.step(prompt, 1, Kind::MessageStop);
    actor.tell(Change::new(Moment::at(stop), &[State::BackgroundShell]));
    actor.terminal.wait_status(LONG, "shell");
    hold(3);
    let mark = scene.api.events().len();
    let from = SystemTime::now();
    std::fs::write(scene.home.untrusted_project("work").join("go"), "").expect("a file");
    let prompt = |e: &trusty_tests::ApiEvent| e.kind == Kind::Requested;
    actor.mark = mark;
    let to = actor.event(prompt).at;
    actor.tell(Change::new(Moment { from, to }, &[State::Working]));
    actor.finish();
    actor.done();
}
