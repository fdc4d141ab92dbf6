//! Two sessions at once: what is true of one is never shown of the other.

use super::{TruthScenario, scenario};
use crate::run::stage::{TruthFixture, sleep_seconds};
use crate::run::state::TruthState;
use trusty_tests::{ApiEventKind, KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape};

pub(crate) const PAIR_SCENARIOS: &[TruthScenario] = &[
    scenario(
        "pair-folder",
        "two in one folder: one asks, one works",
        folder,
    ),
    scenario("pair-session", "two processes of one session id", session),
];

const ASKING_PROMPT: &str = "bash: touch made";

fn folder(scene: &TruthFixture) {
    let mut first = scene.open(TerminalShape::PtyDirect);
    let mut second = scene.open(TerminalShape::TmuxDirect);
    first.submit(ASKING_PROMPT);
    first.need(
        TruthState::Permission,
        ASKING_PROMPT,
        0,
        PERMISSION_DIALOG_TEXT,
    );
    second.submit("stream 6s");
    second.step("stream 6s", 0, ApiEventKind::MessageStop);
    second.finish();
    sleep_seconds(1);
    first.allow(KeyboardKey::Char('1'));
    first.finish();
    second.finish_scenario();
    first.done_at_once();
}

fn session(scene: &TruthFixture) {
    let mut first = scene.open(TerminalShape::PtyDirect);
    first.run("say one");
    let registry = first.terminal.registry().expect("a registry file");
    let id = registry["sessionId"].as_str().expect("an id").to_owned();
    let arguments = ["--permission-mode", "manual", "--resume", &id];
    let mut second = scene.open_with(TerminalShape::PtyDirect, "work", &arguments);
    sleep_seconds(1);
    second.run("stream 4s");
    sleep_seconds(1);
    second.submit(ASKING_PROMPT);
    second.need(
        TruthState::Permission,
        ASKING_PROMPT,
        0,
        PERMISSION_DIALOG_TEXT,
    );
    sleep_seconds(2);
    first.run("stream 3s");
    second.allow(KeyboardKey::Char('1'));
    second.finish();
    second.finish_scenario();
    first.done_at_once();
}
