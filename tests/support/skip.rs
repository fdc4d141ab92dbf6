//! Tests that cannot run on this machine: they say so, are counted by `make test`, and fail where
//! none may be skipped. Without dependencies: crates include this file for their own tests.

use std::env;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Names the file that gets a line for each skip; `make test` sets it.
pub const LOG_VARIABLE: &str = "TRUSTY_SKIP_LOG";
/// Set to `1`, a skip is a failure; `make faults` sets it for root.
pub const REFUSAL_VARIABLE: &str = "TRUSTY_NO_SKIPS";

/// Notes that this test is skipped, whole or in part, and why. Called on the test's own thread,
/// whose name is that of the test.
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
    // In one write: other tests append at the same time.
    let line = format!("{}\t{reason}\n", test_name());
    let file = OpenOptions::new().append(true).create(true).open(log);
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    written.expect("a file for the skipped tests");
}

/// The test program, without the number that cargo adds, and the test.
fn test_name() -> String {
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_name().and_then(OsStr::to_str);
    let program = program.unwrap_or_default();
    let program = program.rsplit_once('-').map_or(program, |(name, _)| name);
    let thread = thread::current();
    format!("{program}::{}", thread.name().unwrap_or("?"))
}
