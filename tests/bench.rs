//! `make bench`.

#![cfg_attr(target_os = "linux", expect(clippy::print_stdout, reason = "a report"))]

#[cfg(target_os = "linux")]
#[path = "bench/figures.rs"]
mod figures;

fn main() {
    #[cfg(target_os = "linux")]
    figures::run();
}
