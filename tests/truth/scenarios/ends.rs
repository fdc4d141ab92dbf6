//! Sessions that end.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{ProcessTruth, START_TOLERANCE, SessionTruth, TimeWindow, TrueChange};
use std::process::Stdio;
use std::time::SystemTime;
use trusty_tests::trusty::RunningProgram;
use trusty_tests::{ApiEventKind, KeyboardKey, Signal, TerminalShape};

pub(crate) const END_SCENARIOS: &[TruthScenario] = &[
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

fn exit(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyBash);
    actor.run("say one");
    sleep_seconds(1);
    let at = actor.enter("/exit");
    // A slash command is work for a moment.
    actor.ends(at.from);
    if let Some(end) = actor.truth.changes.last_mut() {
        end.passing = vec![TruthState::Working];
    }
    actor.finish_scenario();
}

fn ctrl_c(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.press(KeyboardKey::CtrlC);
    actor.terminal.wait_screen(WAIT_TIMEOUT, "again to exit");
    let at = actor.press(KeyboardKey::CtrlC);
    actor.ends(at.from);
    actor.finish_scenario();
}

fn working(scene: &TruthFixture, shape: TerminalShape) -> SessionActor<'_> {
    let mut actor = scene.open(shape);
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(2);
    actor
}

fn killed(mut actor: SessionActor<'_>, signal: Signal) {
    let at = actor.signal(signal);
    actor.ends(at.from);
    actor.finish_scenario();
}

fn sigterm(scene: &TruthFixture) {
    killed(working(scene, TerminalShape::PtyDirect), Signal::TERM);
}

fn sigkill(scene: &TruthFixture) {
    killed(working(scene, TerminalShape::PtyDirect), Signal::KILL);
}

fn sigkill_asking(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::TmuxBash);
    let prompt = "bash: touch made";
    actor.submit(prompt);
    actor.need(TruthState::Permission, prompt, 0, "Do you want to proceed?");
    sleep_seconds(3);
    killed(actor, Signal::KILL);
}

fn closed(mut actor: SessionActor<'_>) {
    let from = SystemTime::now();
    actor.terminal.hang_up();
    actor.ends(from);
    actor.finish_scenario();
}

fn hang_up(scene: &TruthFixture) {
    closed(working(scene, TerminalShape::PtyDirect));
}

fn tmux_kill(scene: &TruthFixture) {
    closed(working(scene, TerminalShape::TmuxBash));
}

fn headless(scene: &TruthFixture) {
    let folder = scene.home.project("work");
    let mut command = trusty_tests::client::command(&scene.home, &scene.api, &folder);
    command.args(["-p", "stream 4s"]).stdout(Stdio::null());
    let from = SystemTime::now();
    let mut running = RunningProgram::start(&mut command);
    let to = SystemTime::now();
    let mut truth = SessionTruth::default();
    let start =
        TrueChange::new(TimeWindow { from, to }, &[TruthState::Starting]).within(START_TOLERANCE);
    truth.tell(start.passing(&[TruthState::Absent]));
    // The prompt is there from the start; Claude Code chooses when to begin with it.
    let to = scene
        .api
        .wait_for(WAIT_TIMEOUT, "stream 4s", ApiEventKind::Requested)
        .at;
    let work = TrueChange::new(TimeWindow { from, to }, &[TruthState::Working]);
    truth.tell(work.passing(&[TruthState::Absent, TruthState::Idle]));
    let from = scene
        .api
        .wait_for(WAIT_TIMEOUT, "stream 4s", ApiEventKind::MessageStop)
        .at;
    running.wait(WAIT_TIMEOUT);
    let to = SystemTime::now();
    let end = TrueChange::new(TimeWindow { from, to }, &[TruthState::Stopped]);
    truth.tell(end.passing(&[TruthState::Idle, TruthState::Finished]));
    std::thread::sleep(crate::run::stage::FINAL_WATCH_TIME);
    scene.stories.borrow_mut().push(ProcessTruth {
        pid: running.process().pid,
        truth,
        end: SystemTime::now(),
    });
}
