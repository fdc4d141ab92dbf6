//! One engine for all programs of a user: elects the leader, serves the local API and the hook
//! socket, which only this user can reach, and gives the app and `trusty` one way to the sessions.

#![forbid(unsafe_code)]

pub mod api;
pub mod hook_server;
mod http_connections;
pub mod leader;
pub mod leader_election;
pub mod session_access;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;

pub use leader::{LeadError, Leader};
pub use leader_election::{AppSessions, join_engine};
pub use session_access::SessionAccess;
