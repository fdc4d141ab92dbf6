//! What Claude Code asks the user through a held hook: which tool, with which input, and which
//! answers are possible.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Identifies one request of one session: the SHA-256, in hex, of the session, the event, the whole
/// content and the hook that carries the request. The same content asked again is another request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9a-f]{64}$")]
pub struct RequestId(pub String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hash of a tool's name and its whole input, in hex. Ties a request, which names no call, to the
/// call that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallHash(pub String);

/// A request that a hook holds, without its full content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PermissionRequest {
    /// The id of the request.
    pub id: RequestId,
    /// Claude Code's own session id.
    pub session_id: String,
    /// The kind of answer that the request waits for.
    pub kind: RequestKind,
    /// The name of the tool: `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// One line about the request.
    pub detail: Option<String>,
    /// Claude Code's id of the sub-agent that asks; none for the main agent.
    pub agent: Option<String>,
    /// The type of the sub-agent: `general-purpose`, …
    pub agent_type: Option<String>,
    /// The hash of the tool and its input.
    pub call: ToolCallHash,
}

/// The kind of answer that a request waits for.
///
/// * `Permission`: permission to run a tool
/// * `Question`: answers to questions
/// * `Plan`: approval of a plan
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Asks)]
pub enum RequestKind {
    /// Permission to run a tool.
    Permission,
    /// Answers to questions.
    Question,
    /// Approval of a plan.
    Plan,
}

impl RequestKind {
    /// The kind of answer that a call of this tool asks for.
    pub fn for_tool(tool: &str) -> Self {
        match tool {
            "AskUserQuestion" => Self::Question,
            "ExitPlanMode" => Self::Plan,
            _ => Self::Permission,
        }
    }
}

/// How a held hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HookOutcome {
    /// The request was answered through Trusty Bar.
    Answered,
    /// The hook returned the request to the terminal without an answer.
    Released,
    /// Claude Code ended the hook.
    HungUp,
}

/// The full content of a request, as Claude Code wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Content)]
pub struct RequestContent {
    /// The name of the tool: `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// The input of the tool.
    #[schema(value_type = Object)]
    pub input: Map<String, Value>,
    /// The lasting answers that Claude Code offers (`permission_suggestions`), each to be echoed
    /// unchanged.
    #[schema(value_type = Vec<Object>)]
    pub suggestions: Vec<Value>,
}

/// An answer to one request. On the wire tagged by `kind`.
// All variants have braces, because serde ignores unknown fields of a variant without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// Yes, this once. Also approves a plan.
    Allow {},
    /// Yes, with a lasting answer that Claude Code offers so as not to ask again.
    Always {
        /// The index of the chosen suggestion, from 0.
        #[schema(maximum = 65535)]
        suggestion: usize,
    },
    /// No; the turn continues.
    Deny {
        /// The message for the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// No, and the turn ends.
    Stop {
        /// The message for the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The user's choices, one entry for each question, in the order of the questions.
    Choose {
        /// For each question, the chosen labels or a text written by the user.
        answers: Vec<Vec<String>>,
    },
    /// No answer from Trusty Bar: Claude Code asks in the terminal.
    Release {},
}
