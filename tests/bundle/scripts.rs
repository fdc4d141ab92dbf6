//! All shell scripts of the project: POSIX, executable, and free of what shellcheck finds.

use super::project;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use trusty_tests::skip;

/// Every file that begins as a shell script.
fn shell_scripts() -> Vec<PathBuf> {
    fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                visit(&path, found);
            } else if fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"#!/bin/sh\n")) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in [".ci", "packaging", "icons"] {
        visit(&project().join(folder), &mut found);
    }
    found.sort();
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn every_shell_script_parses_and_can_be_executed() {
    for script in shell_scripts() {
        let mut command = Command::new("sh");
        let done = command.arg("-n").arg(&script).output().expect("sh runs");
        assert!(done.status.success(), "{done:?}");
        let mode = fs::metadata(&script).expect("metadata").permissions();
        assert!(mode.mode() & 0o111 != 0, "{}", script.display());
    }
}

#[test]
fn shellcheck_finds_nothing_in_the_shell_scripts() {
    // `make check-release` installs it below target.
    let installed = project().join("target/check-release/venv/bin/shellcheck");
    let program = if installed.is_file() {
        installed
    } else {
        "shellcheck".into()
    };
    let output = Command::new(program).args(shell_scripts()).output();
    let Ok(done) = output else {
        skip("shellcheck is not installed; make check-release installs it");
        return;
    };
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}");
}

#[test]
fn tests_that_only_linux_runs_are_counted_with_a_reason_each() {
    let mut command = Command::new("sh");
    command.arg(project().join(".ci/linux-only-tests"));
    let done = command.output().expect("sh runs");
    assert!(done.status.success(), "{done:?}");
    let text = String::from_utf8(done.stdout).expect("text");
    let lines: Vec<(&str, &str)> = text
        .lines()
        .map(|line| line.split_once('\t').expect("a test and its reason"))
        .collect();
    let names: BTreeSet<&str> = lines.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), lines.len(), "each test once");
    for (name, reason) in &lines {
        assert!(reason.len() > 20 && !name.contains(' '), "{name}: {reason}");
    }
    // A file without modules, one with modules, and one that every system runs.
    for (prefix, is_listed) in [
        ("tmux::", true),
        ("app::opening::", true),
        ("bundle::", false),
        ("schema::", false),
    ] {
        let found = names.iter().any(|name| name.starts_with(prefix));
        assert_eq!(found, is_listed, "{prefix}");
    }
}
