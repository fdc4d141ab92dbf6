//! The format of a report: JSON that a person can read before sending and edit afterwards. Every
//! part may be missing, unknown fields are ignored, and all paths are texts.

mod installation;
mod mac;
mod process;

pub use installation::{
    ReportedEngine, ReportedHealth, ReportedHooks, ReportedHooksState, ReportedInstallation,
    ReportedRow, ReportedSettings,
};
pub use mac::{MacFacts, ReportedConsent, ReportedPlacement, ReportedRect, ReportedScreen};
pub use process::{ReportedProcess, StoppedBy};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::SystemTime;
use trusty_fleet::System;
use trusty_fleet::time::rfc3339;
use utoipa::ToSchema;

/// The value of `format` in every report.
pub const REPORT_FORMAT: &str = "trusty-report";
/// The version of the format. It grows when a field changes its meaning; a new field alone does not
/// raise it.
pub const REPORT_VERSION: u32 = 1;

/// What Trusty Bar saw of one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MachineReport {
    /// Always `trusty-report`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The program that wrote the report, and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// Where the facts come from, if the report was written or edited by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the facts were read, by the wall clock (RFC 3339). All ages count from here.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: SystemTime,
    /// The system and its versions.
    pub machine: ReportedMachine,
    /// The user's home folder, under a made-up name.
    pub home: String,
    /// Variables of the program that wrote the report.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The config folders of Claude Code that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_folders: Vec<ReportedFolder>,
    /// The processes that could be a session, and all their ancestors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ReportedProcess>,
    /// The tmux servers that were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tmux: Vec<ReportedServer>,
    /// Trusty Bar itself: its folders, settings, engine and hook program.
    #[serde(default)]
    pub trusty: ReportedInstallation,
    /// How fast a change in a folder that is reached through a link is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch_trial: Option<WatchTrial>,
    /// What only macOS has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacFacts>,
}

/// The system and its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedMachine {
    /// The operating system: `linux` or `mac`.
    #[schema(value_type = String)]
    pub system: System,
    /// The name and version of the system, such as `macOS 15.7.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The build of the system, such as `24G325`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The version of the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The processor architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The user id of the user.
    pub uid: u32,
    /// An id of this boot; session ids are derived from it.
    #[serde(default)]
    pub boot: String,
    /// Milliseconds from the boot to `taken_at`, sleep included.
    #[serde(default)]
    pub uptime_millis: u64,
    /// The pid namespace (`pid:[4026531836]`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid_namespace: Option<String>,
}

/// A config folder of Claude Code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportedFolder {
    /// The path as the user, the settings or a session names it.
    pub path: String,
    /// The path without links; none if there is no such folder. Two folders with one real path are
    /// one folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_path: Option<String>,
    /// Whether only a session names the folder, not the user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named_by_session: bool,
    /// Why the folder could not be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The files in its folder `sessions`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registry: Vec<ReportedFile>,
    /// Whether the hooks of Trusty Bar are installed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<ReportedHooks>,
}

/// A file of Claude Code's registry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportedFile {
    /// The name of the file, such as `4711.json`. A `.key` file is listed and never opened.
    pub name: String,
    /// The content: the JSON itself, or a text that is not JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<Value>,
    /// Why there is no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A tmux server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedServer {
    /// The path of the server's socket.
    pub socket: String,
    /// The program that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The lines that `tmux list-panes -a` printed: pane, pid, terminal, window, number of attached
    /// clients, and the name of the session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panes: Vec<String>,
    /// Why the server was not asked, or did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How fast a change in a folder that is reached through a link is reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchTrial {
    /// How many files were written.
    pub writes: u32,
    /// How many of the writes were reported.
    pub reported: u32,
    /// Whether the reported paths lead through the link, and not to the folder behind it.
    #[serde(default)]
    pub keeps_link: bool,
    /// Half of the reports came within so many milliseconds.
    #[serde(default)]
    pub median_millis: u64,
    /// The slowest report, in milliseconds.
    #[serde(default)]
    pub slowest_millis: u64,
    /// Why the trial was not made, or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
