//! An API that fails, and a context that is full.

use super::{TruthScenario, scenario};
use crate::run::stage::{SessionActor, TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{TURN_END_TOLERANCE, TimeWindow, TrueChange};
use std::time::Duration;
use trusty_tests::{ApiEventKind, TerminalShape, Value};

const MIN_RETRY_WAIT: Duration = Duration::from_millis(300);

pub(crate) const FAILURE_SCENARIOS: &[TruthScenario] = &[
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

/// Between a failure and the next request Claude Code waits to try again. A request that the API
/// refuses is changed and sent again at once.
fn retries(actor: &mut SessionActor<'_>) {
    let events = actor.turn();
    for pair in events.windows(2) {
        let (failed, next) = (&pair[0], &pair[1]);
        let waited = next.at.duration_since(failed.at).unwrap_or_default();
        let again =
            matches!(failed.kind, ApiEventKind::Failed(_)) && next.kind == ApiEventKind::Requested;
        if again && waited > MIN_RETRY_WAIT {
            actor.truth.finer("retrying", (failed.at, next.at), |s| {
                s["activity"]["kind"] == "Retrying"
            });
        }
    }
}

fn recovers(scene: &TruthFixture, error: &str) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit(&format!("error {error} then stream 2s"));
    actor.finish();
    retries(&mut actor);
    actor.finish_scenario();
}

fn failed(actor: &mut SessionActor<'_>) {
    let at = TimeWindow::at(actor.end_event().at);
    actor.note_change(TrueChange::new(at, &[TruthState::Failed]).within(TURN_END_TOLERANCE));
    retries(actor);
}

/// Limits the retries: by default Claude Code tries for some minutes.
fn fails(scene: &TruthFixture, code: &str) {
    let file = scene.home.config_dir().join("settings.json");
    let known = std::fs::read(&file).unwrap_or_else(|_| b"{}".to_vec());
    let mut settings: Value = serde_json::from_slice(&known).expect("JSON");
    settings["env"]["CLAUDE_CODE_MAX_RETRIES"] = "2".into();
    std::fs::write(&file, settings.to_string()).expect("settings");
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.submit(&format!("error {code}"));
    failed(&mut actor);
    sleep_seconds(2);
    actor.run("say better");
    actor.finish_scenario();
}

fn compacting(actor: &mut SessionActor<'_>) {
    let from = actor.step("(compact)", 0, ApiEventKind::Requested);
    let until = actor.step("(compact)", 0, ApiEventKind::MessageStop);
    actor.truth.finer("compacting", (from, until), |s| {
        s["activity"]["kind"] == "Compacting"
    });
}

fn compact(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    actor.run("say one");
    actor.run("say two");
    actor.submit("/compact");
    // The user asked for the compaction, so there may or may not be something to review.
    let at = TimeWindow::at(actor.end_event().at);
    actor.note_change(
        TrueChange::new(at, &[TruthState::Finished, TruthState::Idle]).within(TURN_END_TOLERANCE),
    );
    compacting(&mut actor);
    actor.finish_scenario();
}

fn compact_auto(scene: &TruthFixture) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    for prompt in ["say one", "say two", "full"] {
        actor.run(prompt);
    }
    actor.submit("stream 2s");
    actor.step("stream 2s", 0, ApiEventKind::MessageStop);
    actor.terminal.wait_status(WAIT_TIMEOUT, "idle");
    actor.finish();
    compacting(&mut actor);
    actor.finish_scenario();
}
