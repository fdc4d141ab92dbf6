//! What everyone holds: all sessions and the health of the sources at one moment.

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
    /// Grows by one with each change of substance, within one run of an engine.
    pub revision: u64,
    /// In the order in which they started.
    pub sessions: Vec<Session>,
    /// What is wrong with the sources; empty when all is well.
    pub health: Vec<HealthIssue>,
    /// Whether the hooks of each config folder are ours, where that was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<FolderHooks>,
}

/// Whether the hooks of a config folder are ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Hooks)]
pub struct FolderHooks {
    /// The config folder, an absolute path.
    pub dir: String,
    /// Whether they are.
    pub state: HooksState,
    /// Why they cannot be, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Whether hooks are ours, in one word.
///
/// * `Connected`: all our entries are there
/// * `Apart`: none is, and none ever was
/// * `Lost`: they were, and are gone or incomplete now
/// * `Forbidden`: a policy forbids them
/// * `Broken`: the settings file cannot be understood
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum HooksState {
    /// All our entries are there.
    Connected,
    /// None is, and none ever was.
    #[serde(rename = "Apart")]
    NotInstalled,
    /// They were, and are gone or incomplete now.
    #[serde(rename = "Lost")]
    Incomplete,
    /// A policy forbids them.
    Forbidden,
    /// The settings file cannot be understood.
    Broken,
}

/// Why hooks that run are offered to be connected again.
const OUTDATED_ENTRIES_REASON: &str = "are from an earlier version of Trusty Bar: Claude Code before \
                                2.1.280 ignores them, and two events are missing";

impl FolderHooks {
    /// What was seen of a config folder.
    pub fn from_install(dir: &Path, connection: &HookInstall) -> Self {
        let (state, why) = match connection {
            HookInstall::Connected => (HooksState::Connected, None),
            HookInstall::NotInstalled => (HooksState::NotInstalled, None),
            HookInstall::Incomplete => (HooksState::Incomplete, None),
            // A face of 0.1.0 knows no word of its own for this.
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

/// A source that does not work as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthIssue {
    /// Which one.
    pub source: Source,
    /// The file, folder or server.
    pub subject: String,
    /// What is wrong, in words.
    pub message: String,
    /// Since when.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}
