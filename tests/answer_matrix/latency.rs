//! How long it takes until a request is reported, and until its answer has its effect.

use crate::stage::{AnswerFixture, WAIT_TIMEOUT, allow, id, scripted};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, SystemTime};
use trusty_tests::wait::until;
use trusty_tests::{ApiEvent, ApiEventKind, PERMISSION_DIALOG_TEXT, TerminalShape};

const REQUEST_COUNT: usize = 30;

/// The times of all requests, counted from the tool call of the model unless noted.
#[derive(Default)]
struct RequestLatencies {
    told: Vec<Duration>,
    registry: Vec<Duration>,
    dialog: Vec<Duration>,
    /// Counted from the sending of the answer.
    run: Vec<Duration>,
}

/// Measures the requests, and returns a table of medians and 95th percentiles.
pub(crate) fn measure(shape: TerminalShape) -> String {
    let Some(stage) = scripted(shape) else {
        return String::new();
    };
    let mut times = RequestLatencies::default();
    for number in 0..REQUEST_COUNT {
        one(&stage, number, &mut times);
    }
    let mut table = format!("{shape:?}, {REQUEST_COUNT} requests          p50      p95\n");
    for (what, mut all) in [
        ("called → told as an event", times.told),
        ("called → in the registry", times.registry),
        ("called → dialog painted", times.dialog),
        ("answered → the tool's file", times.run),
    ] {
        all.sort_unstable();
        let at = |percent: usize| all[(all.len() - 1) * percent / 100].as_millis();
        let _ = writeln!(table, "{what:<28} {:>5} ms {:>5} ms", at(50), at(95));
    }
    table
}

fn one(stage: &AnswerFixture, number: usize, times: &mut RequestLatencies) {
    let name = format!("made-{number}");
    let prompt = format!("bash: touch {name}");
    let events = stage.local.record_events();
    stage.terminal.submit(&prompt);
    let called = |all: &[ApiEvent]| {
        let stop = |e: &&ApiEvent| e.prompt == prompt && e.kind == ApiEventKind::MessageStop;
        all.iter().find(stop).map(|e| e.at)
    };
    let called = stage.api.wait(WAIT_TIMEOUT, called);
    let since = |at: SystemTime| at.duration_since(called).unwrap_or_default();
    let (mut told, mut registry, mut dialog) = (None, None, None);
    until(WAIT_TIMEOUT, "the request everywhere", || {
        if told.is_none() {
            let all = events.all_events();
            let held = |e: &&(SystemTime, String)| e.0 >= called && e.1.contains("\"held\":true");
            told = all.iter().find(held).map(|e| e.0);
        }
        if registry.is_none() {
            let waits = stage.terminal.registry()?["status"] == "waiting";
            registry = waits.then(SystemTime::now);
        }
        if dialog.is_none() {
            let painted = stage.terminal.screen().contains(PERMISSION_DIALOG_TEXT);
            dialog = painted.then(SystemTime::now);
        }
        (told.is_some() && registry.is_some() && dialog.is_some()).then_some(())
    });
    times.told.extend(told.map(since));
    times.registry.extend(registry.map(since));
    times.dialog.extend(dialog.map(since));
    let request = id(&stage.wait_held(1)[0]);
    let answered = SystemTime::now();
    stage.give_answer(&request, &allow());
    stage.wait_made(&name);
    let file = fs::metadata(stage.folder.join(&name)).expect("made");
    let made = file.modified().expect("a time");
    // The clock of the file system goes in steps, so `made` may lie before `answered`.
    times
        .run
        .push(made.duration_since(answered).unwrap_or_default());
    stage.rest();
}
