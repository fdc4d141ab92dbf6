//! One line on standard error for what the app cannot show otherwise. No prompt, no transcript
//! and no secret ever comes here.

/// Writes a line.
pub(crate) fn line(text: &str) {
    eprintln!("trusty-bar: {text}");
}
