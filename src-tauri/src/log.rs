//! One line on standard error for what the app cannot show otherwise. No prompt, no transcript
//! and no secret ever comes here.

use std::io::Write as _;

/// Writes a line.
pub(crate) fn line(text: &str) {
    // Whoever started the app may have gone.
    let _ = writeln!(std::io::stderr(), "trusty-bar: {text}");
}
