//! The text that a program of a test has printed.

use std::process::Output;

/// The standard error of a program, without the white space around it.
pub fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// The standard output of a program, followed by its standard error.
pub fn printed_text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
