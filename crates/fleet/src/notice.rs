//! What its owner is told of, and what not, for a named reason.

use serde::{Deserialize, Serialize};

/// What its owner wants to be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct NoticePreferences {}
