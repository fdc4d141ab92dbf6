//! The model of Trusty Bar: observations in, one snapshot out.
//!
//! *Invariant:* no function reads a file, a process or a clock, starts a thread or awaits.
//! Exceptions: `Session::new`, `Session::touch`, and the defaults for times that old JSON lacks,
//! which read the wall clock because the session model fixes their form.

#![forbid(unsafe_code)]

pub mod action;
pub mod authorization;
mod board;
pub mod cadence;
mod card;
pub mod change;
pub mod client;
pub mod derivation;
pub mod evidence;
pub mod explanation;
mod fleet_entry;
pub mod given_answer;
pub mod identity;
pub mod jump;
pub mod names;
pub mod notice;
pub mod observation;
pub mod open_requests;
pub mod pause;
pub mod problem;
pub mod remedy;
pub mod request;
mod row;
pub mod session;
pub mod session_evidence;
pub mod session_requests;
pub mod session_selector;
pub mod snapshot;
pub mod status;
pub mod system;
pub mod terminal;
pub mod text;
pub mod time;
pub mod timing;
pub mod unknown_words;
pub mod view;
#[cfg(test)]
mod wire_words;

pub use derivation::Fleet;
pub use identity::SessionId;
pub use observation::{Fact, Observation};
pub use session::{Session, SessionStatus};
pub use snapshot::Snapshot;
pub use system::System;
pub use time::Timestamp;
