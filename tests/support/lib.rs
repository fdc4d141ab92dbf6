//! Support for the tests: a fake Messages API, an isolated `HOME`, and terminals in which
//! Claude Code itself runs.

pub mod api;
pub mod client;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod freezing;
pub mod home;
pub mod host;
pub mod other_user;
pub mod output;
pub mod process;
pub mod recording;
pub mod relay;
pub mod skip;
#[cfg(test)]
mod skip_tests;
pub mod socket_client;
pub mod stage;
pub mod stand_in;
mod system;
#[cfg(test)]
mod terminal_tests;
pub mod trusty;
pub mod typed;
pub mod wait;

pub use api::{ApiEvent, ApiEventKind, FakeApi};
pub use client::{TestedClient, require_client};
pub use freezing::can_freeze;
pub use home::TestHome;
pub use host::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape, TestTerminal};
pub use other_user::other_user;
pub use output::{printed_text, stderr_text};
pub use process::ProcessRef;
pub use recording::RunningRecording;
pub use rustix::process::Signal;
pub use serde_json::Value;
pub use skip::skip;
pub use socket_client::{HookClient, LocalApi};
#[cfg(target_os = "linux")]
pub use stage::DesktopKind;
pub use stage::{ClientStage, MANUAL_MODE_ARGS, StageBuilder, TestStage};
pub use stand_in::StandIn;
pub use typed::TypedProgram;
pub use wait::{WAIT_TIMEOUT, block_on};
