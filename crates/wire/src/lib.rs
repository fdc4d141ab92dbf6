//! What the engine and the hook agree on: the folders and sockets, the hook protocol, and which
//! processes are trusted.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

pub mod command_deadline;
pub mod discovery;
pub mod engine_vetting;
pub mod environment;
pub mod hook_program;
pub mod hooks;
pub mod process_scope;
pub mod process_tracer;
pub mod program_search;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
pub mod socket_names;
pub mod tmux_programs;
pub mod version;

pub use discovery::EnginePlaces;
pub use environment::Environment;
pub use trusty_fleet::{client, identity};
