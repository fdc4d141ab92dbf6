//! Sources, the loop and the local API: everything of Trusty Bar that touches the machine.

#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

mod answer_log;
pub mod api;
pub mod authorization;
mod client_program;
pub mod command_deadline;
pub mod connect;
pub mod desk;
pub mod direct;
pub mod discovery;
pub mod engine;
pub mod engine_vetting;
mod folders;
mod followed;
pub mod hook_marks;
pub mod hook_program;
pub mod hooks;
pub mod hosts;
pub mod io;
pub mod jump;
pub mod leader;
pub mod lease;
pub mod leftovers;
pub mod one;
pub mod process_tracer;
pub mod recording;
pub mod requests;
pub mod scope;
pub mod settings;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
pub mod socket_names;
pub mod sources;
pub mod store;
pub mod surroundings;
pub mod sweep;
pub mod threads;
pub mod version;

pub use answer_log::AnswerLog;
pub use discovery::EnginePlaces;
pub use engine::{Engine, Handle};
pub use leader::{LeadError, Leader};
pub use one::join;
pub use settings::Settings;
pub use surroundings::Surroundings;
pub use threads::StartError;
