//! Stops of the process that are no ends. Nothing tells of them: they are found by looking.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::Change;
use trusty_tests::wait::until;
use trusty_tests::{Key, Kind, Shape, Signal};

pub(crate) const ALL: &[Scenario] = &[
    scenario("ctrl-z", "Ctrl-Z and fg, in a plain terminal", |s| {
        aside(s, Shape::PtyBash);
    }),
    scenario("ctrl-z-tmux", "Ctrl-Z and fg, in tmux", |s| {
        aside(s, Shape::TmuxBash);
    }),
    scenario("ctrl-z-busy", "Ctrl-Z and fg while it works", busy),
    scenario("sigstop", "SIGSTOP and SIGCONT", sigstop),
];

fn put_aside(actor: &mut Actor<'_>) {
    let at = actor.press(Key::CtrlZ);
    actor.tell(Change::new(at, &[State::Paused]).by_looking());
    until(LONG, "a stopped client", || {
        (actor.client.state()? == 'T').then_some(())
    });
    actor.terminal.wait_screen(LONG, "suspended");
    hold(5);
}

fn take_up(actor: &mut Actor<'_>, state: State) {
    actor.terminal.type_text("fg");
    let at = actor.press(Key::Enter);
    actor.tell(Change::new(at, &[state]).by_looking());
    until(LONG, "a running client", || {
        (actor.client.state()? != 'T').then_some(())
    });
}

fn aside(scene: &Scene, shape: Shape) {
    let mut actor = scene.open(shape);
    hold(1);
    put_aside(&mut actor);
    take_up(&mut actor, State::Idle);
    hold(3);
    actor.done();
}

fn busy(scene: &Scene) {
    let mut actor = scene.open(Shape::TmuxBash);
    actor.submit("stream 12s");
    actor.step("stream 12s", 0, Kind::FirstDelta);
    hold(1);
    put_aside(&mut actor);
    take_up(&mut actor, State::Working);
    actor.finish();
    actor.done();
}

fn sigstop(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    hold(1);
    let at = actor.signal(Signal::STOP);
    actor.tell(Change::new(at, &[State::Paused]).by_looking());
    hold(5);
    let at = actor.signal(Signal::CONT);
    actor.tell(Change::new(at, &[State::Idle]).by_looking());
    hold(3);
    actor.done();
}
