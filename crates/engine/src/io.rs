//! The only raw IO. *Invariant:* nothing here knows Claude or sessions.

pub mod ancestors;
pub mod checked_program;
pub mod child;
pub mod clock;
pub mod files;
pub mod folder_watch;
pub mod input;
pub mod kin;
pub mod launch;
pub mod leftover_files;
pub mod listener;
pub mod listening_socket;
pub mod output;
pub mod paths;
pub mod programs;
pub mod run;
pub mod socket;
pub mod sys;
pub mod tail;
pub mod terminal;
pub mod tmux;
pub mod waiting;
pub mod wall_clock;
pub mod write_timeout;
