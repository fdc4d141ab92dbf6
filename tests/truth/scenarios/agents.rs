//! Sub-agents.

use super::{Scenario, scenario};
use crate::run::stage::{LONG, Scene, hold};
use crate::run::state::State;
use crate::run::timeline::{Change, DIALOG, Moment};
use std::time::{Duration, SystemTime};
use trusty_tests::{Key, Kind, Shape};

pub(crate) const ALL: &[Scenario] = &[
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

/// It works until all have ended and the main agent has said so, whatever the main agent says
/// before.
fn work(scene: &Scene, number: usize, mode: &str) {
    let mut actor = scene.open(Shape::PtyDirect);
    let directive = "stream 6s";
    actor.submit(&format!("agents {number} {mode} {directive}"));
    let each = |kind| {
        let prompts = (1..=number).map(|i| format!("agent {i}: {directive}"));
        let times = prompts.map(|prompt| actor.step(&prompt, 0, kind));
        times.collect::<Vec<SystemTime>>()
    };
    let all_begun = each(Kind::Requested).into_iter().max();
    let first_ends = each(Kind::MessageStop).into_iter().min();
    let span = all_begun.zip(first_ends).expect("at least one");
    actor
        .truth
        .finer("how many", span, move |s| s["active_delegations"] == number);
    actor.finish();
    actor.done();
}

fn ask(scene: &Scene, number: usize, mode: &str) {
    let mut actor = scene.open(Shape::PtyDirect);
    let directive = "bash: touch made";
    actor.submit(&format!("agents {number} {mode} {directive}"));
    let stop = actor
        .event(|e| e.prompt.starts_with("agent ") && e.step == 0 && e.kind == Kind::MessageStop);
    actor.tell(Change::new(Moment::at(stop.at), &[State::Permission]).within(DIALOG));
    let mut from = stop.at;
    for left in (0..number).rev() {
        let phrase = "from the general-purpose agent";
        actor.terminal.wait_screen(LONG, phrase);
        hold(if left + 1 == number { 2 } else { 1 });
        actor
            .truth
            .finer("tool and agent", (from, SystemTime::now()), |s| {
                s["need"]["tool"] == "Bash" && s["need"]["agent"].is_string()
            });
        let at = actor.answer(Key::Char('1'));
        if left > 0 {
            // The next dialog is there at once, or after a moment of work.
            let same = Change::new(at, &[State::Permission]);
            actor.tell(same.within(DIALOG).passing(&[State::Working]));
            from = at.to + Duration::from_millis(1);
        } else {
            actor.tell(Change::new(at, &[State::Working]));
        }
    }
    actor.finish();
    actor.done();
}
