//! The requests of a session.

use super::NeedKind;
use crate::request::{RequestId, RequestKind};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// A request that a hook reported and that has no answer yet. The full content is fetched
/// separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Request)]
pub struct SessionRequest {
    /// The id of the request, which an answer has to name.
    pub id: RequestId,
    /// The kind of answer that the request waits for.
    pub kind: RequestKind,
    /// The name of the tool: `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// One line about the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The name of the sub-agent that asks; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether Trusty Bar can answer now, because a hook waits for the answer.
    pub held: bool,
    /// Whether programs that no session started may answer the request too (`answers.programs`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub programs: bool,
    /// When an unanswered request returns to the terminal; none if held until answered, or not
    /// held.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
    /// When the request was made.
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
