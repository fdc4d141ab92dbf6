//! Snapshots: all sessions and the health of the sources at one moment.

mod delta;

pub use delta::SnapshotDelta;

use crate::observation::HookInstall;
use crate::session::{Session, Source};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;
use utoipa::ToSchema;

/// All sessions at one moment. Immutable once published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Grows by one with each change of content, within one run of an engine.
    pub revision: u64,
    /// All sessions, in the order in which they started.
    pub sessions: Vec<Session>,
    /// What is wrong with the sources; empty when all is well.
    pub health: Vec<HealthIssue>,
    /// Whether Trusty Bar's hooks are installed, for each config folder that was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<FolderHooks>,
}

/// Whether Trusty Bar's hooks are installed in a config folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Hooks)]
pub struct FolderHooks {
    /// The config folder, an absolute path.
    pub dir: String,
    /// The state of the hooks.
    pub state: HooksState,
    /// Why the hooks cannot be connected, or have to be connected again, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The state of Trusty Bar's hooks in a config folder.
///
/// * `Connected`: all entries are present
/// * `Apart`: no entry is present, and none ever was
/// * `Lost`: entries were present, and are missing, incomplete or outdated now
/// * `Forbidden`: a policy forbids hooks
/// * `Broken`: the settings file cannot be parsed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum HooksState {
    /// All entries are present.
    Connected,
    /// No entry is present, and none ever was.
    #[serde(rename = "Apart")]
    NotInstalled,
    /// Entries were present, and are missing, incomplete or outdated now.
    #[serde(rename = "Lost")]
    Incomplete,
    /// A policy forbids hooks.
    Forbidden,
    /// The settings file cannot be parsed.
    Broken,
}

/// Why outdated hooks, which still run, should be connected again.
const OUTDATED_ENTRIES_REASON: &str = "are from an earlier version of Trusty Bar: Claude Code before \
                                2.1.280 ignores them, and two events are missing";

impl FolderHooks {
    /// The state that was observed in a config folder.
    pub fn from_install(dir: &Path, connection: &HookInstall) -> Self {
        let (state, why) = match connection {
            HookInstall::Connected => (HooksState::Connected, None),
            HookInstall::NotInstalled => (HooksState::NotInstalled, None),
            HookInstall::Incomplete => (HooksState::Incomplete, None),
            // Faces of 0.1.0 know no state of its own for outdated entries.
            HookInstall::Outdated => (
                HooksState::Incomplete,
                Some(OUTDATED_ENTRIES_REASON.to_owned()),
            ),
            HookInstall::Forbidden(why) => (HooksState::Forbidden, Some(why.clone())),
            HookInstall::Broken(why) => (HooksState::Broken, Some(why.clone())),
        };
        Self {
            dir: dir.to_string_lossy().into_owned(),
            state,
            why,
        }
    }
}

/// A problem with a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthIssue {
    /// The source that has the problem.
    pub source: Source,
    /// The file, folder or server.
    pub subject: String,
    /// What is wrong, in words.
    pub message: String,
    /// When the problem was first seen.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}
