//! What a run prints and keeps.

use super::ScenarioOutcome;
use super::measure::{ChangeKind, ChangeLag, ScenarioFigures, since};
use super::stage::TruthFixture;
use super::state::names;
use super::timeline::{ChangeSignal, ProcessTruth};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_tests::trusty::{session_of, status_word_of};
use trusty_tests::{TestedClient, Value};

/// On a quiet machine Claude Code reports nearly every change within this time.
const NOISY_DELAY: Duration = Duration::from_millis(600);

pub(crate) fn head() {
    println!(
        "{:<22} {:>6} {:>8} {:>6} {:>5} {:>6} {:>6}  shown",
        "scenario", "s", "wrong ms", "missed", "false", "p50 ms", "p95 ms"
    );
}

pub(crate) fn row(outcome: &ScenarioOutcome) {
    let m = &outcome.measured;
    let mut lags = m.lags(ChangeSignal::Event);
    println!(
        "{:<22} {:>6.1} {:>8} {:>6} {:>5} {:>6} {:>6}  {}",
        outcome.name,
        outcome.took.as_secs_f64(),
        m.wrong_time().as_millis(),
        m.missed.len(),
        m.false_needs.len(),
        percentile(&mut lags, 50),
        percentile(&mut lags, 95),
        m.words.join(" "),
    );
    if let Some(broken) = &outcome.broken {
        for line in broken.lines().filter(|l| !l.trim().is_empty()).take(12) {
            println!("    BROKEN: {line}");
        }
    }
    for wrong in &m.wrong {
        println!(
            "    wrong: {:?} for {} ms at {:.3} s, right is {}",
            wrong.shown,
            wrong.time().as_millis(),
            wrong.from.as_secs_f64(),
            names(&wrong.right)
        );
    }
    for text in &m.missed {
        println!("    missed: {text}");
    }
    for text in &m.false_needs {
        println!("    false: {text}");
    }
    let told: Vec<String> = m
        .shares
        .iter()
        .map(|s| format!("{} {} %", s.what, percent(s.told, s.of)))
        .collect();
    if !told.is_empty() {
        println!("    told: {}", told.join(", "));
    }
    for told in [ChangeSignal::Look, ChangeSignal::Screen] {
        let looked = m.lags(told);
        if !looked.is_empty() {
            println!("    found by looking after {} ms", list(&looked));
        }
    }
}

/// Prints the totals, and returns whether they meet the goals.
pub(crate) fn totals(outcomes: &[ScenarioOutcome]) -> bool {
    let measured = || outcomes.iter().map(|o| &o.measured);
    let missed: usize = measured().map(|m| m.missed.len()).sum();
    let falsely: usize = measured().map(|m| m.false_needs.len()).sum();
    let broken = outcomes.iter().filter(|o| o.broken.is_some()).count();
    let took: Duration = outcomes.iter().map(|o| o.took).sum();
    println!(
        "\n{} scenarios in {:.0} s, {broken} broken",
        outcomes.len(),
        took.as_secs_f64()
    );
    let share = wrong("wrong  ", outcomes.iter());
    let newest = |o: &&ScenarioOutcome| o.client == TestedClient::Newest;
    if !outcomes.iter().all(|o| newest(&o)) {
        wrong("  of the newest client", outcomes.iter().filter(newest));
        wrong("  of older clients", outcomes.iter().filter(|o| !newest(o)));
    }
    println!("missed  {missed} needs\nfalse   {falsely} needs");
    println!(
        "{:<40} {:>4} {:>5} {:>5} {:>5} {:>6}   the client's own delay",
        "latency, true change to shown, ms", "n", "p50", "p95", "max", "never"
    );
    for toward in ChangeKind::ALL_KINDS {
        let name = format!("  → {toward:?}").to_lowercase();
        lags(outcomes, &name, |l| {
            l.toward == toward && l.told == ChangeSignal::Event
        });
    }
    lags(outcomes, "found by looking (Ctrl-Z, fg)", |l| {
        l.told == ChangeSignal::Look
    });
    lags(outcomes, "found on the screens of older clients", |l| {
        l.told == ChangeSignal::Screen
    });
    note_noise(outcomes);
    missed == 0 && falsely == 0 && broken == 0 && share < 1.0
}

/// Prints how long something false was shown, and returns that in per cent of all time.
fn wrong<'a>(name: &str, outcomes: impl Iterator<Item = &'a ScenarioOutcome>) -> f64 {
    let times = outcomes.map(|o| (o.measured.wrong_time(), o.measured.observed));
    let (wrong, observed) = times.fold((Duration::ZERO, Duration::ZERO), |sum, one| {
        (sum.0 + one.0, sum.1 + one.1)
    });
    let share = wrong.as_secs_f64() / observed.as_secs_f64().max(0.001) * 100.0;
    let (wrong, observed) = (wrong.as_millis(), observed.as_secs_f64());
    println!("{name} {share:.2} % of {observed:.0} s ({wrong} ms)");
    share
}

/// Says so if the machine was busy, which delays Claude Code and with it all that is shown of it.
fn note_noise(outcomes: &[ScenarioOutcome]) {
    let all = outcomes.iter().flat_map(|o| &o.measured.lags);
    let mut own: Vec<Duration> = all.filter_map(|l| l.client).collect();
    own.sort_unstable();
    let rank = own.len() * 95 / 100;
    if own.get(rank).is_some_and(|late| *late > NOISY_DELAY) {
        println!("NOTE: the client itself was late: this machine was not quiet.");
    }
}

fn lags(outcomes: &[ScenarioOutcome], name: &str, of_this: impl Fn(&ChangeLag) -> bool) {
    let all = outcomes.iter().flat_map(|o| &o.measured.lags);
    let of_this: Vec<&ChangeLag> = all.filter(|l| of_this(l)).collect();
    if of_this.is_empty() {
        return;
    }
    let mut lags: Vec<Duration> = of_this.iter().filter_map(|l| l.shown).collect();
    let mut own: Vec<Duration> = of_this.iter().filter_map(|l| l.client).collect();
    println!(
        "{name:<40} {:>4} {:>5} {:>5} {:>5} {:>6}   {:>5} {:>5}",
        lags.len(),
        percentile(&mut lags, 50),
        percentile(&mut lags, 95),
        percentile(&mut lags, 100),
        of_this.len() - lags.len(),
        percentile(&mut own, 50),
        percentile(&mut own, 95),
    );
}

fn percent(part: Duration, of: Duration) -> String {
    let share = part.as_secs_f64() / of.as_secs_f64().max(0.001) * 100.0;
    format!("{share:.0}")
}

fn list(times: &[Duration]) -> String {
    let times: Vec<String> = times.iter().map(|t| t.as_millis().to_string()).collect();
    times.join(", ")
}

/// The time below which `share` per cent of all lie, in milliseconds.
fn percentile(times: &mut [Duration], share: usize) -> String {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else {
        return "-".into();
    };
    let rank = (times.len() * share).div_ceil(100).saturating_sub(1);
    times[rank.min(last)].as_millis().to_string()
}

/// All that was noted in one scenario, in order: true changes, API, registry and lines shown.
pub(crate) fn story(
    scene: &TruthFixture,
    stories: &[ProcessTruth],
    measured: &ScenarioFigures,
) -> Vec<Value> {
    let t = |at| since(scene.began, at).as_secs_f64();
    let mut all: Vec<(f64, Value)> = Vec::new();
    for story in stories {
        for change in &story.truth.changes {
            let at = t(change.at.from);
            all.push((
                at,
                json!({
                    "t": at, "source": "truth", "pid": story.pid, "until": t(change.at.to),
                    "right": names(&change.right), "tolerance": change.tolerance.as_secs_f64(),
                }),
            ));
        }
        let mut last = String::new();
        for (at, line) in scene.watch.lines() {
            let session = session_of(&line, story.pid);
            let now = session.as_ref().map_or("no row".into(), status_word_of);
            let because = session.map(|s| s["because"].clone());
            if now != last {
                let at = t(at);
                all.push((
                    at,
                    json!({"t": at, "source": "shown", "pid": story.pid, "word": now, "because": because}),
                ));
            }
            last = now;
        }
        let end = t(story.end);
        all.push((end, json!({"t": end, "source": "end", "pid": story.pid})));
    }
    for event in scene.api.events() {
        let at = t(event.at);
        let kind = format!("{:?}", event.kind);
        let prompt: String = event.prompt.chars().take(80).collect();
        all.push((
            at,
            json!({"t": at, "source": "api", "prompt": prompt, "step": event.step, "kind": kind}),
        ));
    }
    for word in scene.witness.words() {
        let at = t(word.at);
        all.push((
            at,
            json!({"t": at, "source": "registry", "pid": word.pid, "says": word.text}),
        ));
    }
    for wrong in &measured.wrong {
        let at = wrong.from.as_secs_f64();
        all.push((
            at,
            json!({
                "t": at, "source": "WRONG", "pid": wrong.pid, "until": wrong.to.as_secs_f64(),
                "shown": format!("{:?}", wrong.shown), "right": names(&wrong.right),
            }),
        ));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().map(|(_, value)| value).collect()
}

/// The folder in which evidence is kept.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/truth")
}

/// Removes what an earlier run has kept of a scenario.
pub(crate) fn forget(name: &str) {
    for end in ["jsonl", "watch.jsonl"] {
        // An earlier run need not have kept anything.
        let _ = fs::remove_file(folder().join(format!("{name}.{end}")));
    }
}

/// Keeps a scenario's story and, beside it, the lines of `trusty watch` as they came.
pub(crate) fn keep(name: &str, scene: &TruthFixture, story: &[Value]) {
    let lines = scene.watch.lines();
    let lines = lines
        .into_iter()
        .map(|(at, line)| json!({"t": since(scene.began, at).as_secs_f64(), "line": line}));
    write(
        &folder().join(format!("{name}.jsonl")),
        story.iter().cloned(),
    );
    write(&folder().join(format!("{name}.watch.jsonl")), lines);
}

fn write(path: &Path, lines: impl Iterator<Item = Value>) {
    fs::create_dir_all(folder()).expect("a folder for the evidence");
    let text = lines.fold(String::new(), |text, line| text + &line.to_string() + "\n");
    fs::write(path, text).expect("a file for the evidence");
}

/// The raw data of one scenario.
pub(crate) fn raw(outcome: &ScenarioOutcome) -> Value {
    let m = &outcome.measured;
    let lags = m.lags.iter().map(|l| {
        json!({
            "toward": format!("{:?}", l.toward),
            "told": format!("{:?}", l.told),
            "client_ms": l.client.map(|l| l.as_secs_f64() * 1000.0),
            "ms": l.shown.map(|l| l.as_secs_f64() * 1000.0),
        })
    });
    json!({
        "name": outcome.name,
        "seconds": outcome.took.as_secs_f64(),
        "broken": outcome.broken,
        "observed_ms": m.observed.as_secs_f64() * 1000.0,
        "wrong_ms": m.wrong_time().as_secs_f64() * 1000.0,
        "missed": m.missed,
        "false": m.false_needs,
        "lags": lags.collect::<Vec<_>>(),
        "told": m.shares.iter().map(|s| json!({
            "what": s.what, "ms": s.told.as_secs_f64() * 1000.0, "of_ms": s.of.as_secs_f64() * 1000.0,
        })).collect::<Vec<_>>(),
        "story": outcome.story,
    })
}
