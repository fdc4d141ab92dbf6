//! Reports that the real program makes of the real Claude Code, read back.

use super::{read_kept, session_lines};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use trusty_fleet::{Session, Snapshot};
use trusty_platform::ancestors::ancestors;
use trusty_report::read::parse_report;
use trusty_report::replay::replay_report;
use trusty_tests::trusty::{list, run};
use trusty_tests::{
    KeyboardKey, MANUAL_MODE_ARGS, TerminalShape, TestHome, TestStage, WAIT_TIMEOUT,
};

/// Names the folder to which the reports are written, to keep them.
const KEEP_VARIABLE: &str = "KEEP_REPORTS";

/// What `trusty list` shows, and the report of the same moment.
struct MadeReport {
    listed: Vec<Session>,
    text: String,
}

impl MadeReport {
    fn of(home: &TestHome) -> Self {
        let snapshot: Snapshot = serde_json::from_value(list(home)).expect("a snapshot");
        let written = run(home, ["report", "-"]);
        let told = String::from_utf8_lossy(&written.stderr);
        assert_eq!(written.status.code(), Some(0), "{told}");
        Self {
            listed: snapshot.sessions,
            text: String::from_utf8(written.stdout).expect("text"),
        }
    }

    /// The lines of `trusty list` as a report shows them: the names of tmux sessions are replaced.
    fn expected_lines(&self, report: &Value) -> BTreeSet<String> {
        let mut listed = self.listed.clone();
        for session in &mut listed {
            let Some(tmux) = session.terminal.as_mut().and_then(|t| t.tmux.as_mut()) else {
                continue;
            };
            let panes = report["tmux"].as_array().into_iter().flatten();
            let mut panes = panes.filter_map(|server| server["panes"].as_array().cloned());
            let mine = format!("{} ", tmux.pane);
            let line = panes.find_map(|panes| {
                let lines = panes.iter().filter_map(Value::as_str);
                lines
                    .map(str::to_owned)
                    .find(|line| line.starts_with(&mine))
            });
            let line = line.expect("the pane is in the report");
            let name = line.rsplit(' ').next().unwrap_or_default();
            name.clone_into(&mut tmux.session);
        }
        session_lines(&listed)
    }

    /// Checks that the report gives the same list, and keeps the report if that is wanted.
    #[track_caller]
    fn check(&self, name: &str) {
        for prompt in ["touch made", "stream 30s"] {
            assert!(!self.text.contains(prompt), "{name} holds a prompt");
        }
        let report: Value = serde_json::from_str(&self.text).expect("JSON");
        let parsed = parse_report(self.text.as_bytes()).expect("a report");
        let replayed = replay_report(&parsed.report);
        let expected = self.expected_lines(&report);
        assert!(!expected.is_empty(), "{name}: nothing is listed");
        let shown = session_lines(&replayed.snapshot.sessions);
        assert_eq!(shown, expected, "{name}: {:#?}", replayed.problems);
        if let Some(folder) = std::env::var_os(KEEP_VARIABLE) {
            let mut lines: Vec<String> = expected.into_iter().collect();
            let problems = replayed.problems.iter();
            lines.extend(problems.map(|p| format!("wrong | {} | {}", p.subject, p.message)));
            let folder = PathBuf::from(folder);
            let text = kept_text(report);
            fs::write(folder.join(format!("{name}.json")), text).expect("written");
            let head = "# What `trusty list` showed when the report was made.\n";
            let list = format!("{head}{}\n", lines.join("\n"));
            fs::write(folder.join(format!("{name}.expected")), list).expect("written");
        }
    }
}

/// The report without what is of the machine that makes it: the programs around the test.
fn kept_text(mut report: Value) -> String {
    let own = std::process::id();
    let around: BTreeSet<u32> = ancestors(own).iter().map(|a| a.pid).chain([own]).collect();
    if let Some(processes) = report["processes"].as_array_mut() {
        processes.retain(|process| {
            let pid = process["pid"]
                .as_u64()
                .and_then(|pid| u32::try_from(pid).ok());
            pid.is_none_or(|pid| !around.contains(&pid))
        });
    }
    report["source"] = "Made by a test of this project with Claude Code itself.".into();
    report["machine"]["kernel"] = "6.1".into();
    if let Some(variables) = report["variables"].as_object_mut() {
        variables.retain(|name, _| name != "PATH");
    }
    let text = serde_json::to_string_pretty(&report).expect("JSON");
    let tests = env!("CARGO_MANIFEST_DIR");
    let root = tests.strip_suffix("/tests").unwrap_or(tests);
    let text = format!("{text}\n").replace(root, "/opt/trusty");
    text.replace("/opt/trusty/target/debug/", "/opt/trusty/bin/")
}

#[test]
fn a_report_of_each_terminal_gives_the_list_of_that_moment() {
    for shape in TerminalShape::ALL_SHAPES {
        let Some(stage) = TestStage::builder().build() else {
            return;
        };
        let word = format!("{shape:?}").to_lowercase();
        let mut terminal = stage.open_idle(shape, "work", &MANUAL_MODE_ARGS);
        if shape.is_tmux() {
            terminal.attach();
        }
        MadeReport::of(&stage.home).check(&format!("linux-{word}-idle"));
        terminal.submit("bash: touch made");
        terminal.wait_status(WAIT_TIMEOUT, "waiting");
        MadeReport::of(&stage.home).check(&format!("linux-{word}-permission"));
    }
}

#[test]
fn a_report_of_a_stopped_and_a_working_session_gives_the_list_of_that_moment() {
    let Some(stage) = TestStage::builder().hooks().engine().build() else {
        return;
    };
    let stopped = stage.open_idle(TerminalShape::PtyBash, "payments", &MANUAL_MODE_ARGS);
    let working = stage.open_idle(TerminalShape::TmuxBash, "shop", &MANUAL_MODE_ARGS);
    stopped.press(KeyboardKey::CtrlZ);
    working.submit("stream 30s");
    working.wait_status(WAIT_TIMEOUT, "busy");
    stage.wait_begun("stream 30s");
    let pid = stopped.client().pid;
    // The engine polls for Ctrl-Z.
    trusty_tests::wait::until(WAIT_TIMEOUT, "a stopped session", || {
        (stage.listed(pid)?["status"] == "Paused").then_some(())
    });
    MadeReport::of(&stage.home).check("linux-stopped-and-working");
}

#[test]
fn a_report_of_two_sessions_in_one_folder_gives_the_list_of_that_moment() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let one = stage.open_idle(TerminalShape::PtyZsh, "twice", &MANUAL_MODE_ARGS);
    let _two = stage.open_idle(TerminalShape::PtyBash, "twice", &MANUAL_MODE_ARGS);
    MadeReport::of(&stage.home).check("linux-two-in-one-folder");
    one.submit("stream 30s");
    one.wait_status(WAIT_TIMEOUT, "busy");
    MadeReport::of(&stage.home).check("linux-one-of-two-works");
}

#[test]
fn a_report_of_a_detached_session_gives_the_list_of_that_moment() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let _terminal = stage.open_idle(TerminalShape::TmuxDirect, "alone", &MANUAL_MODE_ARGS);
    MadeReport::of(&stage.home).check("linux-detached");
}

#[test]
fn a_kept_report_of_linux_names_the_home_of_nobody() {
    for name in super::with_ending("json") {
        if name.starts_with("linux-") {
            let text = read_kept(&name, "json");
            assert!(text.contains("\"home\": \"/home/user\""), "{name}");
        }
    }
}
