//! Raw IO of Linux and macOS under one name: files and folders, processes, sockets, clocks,
//! programs, terminals, trusted paths.
//!
//! *Invariant:* nothing here knows Claude Code or sessions.

#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

#[cfg(feature = "figures")]
pub mod ancestors;
pub mod checked_program;
pub mod child;
pub mod child_process;
pub mod clock;
pub mod disk_sync;
pub mod file_attributes;
pub mod file_identity;
pub mod file_limit;
pub mod files;
pub mod folder_access;
pub mod folder_lock;
pub mod folder_watch;
pub mod graphics;
pub mod input;
pub mod launch;
pub mod leftover_files;
pub mod listener;
#[cfg(feature = "async")]
pub mod listening_socket;
pub mod open_files;
#[cfg(feature = "async")]
pub mod output;
pub mod path_match;
pub mod paths;
pub mod peer_identity;
pub mod pinned_socket;
pub mod process_details;
pub mod process_executable;
pub mod process_files;
pub mod process_namespaces;
pub mod programs;
pub mod raw_terminal;
#[cfg(feature = "async")]
pub mod run;
pub mod search_path;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
pub mod socket;
pub mod sys;
pub mod tail;
pub mod terminal;
pub mod terminal_master;
#[cfg(test)]
#[path = "../../../tests/support/test_files.rs"]
pub mod test_files;
#[cfg(feature = "async")]
pub mod tmux;
pub mod trusted_path;
#[cfg(feature = "async")]
pub mod waiting;
pub mod wall_clock;
#[cfg(feature = "async")]
pub mod write_timeout;
