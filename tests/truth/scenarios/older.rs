//! Older clients in tmux, which say less about themselves. Every state lasts for some looks.

use super::Scenario;
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use trusty_tests::{Client, Key, Kind, Signal};

pub(crate) const ALL: &[Scenario] = &[
    older(Client::V2_0_77, "2.0.77-life", LIFE, |s| {
        life(s, Client::V2_0_77);
    }),
    older(Client::V2_0_77, "2.0.77-sigkill", KILLED, |s| {
        killed(s, Client::V2_0_77);
    }),
    older(Client::V2_1_90, "2.1.90-life", LIFE, |s| {
        life(s, Client::V2_1_90);
    }),
    older(Client::V2_1_90, "2.1.90-sigkill", KILLED, |s| {
        killed(s, Client::V2_1_90);
    }),
    older(Client::V2_1_120, "2.1.120-life", LIFE, |s| {
        life(s, Client::V2_1_120);
    }),
    older(Client::V2_1_120, "2.1.120-sigkill", KILLED, |s| {
        killed(s, Client::V2_1_120);
    }),
];

const LIFE: &str = "turn, leave, tool, Escape, /exit";
const KILLED: &str = "SIGKILL while it works";

const fn older(
    client: Client,
    name: &'static str,
    about: &'static str,
    play: fn(&Scene),
) -> Scenario {
    Scenario {
        name,
        about,
        client,
        play,
    }
}

fn life(scene: &Scene, version: Client) {
    let mut actor = scene.open_older(version);
    hold(5);
    actor.run("stream 5s");
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
