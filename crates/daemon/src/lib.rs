//! Who leads: the one engine of a user that answers all faces and all hooks, over sockets that only
//! this user can reach.

#![forbid(unsafe_code)]

pub mod api;
pub mod hook_server;
mod http_connections;
pub mod leader;
pub mod one;
pub mod session_access;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;

pub use leader::{LeadError, Leader};
pub use one::{AppSessions, join};
pub use session_access::SessionAccess;
