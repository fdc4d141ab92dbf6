//! The only raw IO. *Invariant:* nothing here knows Claude or sessions.

pub mod changes;
pub mod child;
pub mod clock;
pub mod files;
pub mod input;
pub mod kin;
pub mod launch;
pub mod listener;
pub mod output;
pub mod paths;
pub mod programs;
pub mod run;
pub mod socket;
pub mod sys;
pub mod tail;
pub mod terminal;
pub mod tmux;
pub mod write_timeout;
pub mod x11;
