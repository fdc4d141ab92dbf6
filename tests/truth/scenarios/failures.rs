//! An API that fails, and a context that is full.

use super::{Scenario, scenario};
use crate::run::stage::{Actor, LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::{Change, Moment, TURN_END};
use std::time::Duration;
use trusty_tests::{Kind, Shape, Value};

const WAIT: Duration = Duration::from_millis(300);

pub(crate) const ALL: &[Scenario] = &[
    scenario("error-500-ok", "two server errors, then an answer", |s| {
        recovers(s, "500 x2");
    }),
    scenario(
        "error-429-ok",
        "two refusals for the rate, then an answer",
        |s| {
            recovers(s, "429 x2");
        },
    ),
    scenario("error-529-ok", "twice overloaded, then an answer", |s| {
        recovers(s, "529 x2");
    }),
    scenario("error-400", "a request that is refused for good", |s| {
        fails(s, "400");
    }),
    scenario("error-401", "a key that is refused", |s| {
        fails(s, "401");
    }),
    scenario(
        "error-500",
        "server errors until the client gives up",
        |s| {
            fails(s, "500");
        },
    ),
    scenario("error-529", "overloaded until the client gives up", |s| {
        fails(s, "529");
    }),
    scenario("compact", "/compact", compact),
    scenario("compact-auto", "a full context", compact_auto),
];

/// Between a failure and the next request the client waits to try again; a request that is
/// refused it changes and sends at once.
fn retries(actor: &mut Actor<'_>) {
    let events = actor.turn();
    for pair in events.windows(2) {
        let (failed, next) = (&pair[0], &pair[1]);
        let waited = next.at.duration_since(failed.at).unwrap_or_default();
        let again = matches!(failed.kind, Kind::Failed(_)) && next.kind == Kind::Requested;
        if again && waited > WAIT {
            actor.truth.finer("retrying", (failed.at, next.at), |s| {
                s["activity"]["kind"] == "Retrying"
            });
        }
    }
}

fn recovers(scene: &Scene, error: &str) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit(&format!("error {error} then stream 2s"));
    actor.finish();
    retries(&mut actor);
    actor.done();
}

fn failed(actor: &mut Actor<'_>) {
    let at = Moment::at(actor.over().at);
    actor.tell(Change::new(at, &[State::Failed]).within(TURN_END));
    retries(actor);
}

/// A client left alone would try for some minutes.
fn fails(scene: &Scene, code: &str) {
    let file = scene.home.config_dir().join("settings.json");
    let known = std::fs::read(&file).unwrap_or_else(|_| b"{}".to_vec());
    let mut settings: Value = serde_json::from_slice(&known).expect("JSON");
    settings["env"]["CLAUDE_CODE_MAX_RETRIES"] = "2".into();
    std::fs::write(&file, settings.to_string()).expect("settings");
    let mut actor = scene.open(Shape::PtyDirect);
    actor.submit(&format!("error {code}"));
    failed(&mut actor);
    hold(2);
    actor.run("say better");
    actor.done();
}

fn compacting(actor: &mut Actor<'_>) {
    let from = actor.step("(compact)", 0, Kind::Requested);
    let until = actor.step("(compact)", 0, Kind::MessageStop);
    actor.truth.finer("compacting", (from, until), |s| {
        s["activity"]["kind"] == "Compacting"
    });
}

fn compact(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    actor.run("say one");
    actor.run("say two");
    actor.submit("/compact");
    // Its owner asked for it, so there may or may not be something to see.
    let at = Moment::at(actor.over().at);
    actor.tell(Change::new(at, &[State::Finished, State::Idle]).within(TURN_END));
    compacting(&mut actor);
    actor.done();
}

fn compact_auto(scene: &Scene) {
    let mut actor = scene.open(Shape::PtyDirect);
    for prompt in ["say one", "say two", "full"] {
        actor.run(prompt);
    }
    actor.submit("stream 2s");
    actor.step("stream 2s", 0, Kind::MessageStop);
    actor.terminal.wait_status(LONG, "idle");
    actor.finish();
    compacting(&mut actor);
    actor.done();
}
