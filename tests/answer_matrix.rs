//! `make answer-matrix`: every case of `tests/answer` in both terminals, repeatedly, with the times
//! that a request and its answer take. A run that is started again skips the cases that passed.

#![cfg_attr(target_os = "linux", expect(clippy::print_stdout, reason = "a report"))]

#[cfg(target_os = "linux")]
#[path = "answer/cases.rs"]
mod cases;
#[cfg(target_os = "linux")]
#[path = "matrix/job_queue.rs"]
mod job_queue;
#[cfg(target_os = "linux")]
#[path = "answer_matrix/latency.rs"]
mod latency;
#[cfg(target_os = "linux")]
#[path = "answer_matrix/run.rs"]
mod run;
#[cfg(target_os = "linux")]
#[path = "answer/stage.rs"]
mod stage;

fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return run::run();
    #[cfg(not(target_os = "linux"))]
    std::process::ExitCode::SUCCESS
}
