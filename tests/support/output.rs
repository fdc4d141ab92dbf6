//! What a program of a test has printed.

use std::process::Output;

/// What was printed to the standard error stream, without the spaces around it.
pub fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// What was printed to both streams, the standard output first.
pub fn printed_text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
