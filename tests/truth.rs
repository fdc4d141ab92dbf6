//! `make truth`: what is shown of the real Claude Code, compared with what is true.

#![cfg_attr(
    target_os = "linux",
    expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")
)]

#[cfg(target_os = "linux")]
#[path = "truth/run.rs"]
mod run;

fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return run::run();
    #[cfg(not(target_os = "linux"))]
    std::process::ExitCode::SUCCESS
}
