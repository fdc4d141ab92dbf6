//! Older versions in tmux, which report less about themselves. Every state lasts for some screen
//! reads.

use super::TruthScenario;
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use trusty_tests::{ApiEventKind, KeyboardKey, Signal, TestedClient};

pub(crate) const OLDER_CLIENT_SCENARIOS: &[TruthScenario] = &[
    older(TestedClient::V2_0_77, "2.0.77-life", LIFE_SUMMARY, |s| {
        life(s, TestedClient::V2_0_77);
    }),
    older(
        TestedClient::V2_0_77,
        "2.0.77-sigkill",
        KILLED_SUMMARY,
        |s| {
            killed(s, TestedClient::V2_0_77);
        },
    ),
    older(TestedClient::V2_1_90, "2.1.90-life", LIFE_SUMMARY, |s| {
        life(s, TestedClient::V2_1_90);
    }),
    older(
        TestedClient::V2_1_90,
        "2.1.90-sigkill",
        KILLED_SUMMARY,
        |s| {
            killed(s, TestedClient::V2_1_90);
        },
    ),
    older(TestedClient::V2_1_120, "2.1.120-life", LIFE_SUMMARY, |s| {
        life(s, TestedClient::V2_1_120);
    }),
    older(
        TestedClient::V2_1_120,
        "2.1.120-sigkill",
        KILLED_SUMMARY,
        |s| {
            killed(s, TestedClient::V2_1_120);
        },
    ),
];

const LIFE_SUMMARY: &str = "turn, leave, tool, Escape, /exit";
const KILLED_SUMMARY: &str = "SIGKILL while it works";

const fn older(
    client: TestedClient,
    name: &'static str,
    about: &'static str,
    play: fn(&TruthFixture),
) -> TruthScenario {
    TruthScenario {
        name,
        about,
        client,
        play,
    }
}

fn life(scene: &TruthFixture, version: TestedClient) {
    let mut actor = scene.open_older(version);
    sleep_seconds(5);
    actor.run("stream 5s");
    sleep_seconds(5);
    let prompt = "bash: touch made && sleep 6";
    actor.submit(prompt);
    actor.need(TruthState::Permission, prompt, 0, "Do you want to proceed?");
    sleep_seconds(5);
    actor.allow(KeyboardKey::Char('1'));
    actor.finish();
    streaming(&mut actor);
    actor.escape();
    actor.terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    sleep_seconds(5);
    let at = actor.enter("/exit");
    actor.ends(at.from);
    actor.by_screen();
    actor.finish_scenario();
}

fn streaming(actor: &mut SessionActor<'_>) {
    actor.submit("stream 30s");
    actor.step("stream 30s", 0, ApiEventKind::FirstDelta);
    sleep_seconds(5);
}

fn killed(scene: &TruthFixture, version: TestedClient) {
    let mut actor = scene.open_older(version);
    streaming(&mut actor);
    actor.by_screen();
    let at = actor.signal(Signal::KILL);
    actor.ends(at.from);
    actor.finish_scenario();
}
