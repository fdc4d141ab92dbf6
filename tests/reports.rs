//! Reports of many machines: each is replayed, and the list is compared with the one that lies
//! beside it. The lists of Macs were written from the sources that the reports name; those of Linux
//! are what `trusty list` showed when the report was made. `make reports` makes the latter anew.
#![cfg(target_os = "linux")]

#[path = "reports/made.rs"]
mod made;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use trusty_fleet::Session;
use trusty_fleet::session::Certainty;
use trusty_fleet::view::Row;
use trusty_report::read::parse_report;
use trusty_report::replay::{ReplayedReport, replay_report};
use trusty_tests::TestHome;
use trusty_tests::trusty::run;

/// The size limit of a report that is kept, in bytes.
const MAX_KEPT_REPORT_BYTES: usize = 40 * 1024;
/// The fewest reports of each system.
const MIN_MAC_REPORTS: usize = 16;
const MIN_LINUX_REPORTS: usize = 16;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports")
}

fn with_ending(ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder()).expect("the reports");
    let paths = files.map(|file| file.expect("a file").path());
    let named = paths.filter(|path| path.extension() == Some(OsStr::new(ending)));
    named
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn read_kept(name: &str, ending: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.{ending}"))).expect("text")
}

/// A session as one line: pid, status, certainty, confirmation and badges, terminal, version, name.
fn session_line(session: &Session) -> String {
    let row = Row::from_session(session, None);
    let certainty = match session.because.as_ref().map(|because| because.certainty) {
        Some(Certainty::Certain) => "certain",
        Some(Certainty::Inferred) => "inferred",
        Some(Certainty::Unknown) | None => "unknown",
    };
    let confirmed = match &session.unconfirmed {
        None => "confirmed",
        Some(_) => "unconfirmed",
    };
    let shown = ["Headless", "Detached"].into_iter();
    let badges = shown.filter(|badge| row.badges.iter().any(|b| b == badge));
    let states: Vec<String> = std::iter::once(confirmed.to_owned())
        .chain(badges.map(str::to_lowercase))
        .collect();
    let terminal = session.terminal.as_ref();
    let terminal = terminal.and_then(|terminal| match &terminal.tmux {
        Some(tmux) => Some(format!("tmux {} {}", tmux.session, tmux.pane)),
        None => terminal.app.clone(),
    });
    let version = session.claude.as_ref().and_then(|c| c.version.clone());
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        session.pid.unwrap_or(0).to_string(),
        row.word,
        certainty.to_owned(),
        states.join(" "),
        or_dash(terminal),
        or_dash(version),
        row.title,
    ]
    .join(" | ")
}

fn session_lines(sessions: &[Session]) -> BTreeSet<String> {
    sessions.iter().map(session_line).collect()
}

/// What a replay shows that the expected list does not, and the other way round.
fn differences(expected: &str, replayed: &ReplayedReport) -> Vec<String> {
    let lines = expected.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .collect();
    let wanted: BTreeSet<String> = lines
        .iter()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| (*line).to_owned())
        .collect();
    let shown = session_lines(&replayed.snapshot.sessions);
    let missing = wanted
        .difference(&shown)
        .map(|line| format!("missing: {line}"));
    let extra = shown
        .difference(&wanted)
        .map(|line| format!("extra: {line}"));
    let mut found: Vec<String> = missing.chain(extra).collect();
    let mut problems = replayed.problems.clone();
    for line in lines
        .iter()
        .filter_map(|line| line.strip_prefix("wrong | "))
    {
        let (subject, message) = line.split_once(" | ").expect("a subject and a message");
        let before = problems.len();
        problems.retain(|p| !(p.subject.contains(subject) && p.message.contains(message)));
        if problems.len() == before {
            found.push(format!("not said: {line}"));
        }
    }
    let unexpected = problems.iter();
    found.extend(unexpected.map(|p| format!("also said: {} | {}", p.subject, p.message)));
    found
}

#[test]
fn each_report_gives_the_list_beside_it() {
    let names = with_ending("json");
    assert_eq!(names, with_ending("expected"), "one for each report");
    let mut wrong = Vec::new();
    for name in &names {
        let parsed = parse_report(read_kept(name, "json").as_bytes());
        let parsed = parsed.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(parsed.remarks.is_empty(), "{name}: {:?}", parsed.remarks);
        let replayed = replay_report(&parsed.report);
        let found = differences(&read_kept(name, "expected"), &replayed);
        wrong.extend(
            found
                .into_iter()
                .map(|difference| format!("{name}: {difference}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let of = |system: &str| names.iter().filter(|name| name.starts_with(system)).count();
    assert!(of("mac-") >= MIN_MAC_REPORTS && of("linux-") >= MIN_LINUX_REPORTS);
}

#[test]
fn reports_are_small_and_name_no_machine() {
    for name in with_ending("json") {
        let text = read_kept(&name, "json");
        assert!(
            text.len() <= MAX_KEPT_REPORT_BYTES,
            "{name} has {} bytes",
            text.len()
        );
        for word in [env!("CARGO_MANIFEST_DIR"), "/tmp/tb-", "target/debug"] {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn a_replay_depends_on_nothing_but_the_report() {
    let report = read_kept("mac-linked-config", "json");
    let parsed = parse_report(report.as_bytes()).expect("a report");
    let once = replay_report(&parsed.report);
    assert_eq!(once, replay_report(&parsed.report));
    // The same report of a machine whose home and processes this machine has, too.
    let own = std::process::id();
    let here = report.replace("850", &own.to_string());
    let home = std::env::var("HOME").expect("a home");
    let here = here.replace("/Users/user", &home);
    let parsed = parse_report(here.as_bytes()).expect("a report");
    let words = |replayed: &ReplayedReport| -> Vec<String> {
        let sessions = replayed.snapshot.sessions.iter();
        sessions.map(|s| Row::from_session(s, None).word).collect()
    };
    assert_eq!(words(&replay_report(&parsed.report)), words(&once));
}

#[test]
fn a_newcomer_writes_a_report_and_reads_it() {
    let home = TestHome::new();
    let written = run(&home, ["report"]);
    let told = String::from_utf8_lossy(&written.stderr);
    assert_eq!(written.status.code(), Some(0), "{told}");
    assert!(
        told.contains("wrote the report to standard output") && told.contains("Left out: prompts"),
        "{told}"
    );
    let text = String::from_utf8(written.stdout).expect("text");
    assert!(!text.contains(&*home.path().to_string_lossy()), "{text}");
    let file = home.path().join("seen.json");
    fs::write(&file, &text).expect("written");
    let shown = run(
        &home,
        ["report".as_ref(), "--read".as_ref(), file.as_os_str()],
    );
    let words = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(
        shown.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&shown.stderr)
    );
    assert!(
        words.contains("The report shows no Claude Code session."),
        "{words}"
    );
    assert!(words.contains("hooks are not connected"), "{words}");
    // The file is named, kept private and never replaced.
    let refused = run(&home, ["report".as_ref(), file.as_os_str()]);
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(fs::read_to_string(&file).expect("text"), text);
    let broken = home.path().join("broken.json");
    fs::write(&broken, "{\"format\": \"trusty-report\", \"version\": 1,").expect("written");
    let failed = run(
        &home,
        ["report".as_ref(), "--read".as_ref(), broken.as_os_str()],
    );
    assert_eq!(failed.status.code(), Some(1));
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(
        told.contains("broken.json: file is cut off") && told.contains("line 1"),
        "{told}"
    );
    let folder = run(&home, ["report".as_ref(), home.path().as_os_str()]);
    let told = String::from_utf8_lossy(&folder.stderr);
    assert_eq!(folder.status.code(), Some(3), "{told}");
    assert!(told.contains("is a folder; name a file"), "{told}");
}

#[test]
fn a_replay_shows_what_is_wrong_first_and_each_session_by_the_name_in_the_list() {
    let home = TestHome::new();
    let shown = |name: &str| {
        let file = folder().join(format!("{name}.json"));
        let output = run(
            &home,
            ["report".as_ref(), "--read".as_ref(), file.as_os_str()],
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let text = shown("mac-update-and-faults");
    let place = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words}: {text}"))
    };
    let order = [
        "What is wrong:",
        "851.json",
        "SESSION ",
        "Why, ",
        "registry ",
    ]
    .map(place);
    assert!(order.is_sorted(), "{text}");
    assert!(text.contains("Terminal: Terminal.\n"), "{text}");
    assert!(
        text.contains("The registry file is not understood"),
        "{text}"
    );
    assert!(!text.contains("transcript  "), "{text}");
    // Two sessions of one folder.
    let text = shown("linux-two-in-one-folder");
    let (first, second) = ("twice (41) · Idle", "twice (ba) · Idle");
    let at = |words: &str| text.find(words);
    assert!(at(first).is_some() && at(first) < at(second), "{text}");
}
