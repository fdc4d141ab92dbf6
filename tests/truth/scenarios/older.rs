//! Older clients in tmux, which say less about themselves. Every state lasts for some looks.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use trusty_tests::{Client, Key, Kind, Signal};

pub(crate) const ALL: &[Scenario] = &[
    scenario(
        "2.0.77-life",
        "no registry: turn, leave, tool, Escape, /exit",
        |s| {
            life(s, Client::V2_0_77);
        },
    ),
    scenario("2.0.77-sigkill", "SIGKILL while it works", |s| {
        killed(s, Client::V2_0_77);
    }),
    scenario("2.1.90-life", "a registry without status", |s| {
        life(s, Client::V2_1_90);
    }),
    scenario("2.1.90-sigkill", "SIGKILL while it works", |s| {
        killed(s, Client::V2_1_90);
    }),
    scenario("2.1.120-life", "a registry with other words", |s| {
        life(s, Client::V2_1_120);
    }),
    scenario("2.1.120-sigkill", "SIGKILL while it works", |s| {
        killed(s, Client::V2_1_120);
    }),
];

fn life(scene: &Scene, version: Client) {
    let mut actor = scene.open_older(version);
    hold(5);
    actor.run("stream 6s");
    hold(5);
    let prompt = "bash: touch made && sleep 6";
    actor.submit(prompt);
    actor.need(State::Permission, prompt, 0, "Do you want to proceed?");
    hold(5);
    actor.allow(Key::Char('1'));
    actor.finish();
    streaming(&mut actor);
    actor.escape();
    actor.terminal.wait_screen(LONG, "Interrupted");
    hold(5);
    let at = actor.enter("/exit");
    actor.ends(at.from);
    actor.by_screen();
    actor.done();
}

fn streaming(actor: &mut Actor<'_>) {
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, Kind::FirstDelta);
    hold(5);
}

fn killed(scene: &Scene, version: Client) {
    let mut actor = scene.open_older(version);
    streaming(&mut actor);
    actor.by_screen();
    let at = actor.signal(Signal::KILL);
    actor.ends(at.from);
    actor.done();
}
