//! Tests that the programs of a test cannot open the terminal in which the tests run.

use crate::trusty::trusty;
use crate::{TestHome, TypedProgram};
use std::env;
use std::process::{Command, Stdio};

const TERMINAL_TEST: &str = "terminal_tests::a_test_that_runs_in_a_terminal";

/// Shell arguments that open the controlling terminal, and fail where there is none.
const OPEN_TERMINAL: [&str; 2] = ["-c", "exec 3</dev/tty"];

#[test]
#[ignore = "a process that the test below starts in a terminal; alone it tests nothing"]
fn a_test_that_runs_in_a_terminal() {
    let opens = |command: &mut Command| {
        let done = command.stderr(Stdio::null()).status();
        done.expect("runs").success()
    };
    let mut shell = Command::new("/bin/sh");
    assert!(opens(shell.args(OPEN_TERMINAL)), "this runs in a terminal");
    let home = TestHome::new();
    assert!(!opens(trusty(&home).args(OPEN_TERMINAL)));
}

#[test]
fn a_program_that_needs_no_terminal_does_not_inherit_the_one_of_the_tests() {
    let mut command = Command::new(env::current_exe().expect("a test has a path"));
    command
        .args(["--ignored", "--exact", TERMINAL_TEST])
        .env("TRUSTY_BIN", "/bin/sh")
        .env("PATH", env::var_os("PATH").unwrap_or_default());
    let mut inner = TypedProgram::start(&mut command, 24, 80);
    let ended = inner.wait_end();
    let screen = inner.last_screen();
    assert!(ended.success() && screen.contains("1 passed"), "{screen}");
}
