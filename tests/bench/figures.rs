//! What operations cost, as medians and ratios of one run on one machine. Slowness is no failure
//! here.

#[path = "answer_figures.rs"]
mod answer;
#[path = "app_figures.rs"]
mod app;
#[path = "hook_figures.rs"]
mod hook;
#[path = "popover_figures.rs"]
mod popover;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use trusty_engine::Engine;
use trusty_fleet::SessionStatus;
use trusty_records::Settings;
use trusty_tests::trusty::{program, serve, trusty};
use trusty_tests::{StandIn, TerminalShape, TestHome, TestStage, TestTerminal};
use trusty_wire::Environment;

const WAIT_TIMEOUT: Duration = Duration::from_mins(2);
const SESSION_COUNT: usize = 10;
const TRANSCRIPT_COUNT: usize = 10_000;

/// Measures what the arguments name, or everything.
pub(crate) fn run() {
    println!("Medians of one run on this machine; ratios are what to compare.\n");
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let client = trusty_tests::client::binary().is_some();
    let parts: [(&str, fn(), MeasurementNeeds); 8] = [
        ("sizes", sizes, MeasurementNeeds::Nothing),
        ("snapshot", registry_to_snapshot, MeasurementNeeds::Nothing),
        ("hook", hook::run, MeasurementNeeds::Nothing),
        ("app", app::run, MeasurementNeeds::Nothing),
        ("popover", popover::run, MeasurementNeeds::Nothing),
        ("calls", hook::with_client, MeasurementNeeds::Client),
        ("answers", answer::run, MeasurementNeeds::Client),
        ("sessions", with_sessions, MeasurementNeeds::Client),
    ];
    for (name, measure, needs) in parts {
        if !named.is_empty() && !named.iter().any(|one| one == name) {
            continue;
        }
        if needs == MeasurementNeeds::Client && !client {
            println!("skipped: {name} (the client is not installed)");
        } else {
            measure();
        }
    }
}

/// What a measurement requires.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MeasurementNeeds {
    Nothing,
    Client,
}

fn row(what: &str, figure: &str, goal: &str) {
    println!("{what:<52} {figure:>24}   goal {goal}");
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The value below which `percent` of all lie.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

fn sizes() {
    for (name, goal) in [
        ("trusty-bar", "≤ 15 MB"),
        ("trusty", "-"),
        ("trusty-hook", "-"),
    ] {
        let bytes = fs::metadata(program(name)).map_or(0, |m| m.len());
        row(
            &format!("size of {name}"),
            &format!("{:.1} MB", mega(bytes)),
            goal,
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Registry write → snapshot, with the file of a stand-in written in place many times.
fn registry_to_snapshot() {
    let home = TestHome::new();
    let env = Environment {
        home: home.path().to_path_buf(),
        tmux_folder: Some(home.tmux_tmpdir()),
        ..Environment::default()
    };
    let settings = Settings::parse("[discovery]\nconfine = true", home.path());
    let write = registry_writer(&home);
    write("busy");
    let engine = Engine::start(&env, &settings).expect("starts");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let mut times = runtime.expect("runtime").block_on(async {
        let mut snapshots = engine.snapshots();
        let mut times = Vec::new();
        for n in 0..1_000 {
            let (word, wanted) = match n % 2 {
                0 => ("waiting", SessionStatus::AwaitingApproval),
                _ => ("busy", SessionStatus::Active),
            };
            if n == 0 {
                let first = snapshots.wait_for(|s| !s.sessions.is_empty()).await;
                drop(first.expect("the engine runs"));
            }
            let begun = Instant::now();
            write(word);
            let told =
                snapshots.wait_for(|s| s.sessions.first().is_some_and(|s| s.status == wanted));
            drop(told.await.expect("the engine runs"));
            times.push(begun.elapsed());
        }
        times
    });
    let (median, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    row(
        "registry write → snapshot, p50 / p99",
        &format!("{} / {}", ms(median), ms(p99)),
        "p99 ≤ 10 ms",
    );
}

/// Writes the registry file of a stand-in, in place as Claude Code does.
fn registry_writer(home: &TestHome) -> impl Fn(&str) + use<> {
    let session = StandIn::start(home);
    move |word| {
        let rest = format!(r#""status":"{word}","waitingFor":"permission prompt""#);
        session.write_status(&rest);
    }
}

fn with_sessions() {
    let stage = TestStage::builder().build().expect("Claude Code");
    transcripts(&stage.home.config_dir().join("projects"));
    let open = |n: usize| stage.open_idle(TerminalShape::PtyDirect, &format!("project-{n}"), &[]);
    let terminals: Vec<TestTerminal> = (0..SESSION_COUNT).map(open).collect();
    lists(&stage);
    idle(&stage.home);
    drop(terminals);
}

fn transcripts(projects: &Path) {
    let line = r#"{"type":"user","message":{"role":"user","content":"hello"},"uuid":"x"}"#;
    for n in 0..TRANSCRIPT_COUNT {
        let folder = projects.join(format!("-home-dev-project-{}", n / 100));
        fs::create_dir_all(&folder).expect("folder");
        let mut file = fs::File::create(folder.join(format!("{n:032x}.jsonl"))).expect("file");
        for _ in 0..20 {
            writeln!(file, "{line}").expect("write");
        }
    }
}

/// Times `trusty list` and Claude Code's own list in turn.
fn lists(stage: &TestStage) {
    let (home, api) = (&stage.home, &stage.api);
    let timed = |command: &mut Command| {
        let begun = Instant::now();
        let output = command.output().expect("runs");
        assert!(output.status.success());
        (begun.elapsed(), output.stdout)
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let (time, json) = timed(trusty(home).args(["list", "--json"]));
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(
            json["sessions"].as_array().map(Vec::len),
            Some(SESSION_COUNT),
            "all are found"
        );
        ours.push(time);
        let mut client = trusty_tests::client::command(home, api, home.path());
        theirs.push(timed(client.args(["agents", "--json"])).0);
    }
    let (ours, theirs) = (percentile(&mut ours, 50), percentile(&mut theirs, 50));
    row(
        "trusty list, 10 sessions, 10,000 transcripts",
        &ms(ours),
        "≤ 60 ms",
    );
    row("claude agents --json beside it", &ms(theirs), "-");
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    row(
        "that is so many times as long",
        &format!("{ratio:.1} ×"),
        "≥ 5 ×",
    );
}

/// What the engine costs while all sessions are idle and no face is open.
fn idle(home: &TestHome) {
    let serving = serve(home);
    // The first scan and its consequences are not idleness.
    std::thread::sleep(Duration::from_secs(20));
    let pid = serving.process().pid;
    let (before, begun) = (ProcessCost::of(pid), Instant::now());
    std::thread::sleep(Duration::from_mins(1));
    let (after, seconds) = (ProcessCost::of(pid), begun.elapsed().as_secs_f64());
    let woken = |name: &String| {
        let earlier = before.switches.get(name).copied().unwrap_or(0);
        f64::from(after.switches[name].saturating_sub(earlier)) / seconds
    };
    let wakes: f64 = after.switches.keys().map(woken).sum();
    row(
        "idle engine, 10 idle sessions: wake-ups",
        &format!("{wakes:.2} /s"),
        "≤ 1 /s",
    );
    for name in after.switches.keys() {
        row(
            &format!("  of these {name}"),
            &format!("{:.2} /s", woken(name)),
            "-",
        );
    }
    let share = f64::from(after.ticks - before.ticks) / seconds;
    row(
        "idle engine, 10 idle sessions: of a core",
        &format!("{share:.2} %"),
        "≤ 0.1 %",
    );
}

struct ProcessCost {
    /// Processor time in hundredths of a second, including children that were waited for.
    ticks: u32,
    /// How often each thread went to sleep.
    switches: BTreeMap<String, u32>,
}

impl ProcessCost {
    fn of(pid: u32) -> Self {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("runs");
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .expect("a name")
            .1
            .split_whitespace()
            .collect();
        let ticks = (11..=14)
            .map(|n| fields[n].parse::<u32>().expect("a number"))
            .sum();
        let mut switches = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))
            .expect("runs")
            .flatten()
        {
            let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let status = read("status");
            let line = status
                .lines()
                .find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            let count = line.and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(0);
            *switches.entry(read("comm").trim().to_owned()).or_default() += count;
        }
        Self { ticks, switches }
    }
}
