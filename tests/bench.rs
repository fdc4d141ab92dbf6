//! `make bench`.

#[cfg(target_os = "linux")]
#[path = "bench/figures.rs"]
mod figures;

fn main() {
    #[cfg(target_os = "linux")]
    figures::run();
}
