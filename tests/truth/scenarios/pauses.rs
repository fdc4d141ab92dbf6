//! Processes that are stopped, not ended. No event reports that, so it is found by polling.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::TrueChange;
use trusty_tests::wait::until;
use trusty_tests::{ApiEventKind, KeyboardKey, Signal, TerminalShape};

pub(crate) const PAUSE_SCENARIOS: &[TruthScenario] = &[
    scenario("ctrl-z", "Ctrl-Z and fg, in a plain terminal", |s| {
        aside(s, TerminalShape::PtyBash);
    }),
    scenario("ctrl-z-tmux", "Ctrl-Z and fg, in tmux", |s| {
        aside(s, TerminalShape::TmuxBash);
    }),
    scenario("ctrl-z-busy", "Ctrl-Z and fg while it works", busy),
    scenario("sigstop", "SIGSTOP and SIGCONT", sigstop),
];

fn put_aside(actor: &mut SessionActor<'_>) {
    let at = actor.press(KeyboardKey::CtrlZ);
    actor.note_change(TrueChange::new(at, &[TruthState::Paused]).by_looking());
    until(WAIT_TIMEOUT, "a stopped session", || {
        (actor.client.state()? == 'T').then_some(())
    });
    actor.terminal.wait_screen(WAIT_TIMEOUT, "suspended");
    sleep_seconds(5);
}

fn take_up(actor: &mut SessionActor<'_>, state: TruthState) {
    actor.terminal.type_text("fg");
    let at = actor.press(KeyboardKey::Enter);
    actor.note_change(TrueChange::new(at, &[state]).by_looking());
    until(WAIT_TIMEOUT, "a running session", || {
        (actor.client.state()? != 'T').then_some(())
    });
}

fn aside(scene: &TruthFixture, shape: TerminalShape) {
    let mut actor = scene.open(shape);
    sleep_seconds(1);
    put_aside(&mut actor);
    take_up(&mut actor, TruthState::Idle);
    sleep_seconds(3);
    actor.finish_scenario();
}

fn busy(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::TmuxBash);
    actor.submit("stream 12s");
    actor.step("stream 12s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(1);
    put_aside(&mut actor);
    take_up(&mut actor, TruthState::Working);
    actor.finish();
    actor.finish_scenario();
}

fn sigstop(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    sleep_seconds(1);
    let at = actor.signal(Signal::STOP);
    actor.note_change(TrueChange::new(at, &[TruthState::Paused]).by_looking());
    sleep_seconds(5);
    let at = actor.signal(Signal::CONT);
    actor.note_change(TrueChange::new(at, &[TruthState::Idle]).by_looking());
    sleep_seconds(3);
    actor.finish_scenario();
}
