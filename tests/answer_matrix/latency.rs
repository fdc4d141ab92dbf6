//! How long it takes until a request is told, and until its answer has its effect.

use crate::stage::{LONG, PROCEED, Stage, allow, id};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, SystemTime};
use trusty_tests::wait::until;
use trusty_tests::{ApiEvent, Kind, Shape};

const REQUESTS: usize = 30;

/// Of one request, all since the model has called the tool.
#[derive(Default)]
struct Times {
    told: Vec<Duration>,
    registry: Vec<Duration>,
    dialog: Vec<Duration>,
    /// Since the answer was sent.
    run: Vec<Duration>,
}

/// A table of medians.
pub(crate) fn measure(shape: Shape) -> String {
    let Some(stage) = Stage::for_programs(shape) else {
        return String::new();
    };
    let mut times = Times::default();
    for number in 0..REQUESTS {
        one(&stage, number, &mut times);
    }
    let mut table = format!("{shape:?}, {REQUESTS} requests          p50      p95\n");
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

fn one(stage: &Stage, number: usize, times: &mut Times) {
    let name = format!("made-{number}");
    let prompt = format!("bash: touch {name}");
    let events = stage.local.listen();
    stage.terminal.submit(&prompt);
    let called = |all: &[ApiEvent]| {
        let stop = |e: &&ApiEvent| e.prompt == prompt && e.kind == Kind::MessageStop;
        all.iter().find(stop).map(|e| e.at)
    };
    let called = stage.api.wait(LONG, called);
    let since = |at: SystemTime| at.duration_since(called).unwrap_or_default();
    let (mut told, mut registry, mut dialog) = (None, None, None);
    until(LONG, "the request everywhere", || {
        if told.is_none() {
            let all = events.all();
            let held = |e: &&(SystemTime, String)| e.0 >= called && e.1.contains("\"held\":true");
            told = all.iter().find(held).map(|e| e.0);
        }
        if registry.is_none() {
            let waits = stage.terminal.registry()?["status"] == "waiting";
            registry = waits.then(SystemTime::now);
        }
        if dialog.is_none() {
            let painted = stage.terminal.screen().contains(PROCEED);
            dialog = painted.then(SystemTime::now);
        }
        (told.is_some() && registry.is_some() && dialog.is_some()).then_some(())
    });
    times.told.extend(told.map(since));
    times.registry.extend(registry.map(since));
    times.dialog.extend(dialog.map(since));
    let request = id(&stage.wait_held(1)[0]);
    let answered = SystemTime::now();
    stage.give(&request, &allow());
    stage.wait_made(&name);
    let file = fs::metadata(stage.folder.join(&name)).expect("made");
    let made = file.modified().expect("a time");
    // The file system's clock goes in steps.
    times
        .run
        .push(made.duration_since(answered).unwrap_or_default());
    stage.rest();
}
