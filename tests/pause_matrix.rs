//! `make pause-matrix`: every kind of pause, in every terminal, in every state of the real Claude
//! Code; a kill after every step; 200 random cycles. A run that is started again skips what passed.

#![cfg_attr(target_os = "linux", expect(clippy::print_stdout, reason = "a report"))]

#[cfg(target_os = "linux")]
#[path = "matrix/cell.rs"]
mod cell;
#[cfg(target_os = "linux")]
#[path = "matrix/cell_run.rs"]
mod cell_run;
#[cfg(target_os = "linux")]
#[path = "matrix/cycles.rs"]
mod cycles;
#[cfg(target_os = "linux")]
#[path = "matrix/job_queue.rs"]
mod job_queue;
#[cfg(target_os = "linux")]
#[path = "matrix/kills.rs"]
mod kills;
#[cfg(target_os = "linux")]
#[path = "matrix/run.rs"]
mod run;
#[cfg(target_os = "linux")]
#[path = "matrix/stage.rs"]
mod stage;

fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return run::run();
    #[cfg(not(target_os = "linux"))]
    std::process::ExitCode::SUCCESS
}
