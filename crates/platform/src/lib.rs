//! Raw IO that both systems share one name for: which paths may be trusted, who is at the other
//! end of a socket, what limits apply.
//!
//! *Invariant:* nothing here knows Claude Code or sessions.

#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

pub mod child_process;
pub mod file_attributes;
pub mod file_identity;
pub mod file_room;
pub mod folder_lock;
pub mod graphics;
pub mod open_files;
pub mod peer_identity;
pub mod pinned_socket;
pub mod process_executable;
pub mod process_files;
pub mod process_namespaces;
pub mod raw_terminal;
pub mod search_path;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
pub mod terminal_master;
pub mod trusted_path;
