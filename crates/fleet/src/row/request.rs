//! What a row says about the requests of its session.

use super::pending;
use crate::request::RequestId;
use crate::session::{NeedKind, Session, SessionRequest, SessionStatus};
use crate::text::replace_hidden_chars;
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// What a row asks of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RowAsk)]
pub struct RowRequest {
    /// The request to answer first, whose card can be opened; none if no hook reported a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// The name of the sub-agent that asks; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How many other requests of this session are pending.
    pub more: u32,
    /// Why the request can only be answered in the terminal, in words; none if Trusty Bar can
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// Whether programs that no session started may answer the request too (`answers.programs`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub programs: bool,
    /// When an unanswered request returns to the terminal; none if held until answered, or no
    /// longer held.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
    /// Other requests that Trusty Bar can answer, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<QueuedRequest>,
}

/// A request that waits behind the one to answer first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RowWaiting)]
pub struct QueuedRequest {
    /// The id of the request.
    pub request: RequestId,
    /// The name of the sub-agent that asks; none for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When an unanswered request returns to the terminal; none if held until answered.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<SystemTime>,
}

/// Shown if no source says why Trusty Bar cannot answer.
const TERMINAL_ONLY_REASON: &str = "this can only be answered in the terminal";

/// What a session asks of the user; none if the session does not wait for the user.
pub(super) fn row_request(session: &Session) -> Option<RowRequest> {
    if session.status != SessionStatus::AwaitingApproval {
        return None;
    }
    let need = session.need.as_ref();
    let told = need.and_then(|need| need.elsewhere.as_deref());
    let Some(head) = first_request(session) else {
        let agent = need.and_then(|need| need.agent.as_deref());
        return Some(RowRequest {
            request: None,
            agent: agent.map(replace_hidden_chars),
            more: 0,
            elsewhere: Some(replace_hidden_chars(told.unwrap_or(TERMINAL_ONLY_REASON))),
            programs: false,
            until: None,
            behind: Vec::new(),
        });
    };
    let elsewhere =
        (!head.held).then(|| replace_hidden_chars(told.unwrap_or(TERMINAL_ONLY_REASON)));
    let others = session.requests.iter().filter(|one| one.id != head.id);
    let behind = others.filter(|one| one.held);
    Some(RowRequest {
        request: Some(head.id.clone()),
        agent: head.agent.as_deref().map(replace_hidden_chars),
        more: u32::try_from(session.requests.len() - 1).unwrap_or(u32::MAX),
        elsewhere,
        programs: head.programs,
        until: head.until,
        behind: behind.map(waiting).collect(),
    })
}

/// A request whose card may be open although an older request comes before it.
fn waiting(request: &SessionRequest) -> QueuedRequest {
    QueuedRequest {
        request: request.id.clone(),
        agent: request.agent.as_deref().map(replace_hidden_chars),
        until: request.until,
    }
}

/// The request to answer first: the oldest that Trusty Bar can answer, else the oldest of all.
fn first_request(session: &Session) -> Option<&SessionRequest> {
    let held = session.requests.iter().find(|request| request.held);
    held.or(session.requests.first())
}

/// What the session needs, to follow the name in a sentence: "needs permission to run Bash: ls".
pub(super) fn sentence(session: &Session) -> Option<String> {
    if session.status != SessionStatus::AwaitingApproval || pending::pending(session).is_some() {
        return None;
    }
    let need = session.need.as_ref()?;
    let by = need.agent.as_deref();
    let by = by.map_or_else(String::new, |agent| format!(", for {agent}"));
    let line = need.detail.as_deref();
    let needs = match need.kind {
        NeedKind::Permission => match (need.tool.as_deref(), line) {
            (Some(tool), Some(line)) => format!("needs permission to run {tool}: {line}"),
            (Some(tool), None) => format!("needs permission to run {tool}"),
            (None, _) => "needs permission".to_owned(),
        },
        NeedKind::Question => match line {
            Some(line) => format!("has a question: {line}"),
            None => "has a question for you".to_owned(),
        },
        NeedKind::Plan => "has a plan for you to approve".to_owned(),
        NeedKind::Trust => "waits for you to answer a dialog in the terminal".to_owned(),
    };
    Some(format!("{needs}{by}"))
}
