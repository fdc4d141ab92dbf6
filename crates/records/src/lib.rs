//! The files that Trusty Bar keeps: the settings, the pause records and their locks, the marks of
//! hooks, and the log of answers.

#![forbid(unsafe_code)]

pub mod answer_log;
pub mod hook_marks;
pub mod settings;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
pub mod store;

pub use answer_log::AnswerLog;
pub use settings::Settings;
pub use trusty_fleet::{SessionId, pause};
