//! Trusty Bar, the app.

use std::process::ExitCode;

fn main() -> ExitCode {
    trusty_bar::run()
}
