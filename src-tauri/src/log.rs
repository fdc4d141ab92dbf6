//! Log lines on standard error, for what the app cannot show elsewhere. Prompts, transcripts and
//! secrets are never logged.

use std::io::Write as _;

/// Writes one line, prefixed with `trusty-bar: `.
pub(crate) fn line(text: &str) {
    // Standard error may be closed: the program that started the app may have exited.
    let _ = writeln!(std::io::stderr(), "trusty-bar: {text}");
}
