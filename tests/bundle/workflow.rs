//! The workflow for Macs: which steps it runs, and what its summary says.

use super::{project, write_program};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn workflow(name: &str) -> String {
    fs::read_to_string(project().join(".github/workflows").join(name)).expect("a workflow")
}

fn step_names() -> Vec<String> {
    let mut command = Command::new("sh");
    command.arg(project().join(".ci/macos-steps")).arg("list");
    let done = command.output().expect("sh runs");
    let text = String::from_utf8(done.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_workflow_runs_every_step_in_order_whatever_failed_before() {
    let text = workflow("macos.yml");
    let blocks: Vec<&str> = text.split("      - ").skip(1).collect();
    let ran: Vec<&str> = blocks
        .iter()
        .filter_map(|block| {
            block
                .lines()
                .find_map(|l| l.trim().strip_prefix("run: .ci/"))
        })
        .collect();
    let expected: Vec<String> = step_names()
        .iter()
        .map(|name| format!("macos-steps run {name}"))
        .chain(["macos-steps summary".to_owned()])
        .collect();
    assert_eq!(ran, expected);
    for block in blocks.iter().filter(|b| b.contains("macos-steps run")) {
        assert!(block.contains("if: ${{ !cancelled() }}"), "{block}");
        assert!(block.contains("timeout-minutes:"), "{block}");
    }
    for last in ["macos-steps summary", "upload-artifact"] {
        let block = blocks.iter().find(|b| b.contains(last));
        assert!(block.is_some_and(|b| b.contains("if: always()")), "{last}");
    }
}

#[test]
fn every_step_is_a_file_and_every_file_a_step() {
    let folder = fs::read_dir(project().join(".ci/macos")).expect("a folder");
    let names = folder
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let files: BTreeSet<String> = names.filter(|name| name != "needs-mac").collect();
    assert_eq!(files, step_names().into_iter().collect());
}

#[test]
fn actions_of_workflows_are_pinned_by_hash_and_name_their_version() {
    let folder = fs::read_dir(project().join(".github/workflows")).expect("a folder");
    let mut hashes = BTreeSet::new();
    for entry in folder.flatten() {
        let text = fs::read_to_string(entry.path()).expect("a workflow");
        for line in text.lines().filter(|line| line.contains("uses:")) {
            let (action, version) = line.split_once(" # ").expect(line);
            let (name, hash) = action.rsplit_once('@').expect(line);
            let is_hash = hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_hash && version.starts_with('v'), "{line}");
            let name = name.rsplit(' ').next().expect("a name").to_owned();
            hashes.insert((name, hash.to_owned()));
        }
    }
    let names: BTreeSet<&str> = hashes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), hashes.len(), "one hash per action: {hashes:?}");
}

/// A project of which only the steps exist; each runs the text it is given.
struct StepStage {
    folder: TempDir,
}

impl StepStage {
    fn new(body: impl Fn(&str) -> &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join(".ci/macos")).expect("folders");
        let script = folder.path().join(".ci/macos-steps");
        fs::copy(project().join(".ci/macos-steps"), script).expect("a copy");
        for name in step_names() {
            let step = folder.path().join(".ci/macos").join(&name);
            write_program(&step, &format!("#!/bin/sh\n{}\n", body(&name)));
        }
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("sh");
        command.arg(self.folder.path().join(".ci/macos-steps"));
        command.args(arguments).env_remove("GITHUB_STEP_SUMMARY");
        command.output().expect("sh runs")
    }
}

/// The rows of a summary without their times.
fn rows(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        format!("{}: {}: {}", cells[0], cells[1], cells[3])
    });
    rows.collect()
}

#[test]
fn a_failed_step_keeps_its_code_and_its_output() {
    let stage = StepStage::new(|_| "echo broken\nexit 3");
    let done = stage.run(&["run", "lints"]);
    assert_eq!(done.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&done.stdout), "broken\n");
    let log = stage.folder.path().join("target/mac-run/lints.log");
    assert_eq!(fs::read_to_string(log).expect("a log"), "broken\n");
}

#[test]
fn the_summary_names_each_step_that_failed_or_did_not_run_and_fails() {
    let stage = StepStage::new(|name| match name {
        "contracts" => "echo '2 failed | 5 passed'\nexit 101",
        _ => "echo fine",
    });
    for name in step_names().iter().filter(|name| *name != "app") {
        stage.run(&["run", name]);
    }
    let done = stage.run(&["summary"]);
    assert_eq!(done.status.code(), Some(1));
    let expected: Vec<String> = step_names()
        .iter()
        .map(|name| match name.as_str() {
            "contracts" => "contracts: failed (101): 2 failed / 5 passed".to_owned(),
            "app" => "app: did not run:".to_owned(),
            name => format!("{name}: passed: fine"),
        })
        .collect();
    let told: Vec<String> = rows(&done).iter().map(|r| r.trim().to_owned()).collect();
    assert_eq!(told, expected);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(text.ends_with("2 of the steps failed or did not run\n"));
}

#[test]
fn the_summary_passes_once_every_step_has_passed_and_lists_what_was_measured() {
    let stage = StepStage::new(|_| "echo 'test mac_x ... measured: p99 12 ms'\necho fine");
    let done = stage.run(&["all"]);
    assert!(done.status.success(), "{done:?}");
    let page = stage.folder.path().join("page");
    let mut command = Command::new("sh");
    command.arg(stage.folder.path().join(".ci/macos-steps"));
    command.arg("summary").env("GITHUB_STEP_SUMMARY", &page);
    assert!(command.status().expect("sh runs").success());
    let page = fs::read_to_string(&page).expect("a page");
    let figures = page.lines().filter(|line| *line == "* p99 12 ms").count();
    assert_eq!(figures, step_names().len());
}

#[test]
fn what_needs_a_mac_is_skipped_with_its_reason_elsewhere_and_failed_there() {
    let stage = StepStage::new(|_| "echo 'skipped: needs a Mac: its kernel'\nexit 77");
    let done = stage.run(&["all"]);
    if cfg!(target_os = "macos") {
        assert!(!done.status.success(), "{done:?}");
        return;
    }
    assert!(done.status.success(), "{done:?}");
    for row in rows(&done) {
        assert!(
            row.ends_with(": skipped: skipped: needs a Mac: its kernel"),
            "{row}"
        );
    }
}

#[test]
fn a_step_for_macs_says_elsewhere_why_it_is_skipped() {
    if cfg!(target_os = "macos") {
        return;
    }
    for name in [
        "contracts",
        "client",
        "bundle",
        "signature",
        "scripts",
        "app",
    ] {
        let step = Path::new(".ci/macos").join(name);
        let mut command = Command::new("sh");
        let done = command.arg(step).current_dir(project()).output();
        let done = done.expect("sh runs");
        assert_eq!(done.status.code(), Some(77), "{name}: {done:?}");
        let told = String::from_utf8_lossy(&done.stdout);
        assert!(told.starts_with("skipped: needs a Mac: "), "{name}: {told}");
        assert_eq!(told.lines().count(), 1, "{name}: {told}");
    }
}
