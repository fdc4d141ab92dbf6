//! Sub-agents.

use super::{TruthScenario, scenario};
use crate::run::stage::{TruthFixture, WAIT_TIMEOUT, sleep_seconds};
use crate::run::state::TruthState;
use crate::run::timeline::{DIALOG_TOLERANCE, TimeWindow, TrueChange};
use std::time::{Duration, SystemTime};
use trusty_tests::{ApiEventKind, KeyboardKey, TerminalShape};

pub(crate) const AGENT_SCENARIOS: &[TruthScenario] = &[
    scenario("agents-1-bg", "one sub-agent, in the background", |s| {
        work(s, 1, "bg");
    }),
    scenario("agents-5-bg", "five, which outlive the main turn", |s| {
        work(s, 5, "bg");
    }),
    scenario("agents-1-fg", "one sub-agent, in the foreground", |s| {
        work(s, 1, "fg");
    }),
    scenario("agents-5-fg", "five, in the foreground", |s| {
        work(s, 5, "fg");
    }),
    scenario("agents-1-ask", "one that asks for leave", |s| {
        ask(s, 1, "bg");
    }),
    scenario(
        "agents-5-ask",
        "five that ask for leave, one after another",
        |s| {
            ask(s, 5, "bg");
        },
    ),
];

/// The session works until all sub-agents have ended and the main agent has said so, whatever the
/// main agent says before.
fn work(scene: &TruthFixture, number: usize, mode: &str) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let directive = "stream 6s";
    actor.submit(&format!("agents {number} {mode} {directive}"));
    let each = |kind| {
        let prompts = (1..=number).map(|i| format!("agent {i}: {directive}"));
        let times = prompts.map(|prompt| actor.step(&prompt, 0, kind));
        times.collect::<Vec<SystemTime>>()
    };
    let all_begun = each(ApiEventKind::Requested).into_iter().max();
    let first_ends = each(ApiEventKind::MessageStop).into_iter().min();
    let span = all_begun.zip(first_ends).expect("at least one");
    actor
        .truth
        .finer("how many", span, move |s| s["active_delegations"] == number);
    actor.finish();
    actor.finish_scenario();
}

fn ask(scene: &TruthFixture, number: usize, mode: &str) {
    let mut actor = scene.open(TerminalShape::PtyDirect);
    let directive = "bash: touch made";
    actor.submit(&format!("agents {number} {mode} {directive}"));
    let stop = actor.event(|e| {
        e.prompt.starts_with("agent ") && e.step == 0 && e.kind == ApiEventKind::MessageStop
    });
    actor.note_change(
        TrueChange::new(TimeWindow::at(stop.at), &[TruthState::Permission])
            .within(DIALOG_TOLERANCE),
    );
    let mut from = stop.at;
    for left in (0..number).rev() {
        let phrase = "from the general-purpose agent";
        actor.terminal.wait_screen(WAIT_TIMEOUT, phrase);
        sleep_seconds(if left + 1 == number { 2 } else { 1 });
        actor
            .truth
            .finer("tool and agent", (from, SystemTime::now()), |s| {
                s["need"]["tool"] == "Bash" && s["need"]["agent"].is_string()
            });
        let at = actor.answer(KeyboardKey::Char('1'));
        if left > 0 {
            // The next dialog opens at once, or after a moment of work.
            let same = TrueChange::new(at, &[TruthState::Permission]);
            actor.note_change(
                same.within(DIALOG_TOLERANCE)
                    .passing(&[TruthState::Working]),
            );
            from = at.to + Duration::from_millis(1);
        } else {
            actor.note_change(TrueChange::new(at, &[TruthState::Working]));
        }
    }
    actor.finish();
    actor.finish_scenario();
}
