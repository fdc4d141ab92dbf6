//! Runs the scenarios one after another, because the latencies need a quiet machine.

mod judge;
mod measure;
mod report;
mod scenarios;
mod stage;
mod state;
mod timeline;
mod witness;

use measure::{ScenarioEvidence, ScenarioFigures};
use scenarios::TruthScenario;
use serde_json::json;
use stage::TruthFixture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use trusty_tests::{RunningRecording, TestedClient, Value};

/// Whether the sessions of this run have our hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientConnection {
    /// Claude Code runs without our hooks.
    None,
    /// Our hooks report what Claude Code does.
    Hooks,
}

/// The result of one scenario.
pub(crate) struct ScenarioOutcome {
    pub name: &'static str,
    pub client: TestedClient,
    pub took: Duration,
    pub measured: ScenarioFigures,
    pub story: Vec<Value>,
    /// Why the scenario did not come to its end.
    pub broken: Option<String>,
}

struct TruthArgs {
    only: Vec<String>,
    list: bool,
    keep: bool,
    json: Option<PathBuf>,
    /// The folder for recordings of what was seen.
    record: Option<PathBuf>,
    connection: ClientConnection,
}

const USAGE_TEXT: &str =
    "truth [--list] [--keep] [--json FILE] [--connection none|hooks] [SCENARIO…]
  --list        names the scenarios
  --keep        keeps the evidence of right scenarios too, in tests/artefacts/truth
  --json FILE   writes all raw data
  RECORD=DIR in the environment: trusty record runs beside each, into DIR/SCENARIO.jsonl
A SCENARIO may be the beginning of a name.";

impl TruthArgs {
    fn read() -> Result<Self, &'static str> {
        let mut wish = Self {
            only: Vec::new(),
            list: false,
            keep: false,
            json: None,
            record: std::env::var_os("RECORD").map(PathBuf::from),
            connection: ClientConnection::None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                // Cargo passes this to every benchmark.
                "--bench" => {}
                "--list" => wish.list = true,
                "--keep" => wish.keep = true,
                "--json" => wish.json = Some(words.next().ok_or(USAGE_TEXT)?.into()),
                "--connection" => {
                    wish.connection = match words.next().as_deref() {
                        Some("none") => ClientConnection::None,
                        Some("hooks") => ClientConnection::Hooks,
                        _ => return Err(USAGE_TEXT),
                    }
                }
                name if !name.starts_with('-') => wish.only.push(name.to_owned()),
                _ => return Err(USAGE_TEXT),
            }
        }
        Ok(wish)
    }

    /// Whether the scenario is asked for. A word that is no name stands for all names that begin
    /// with it.
    fn wants(&self, scenario: &TruthScenario) -> bool {
        let is_name = |word: &str| scenarios::all().any(|s| s.name == word);
        let means = |word: &String| {
            scenario.name == word || (!is_name(word) && scenario.name.starts_with(word.as_str()))
        };
        self.only.is_empty() || self.only.iter().any(means)
    }
}

pub(crate) fn run() -> ExitCode {
    let wish = match TruthArgs::read() {
        Ok(wish) => wish,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let wanted: Vec<&TruthScenario> = scenarios::all().filter(|s| wish.wants(s)).collect();
    if wish.list {
        for scenario in wanted {
            println!("{:<22} {}", scenario.name, scenario.about);
        }
        return ExitCode::SUCCESS;
    }
    if wanted.is_empty() {
        eprintln!("no scenario is called {:?}; --list names them", wish.only);
        return ExitCode::from(2);
    }
    if trusty_tests::require_client().is_none() {
        return ExitCode::SUCCESS;
    }
    // What broke a scenario is part of its report.
    std::panic::set_hook(Box::new(|_| {}));
    report::head();
    let mut outcomes = Vec::new();
    for scenario in wanted {
        if wish.connection == ClientConnection::Hooks && scenario.client != TestedClient::Newest {
            // Older versions reject a settings file that holds events they do not know.
            println!(
                "{:<22} skipped: its client knows fewer hooks",
                scenario.name
            );
            continue;
        }
        if scenario.client.program().is_none() {
            let version = scenario.client.version();
            println!(
                "{:<22} skipped: client {version} is not installed",
                scenario.name
            );
            continue;
        }
        let outcome = play(scenario, &wish);
        report::row(&outcome);
        outcomes.push(outcome);
    }
    if let Some(path) = &wish.json {
        let raw: Vec<Value> = outcomes.iter().map(report::raw).collect();
        let text = json!({"scenarios": raw}).to_string();
        std::fs::write(path, text).expect("a file for the raw data");
    }
    let right = report::totals(&outcomes);
    // A recording holds what was shown, right or wrong.
    let recorded = wish.record.is_some() && outcomes.iter().all(|o| o.broken.is_none());
    if right || recorded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn play(scenario: &TruthScenario, wish: &TruthArgs) -> ScenarioOutcome {
    let begun = Instant::now();
    report::forget(scenario.name);
    let scene = TruthFixture::new(wish.connection);
    let recording = wish.record.as_ref().map(|folder| {
        let raw = scene.home.path().join("recording.jsonl");
        let to = folder.join(scenario.name).with_extension("jsonl");
        (RunningRecording::start(&scene.home, &raw), to)
    });
    let played = catch_unwind(AssertUnwindSafe(|| (scenario.play)(&scene)));
    let broken = played.err().map(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let text = text.or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        text.unwrap_or_else(|| "it panicked".into())
    });
    if let (Some((recording, to)), None) = (recording, &broken) {
        recording.keep_at(&to);
    }
    let stories = scene.stories.take();
    let measured = measure::measure(&ScenarioEvidence {
        began: scene.began,
        stories: &stories,
        lines: scene.watch.lines(),
        words: scene.witness.words(),
    });
    let story = report::story(&scene, &stories, &measured);
    let wrong = !measured.wrong.is_empty() || !measured.missed.is_empty();
    if wish.keep || wrong || broken.is_some() {
        report::keep(scenario.name, &scene, &story);
    }
    drop(scene);
    ScenarioOutcome {
        name: scenario.name,
        client: scenario.client,
        took: begun.elapsed(),
        measured,
        story,
        broken,
    }
}
