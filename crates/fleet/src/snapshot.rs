//! What everyone holds: all sessions and the health of the sources at one moment.

use crate::session::{Session, Source, rfc3339};
use serde::{Deserialize, Serialize};
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
    pub health: Vec<Health>,
}

/// A source that does not work as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
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
