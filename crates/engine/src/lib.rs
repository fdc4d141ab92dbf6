//! The engine's loop, the only writer of the fleet: files observations, publishes snapshots, plans
//! actions and holds the requests of hooks. All other code holds snapshots.

#![forbid(unsafe_code)]
#![cfg_attr(
    all(test, target_os = "linux"),
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

mod answer_recorder;
mod answering;
pub mod authorization;
mod command;
pub mod direct;
pub mod event_loop;
pub mod handle;
mod input;
mod job;
mod job_executor;
pub mod leftovers;
pub mod recording;
pub mod recording_fleet;
mod request_command;
pub mod requests;
pub mod scan;
mod source_threads;
mod startup;
#[cfg(test)]
#[path = "../../../tests/support/test_files.rs"]
pub mod test_files;
pub mod threads;

pub use handle::EngineHandle;
pub use startup::Engine;
pub use threads::StartError;
