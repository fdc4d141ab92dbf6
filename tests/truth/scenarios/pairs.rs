//! Two sessions at once: what is true of one is never shown of the other.

use super::{Scenario, scenario};
use crate::run::stage::{Scene, hold};
use crate::run::state::State;
use trusty_tests::{Key, Kind, Shape};

pub(crate) const ALL: &[Scenario] = &[
    scenario(
        "pair-folder",
        "two in one folder: one asks, one works",
        folder,
    ),
    scenario("pair-session", "two processes of one session id", session),
];

const ASK: &str = "bash: touch made";
const PROCEED: &str = "Do you want to proceed?";

fn folder(scene: &Scene) {
    let mut first = scene.open(Shape::PtyDirect);
    let mut second = scene.open(Shape::TmuxDirect);
    first.submit(ASK);
    first.need(State::Permission, ASK, 0, PROCEED);
    second.submit("stream 6s");
    second.step("stream 6s", 0, Kind::MessageStop);
    second.finish();
    hold(1);
    first.allow(Key::Char('1'));
    first.finish();
    second.done();
    first.done_at_once();
}

fn session(scene: &Scene) {
    let mut first = scene.open(Shape::PtyDirect);
    first.run("say one");
    let registry = first.terminal.registry().expect("a registry file");
    let id = registry["sessionId"].as_str().expect("an id").to_owned();
    let arguments = ["--permission-mode", "manual", "--resume", &id];
    let mut second = scene.open_with(Shape::PtyDirect, "work", &arguments);
    hold(1);
    second.run("stream 4s");
    hold(1);
    second.submit(ASK);
    second.need(State::Permission, ASK, 0, PROCEED);
    hold(2);
    first.run("stream 3s");
    second.allow(Key::Char('1'));
    second.finish();
    second.done();
    first.done_at_once();
}
