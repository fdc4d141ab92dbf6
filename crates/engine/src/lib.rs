//! The loop: one writer of the fleet, which everyone else holds snapshots of.

#![forbid(unsafe_code)]
#![cfg_attr(
    all(test, target_os = "linux"),
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

pub mod authorization;
pub mod desk;
pub mod direct;
pub mod engine;
pub mod leftovers;
pub mod recording;
pub mod requests;
pub mod sweep;
#[cfg(test)]
#[path = "../../../tests/support/test_files.rs"]
pub mod test_files;
pub mod threads;

pub use engine::{Engine, Handle};
pub use threads::StartError;
