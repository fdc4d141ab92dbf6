//! Starts, and what is no turn.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::{Change, Moment, START, TRUST};
use std::time::Duration;
use trusty_tests::wait::until;
use trusty_tests::{Key, Shape};

const STEP: Duration = Duration::from_millis(50);

pub(crate) const ALL: &[Scenario] = &[
    scenario("start", "a start without a question", start),
    scenario("start-tmux", "the same, in a shell in tmux", start_in_tmux),
    scenario(
        "trust",
        "a start that asks whether to trust the folder",
        |s| {
            trust(s, Shape::PtyDirect);
        },
    ),
    scenario("trust-tmux", "the same, in tmux", |s| {
        trust(s, Shape::TmuxDirect);
    }),
    scenario(
        "resume-ended",
        "a session taken up again after its end",
        resume,
    ),
    scenario("clear", "/clear after a turn", clear),
    scenario("menu", "/resume opened and closed", menu),
];

fn start(scene: &Scene) {
    scene.open(Shape::PtyDirect).done();
}

fn start_in_tmux(scene: &Scene) {
    scene.open(Shape::TmuxBash).done();
}

fn trust(scene: &Scene, shape: Shape) {
    let folder = scene.home.untrusted_project("stranger");
    let mut actor = scene.begin(shape, &folder, &["--permission-mode", "manual"]);
    actor.terminal.wait_screen(LONG, "Quick safety check");
    hold(15);
    // The kernel dates a start in steps of 10 ms.
    let late = actor.started + TRUST;
    let (from, to) = (late - STEP, late + STEP);
    actor.tell(Change::new(Moment { from, to }, &[State::Trust]));
    until(LONG, "the other answer", || {
        actor.answer(Key::Down);
        chosen(&actor).then_some(())
    });
    let at = actor.answer(Key::Enter);
    // The answer leaves no trace until the client has started.
    let start = Change::new(at, &[State::Starting]).within(START);
    actor.tell(start.passing(&[State::Absent]));
    actor.at_prompt();
    actor.done();
}

fn chosen(actor: &Actor<'_>) -> bool {
    let screen = actor.terminal.screen();
    let mut lines = screen.lines();
    lines.any(|l| l.contains('❯') && l.contains("Yes, I trust"))
}

fn session_id(actor: &Actor<'_>) -> String {
    let registry = actor.terminal.registry().expect("a registry file");
    registry["sessionId"].as_str().expect("an id").to_owned()
}

fn resume(scene: &Scene) {
    let mut first = scene.open(Shape::PtyDirect);
    first.run("say one");
    let id = session_id(&first);
    let from = first.enter("/exit").from;
    first.ends(from);
    let arguments = ["--permission-mode", "manual", "--resume", &id];
    let mut second = scene.open_with(Shape::PtyDirect, "work", &arguments);
    hold(3);
    second.run("stream 2s");
    second.done();
    first.done_at_once();
}

fn clear(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.run("say one");
    hold(2);
    cleared(&mut actor);
    actor.run("say two");
    actor.done();
}

/// A slash command is work for a moment.
fn cleared(actor: &mut Actor<'_>) {
    let before = session_id(actor);
    let at = actor.enter("/clear");
    actor.tell(Change::new(at, &[State::Idle]).passing(&[State::Working]));
    actor
        .terminal
        .wait_registry(LONG, |r| r["sessionId"] != *before && r["status"] == "idle");
    hold(2);
}

fn menu(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.run("say one");
    cleared(&mut actor);
    let at = actor.enter("/resume");
    actor.tell(Change::new(at, &[State::MenuOpen]).passing(&[State::Working]));
    actor.terminal.wait_status(LONG, "waiting");
    hold(4);
    let at = actor.answer(Key::Escape);
    actor.tell(Change::new(at, &[State::Idle]).passing(&[State::Working]));
    hold(1);
    actor.done();
}
