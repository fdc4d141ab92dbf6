//! Skips of tests that cannot run on this machine: a skip is printed, is counted by `make test`,
//! and fails where no test may be skipped. Has no dependencies, because other crates include this
//! file in their unit tests.

use std::env;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Variable that names the file to which each skip appends a line; set by `make test`.
pub const LOG_VARIABLE: &str = "TRUSTY_SKIP_LOG";
/// Variable that turns a skip into a failure when `1`; set by `make faults` for root.
pub const REFUSAL_VARIABLE: &str = "TRUSTY_NO_SKIPS";

/// Records that the current test is skipped, wholly or in part, and why. Has to be called on the
/// test's own thread, whose name is that of the test.
#[track_caller]
#[expect(clippy::print_stdout, reason = "shown beside the test where it fails")]
pub fn skip(reason: &str) {
    let reason = reason.trim().replace(['\n', '\t'], " ");
    let is_refused = env::var_os(REFUSAL_VARIABLE).is_some_and(|value| value == "1");
    assert!(!is_refused, "no test may be skipped here: {reason}");
    println!("skipped: {reason}");
    let Some(log) = env::var_os(LOG_VARIABLE) else {
        return;
    };
    // One write, because other tests append to the file at the same time.
    let line = format!("{}\t{reason}\n", test_name());
    let file = OpenOptions::new().append(true).create(true).open(log);
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    written.expect("a file for the skipped tests");
}

/// The test program, without the hash that cargo appends, and the test's name.
fn test_name() -> String {
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_name().and_then(OsStr::to_str);
    let program = program.unwrap_or_default();
    let program = program.rsplit_once('-').map_or(program, |(name, _)| name);
    let thread = thread::current();
    format!("{program}::{}", thread.name().unwrap_or("?"))
}
