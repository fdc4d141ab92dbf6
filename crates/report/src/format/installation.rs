//! Trusty Bar itself, as a report shows it.

use serde::{Deserialize, Serialize};
use trusty_fleet::observation::HookInstall;
use utoipa::ToSchema;

/// Trusty Bar itself: its folders, settings, engine and hook program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedInstallation {
    /// The program that wrote the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The folder of the files that outlast the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_folder: Option<String>,
    /// The folder of the sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_folder: Option<String>,
    /// The length of the path of the longest socket, in bytes. macOS allows 103, Linux 107.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_path_bytes: Option<usize>,
    /// The settings in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ReportedSettings>,
    /// The running engine, or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<ReportedEngine>,
    /// The copy of the hook program that Claude Code runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_program: Option<String>,
    /// Why that copy cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_program_problem: Option<String>,
    /// What was listed on the machine itself, to compare with the replay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<ReportedRow>,
    /// The problems of the sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub health: Vec<ReportedHealth>,
}

/// The settings in effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, by its name in the file"
)]
pub struct ReportedSettings {
    /// The path of the settings file.
    pub file: String,
    /// Whether the file exists.
    #[serde(default)]
    pub exists: bool,
    /// Whether only sessions of this home folder are shown (`discovery.confine`).
    #[serde(default)]
    pub confined: bool,
    /// More config folders (`discovery.config_dirs`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_dirs: Vec<String>,
    /// Whether programs may answer (`answers.programs`).
    #[serde(default)]
    pub programs_answer: bool,
    /// Whether `trusty` may answer in a terminal (`answers.terminal`).
    #[serde(default)]
    pub terminal_answers: bool,
    /// The kinds of notifications that are not sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifications_off: Vec<String>,
    /// Whether the app starts at login (`app.start_at_login`). Missing if that is left to the menu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at_login: Option<bool>,
    /// What is wrong in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The running engine, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedEngine {
    /// Whether an engine answered.
    pub answers: bool,
    /// The version of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The process of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Why the engine did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A session as the machine itself listed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedRow {
    /// The process id.
    pub pid: u32,
    /// The status, in one word.
    pub word: String,
    /// Whether the status is only inferred.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// Whether the process is confirmed as Claude Code.
    #[serde(default)]
    pub confirmed: bool,
    /// The program in which the session's terminal is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
}

/// A problem of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedHealth {
    /// The source.
    pub source: String,
    /// The file, folder or server.
    pub subject: String,
    /// What is wrong.
    pub message: String,
}

/// Whether the hooks of Trusty Bar are installed in a config folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedHooks {
    /// The state in a word.
    pub state: ReportedHooksState,
    /// Why hooks are forbidden, or what is wrong with the settings file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The state of the hooks of a config folder.
///
/// * `connected`: all entries are present
/// * `not connected`: no entry is present, and none ever was
/// * `incomplete`: entries are missing
/// * `outdated`: the entries are those of an earlier version
/// * `forbidden`: a policy forbids hooks
/// * `broken`: the settings file cannot be parsed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportedHooksState {
    /// All entries are present.
    Connected,
    /// No entry is present, and none ever was.
    #[serde(rename = "not connected")]
    NotConnected,
    /// Entries are missing.
    Incomplete,
    /// The entries are those of an earlier version.
    Outdated,
    /// A policy forbids hooks.
    Forbidden,
    /// The settings file cannot be parsed.
    Broken,
}

impl From<HookInstall> for ReportedHooks {
    fn from(install: HookInstall) -> Self {
        let (state, why) = match install {
            HookInstall::Connected => (ReportedHooksState::Connected, None),
            HookInstall::NotInstalled => (ReportedHooksState::NotConnected, None),
            HookInstall::Incomplete => (ReportedHooksState::Incomplete, None),
            HookInstall::Outdated => (ReportedHooksState::Outdated, None),
            HookInstall::Forbidden(why) => (ReportedHooksState::Forbidden, Some(why)),
            HookInstall::Broken(why) => (ReportedHooksState::Broken, Some(why)),
        };
        Self { state, why }
    }
}

impl From<&ReportedHooks> for HookInstall {
    fn from(hooks: &ReportedHooks) -> Self {
        let why = hooks.why.clone().unwrap_or_default();
        match hooks.state {
            ReportedHooksState::Connected => Self::Connected,
            ReportedHooksState::NotConnected => Self::NotInstalled,
            ReportedHooksState::Incomplete => Self::Incomplete,
            ReportedHooksState::Outdated => Self::Outdated,
            ReportedHooksState::Forbidden => Self::Forbidden(why),
            ReportedHooksState::Broken => Self::Broken(why),
        }
    }
}
