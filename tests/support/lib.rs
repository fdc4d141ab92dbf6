//! Support for the tests: a fake Messages API, an isolated HOME, and terminals in which the
//! real client runs.
#![cfg(target_os = "linux")]

pub mod api;
pub mod client;
pub mod desktop;
pub mod freezing;
pub mod home;
pub mod host;
pub mod http;
pub mod local;
pub mod other_user;
pub mod output;
pub mod process;
pub mod recording;
pub mod skip;
#[cfg(test)]
mod skip_tests;
pub mod stage;
pub mod stand_in;
pub mod trusty;
pub mod typed;
pub mod wait;

pub use api::{ApiEvent, ApiEventKind, FakeApi};
pub use client::{TestedClient, require_client};
pub use freezing::can_freeze;
pub use home::TestHome;
pub use host::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape, TestTerminal};
pub use local::LocalApi;
pub use other_user::other_user;
pub use output::{printed_text, stderr_text};
pub use process::ProcessRef;
pub use recording::RunningRecording;
pub use rustix::process::Signal;
pub use serde_json::Value;
pub use skip::skip;
pub use stage::{ClientStage, DesktopKind, MANUAL_MODE_ARGS, StageBuilder, TestStage};
pub use stand_in::StandIn;
pub use typed::TypedProgram;
pub use wait::{WAIT_TIMEOUT, block_on};
