//! Tests that skips are counted, and that they fail where no test may be skipped.

use crate::skip::{LOG_VARIABLE, REFUSAL_VARIABLE, skip};
use std::env;
use std::fs;
use std::process::Command;

const SKIPPED_TEST: &str = "skip_tests::a_test_that_is_skipped";

#[test]
#[ignore = "a process that the tests below start; alone it tests nothing"]
fn a_test_that_is_skipped() {
    skip("no\nmoon\there");
}

/// A command that runs only the skipped test of this program.
fn skipped_test() -> Command {
    let mut command = Command::new(env::current_exe().expect("a test has a path"));
    command
        .args(["--ignored", "--exact", SKIPPED_TEST])
        .env_remove(LOG_VARIABLE)
        .env_remove(REFUSAL_VARIABLE);
    command
}

#[test]
fn each_skip_is_a_line_with_the_test_and_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("skipped");
    for _ in 0..2 {
        let done = skipped_test().env(LOG_VARIABLE, &log).output();
        let done = done.expect("runs");
        assert!(done.status.success(), "{done:?}");
    }
    let line = format!("trusty_tests::{SKIPPED_TEST}\tno moon here\n");
    let lines = fs::read_to_string(&log).expect("written");
    assert_eq!(lines, line.repeat(2));
}

#[test]
fn a_skip_fails_where_no_test_may_be_skipped() {
    let done = skipped_test().env(REFUSAL_VARIABLE, "1").output();
    let done = done.expect("runs");
    assert!(!done.status.success(), "{done:?}");
    let done = skipped_test().output().expect("runs");
    assert!(done.status.success(), "{done:?}");
}
