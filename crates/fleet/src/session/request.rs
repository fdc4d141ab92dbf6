//! The part of a session that tells what it asks through its hooks.

use super::NeedKind;
use crate::request::{RequestId, RequestKind};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// A request that was told by a hook and has no answer yet. Its whole text is asked for by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Request)]
pub struct SessionRequest {
    /// Which. An answer names it.
    pub id: RequestId,
    /// What kind of answer it waits for.
    pub kind: RequestKind,
    /// `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// One line about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The sub-agent that asks, in words; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether it can be answered from here, now: its hook waits for that.
    pub held: bool,
    /// Whether programs that no session started may answer it, too (`answers.programs`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub programs: bool,
    /// When the request returns to the terminal if not answered; none if held until answered.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
    /// Since when.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}

impl From<RequestKind> for NeedKind {
    fn from(asks: RequestKind) -> Self {
        match asks {
            RequestKind::Permission => Self::Permission,
            RequestKind::Question => Self::Question,
            RequestKind::Plan => Self::Plan,
        }
    }
}
