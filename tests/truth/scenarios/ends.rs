//! Ends.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::{Change, Moment, START, Story, Truth};
use std::process::Stdio;
use std::time::SystemTime;
use trusty_tests::trusty::Running;
use trusty_tests::{Key, Kind, Shape, Signal};

pub(crate) const ALL: &[Scenario] = &[
    scenario("exit", "/exit", exit),
    scenario("ctrl-c", "Ctrl-C twice", ctrl_c),
    scenario("sigterm", "SIGTERM while it works", sigterm),
    scenario("sigkill", "SIGKILL while it works", sigkill),
    scenario(
        "sigkill-asking",
        "SIGKILL while it waits for leave",
        sigkill_asking,
    ),
    scenario("hang-up", "its terminal is closed while it works", hang_up),
    scenario(
        "tmux-kill",
        "its tmux session is killed while it works",
        tmux_kill,
    ),
    scenario("headless", "a call without a terminal (-p)", headless),
];

fn exit(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyBash);
    actor.run("say one");
    hold(1);
    let at = actor.enter("/exit");
    // A slash command is work for a moment.
    actor.ends(at.from);
    if let Some(end) = actor.truth.changes.last_mut() {
        end.passing = vec![State::Working];
    }
    actor.done();
}

fn ctrl_c(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.press(Key::CtrlC);
    actor.terminal.wait_screen(LONG, "again to exit");
    let at = actor.press(Key::CtrlC);
    actor.ends(at.from);
    actor.done();
}

fn working(scene: &Scene, shape: Shape) -> Actor<'_> {
    let mut actor = scene.open(shape);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, Kind::FirstDelta);
    hold(2);
    actor
}

fn killed(mut actor: Actor<'_>, signal: Signal) {
    let at = actor.signal(signal);
    actor.ends(at.from);
    actor.done();
}

fn sigterm(scene: &Scene) {
    killed(working(scene, Shape::PtyDirect), Signal::TERM);
}

fn sigkill(scene: &Scene) {
    killed(working(scene, Shape::PtyDirect), Signal::KILL);
}

fn sigkill_asking(scene: &Scene) {
    let mut actor = scene.open(Shape::TmuxBash);
    let prompt = "bash: touch made";
    actor.submit(prompt);
    actor.need(State::Permission, prompt, 0, "Do you want to proceed?");
    hold(3);
    killed(actor, Signal::KILL);
}

fn closed(mut actor: Actor<'_>) {
    let from = SystemTime::now();
    actor.terminal.hang_up();
    actor.ends(from);
    actor.done();
}

fn hang_up(scene: &Scene) {
    closed(working(scene, Shape::PtyDirect));
}

fn tmux_kill(scene: &Scene) {
    closed(working(scene, Shape::TmuxBash));
}

fn headless(scene: &Scene) {
    let folder = scene.home.project("work");
    let mut command = trusty_tests::client::command(&scene.home, &scene.api, &folder);
    command.args(["-p", "stream 4s"]).stdout(Stdio::null());
    let from = SystemTime::now();
    let mut running = Running::start(&mut command);
    let to = SystemTime::now();
    let mut truth = Truth::default();
    let start = Change::new(Moment { from, to }, &[State::Starting]).within(START);
    truth.tell(start.passing(&[State::Absent]));
    // It has its prompt from the first; when it takes it up is its own affair.
    let to = scene.api.wait_for(LONG, "stream 4s", Kind::Requested).at;
    let work = Change::new(Moment { from, to }, &[State::Working]);
    truth.tell(work.passing(&[State::Absent, State::Idle]));
    let from = scene.api.wait_for(LONG, "stream 4s", Kind::MessageStop).at;
    running.wait(LONG);
    let to = SystemTime::now();
    let end = Change::new(Moment { from, to }, &[State::Stopped]);
    truth.tell(end.passing(&[State::Idle, State::Finished]));
    std::thread::sleep(crate::run::stage::LAST_LOOK);
    scene.stories.borrow_mut().push(Story {
        pid: running.process().pid,
        truth,
        end: SystemTime::now(),
    });
}
