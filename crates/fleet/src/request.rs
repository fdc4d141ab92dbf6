//! What a client asks of its owner through a held hook: which tool, with which input, and what
//! can be answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Identifies one request of one session: the SHA-256, in hex, of the session, the event, the
/// whole content and the hook that carries it. What is asked again in the same words is another
/// request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9a-f]{64}$")]
pub struct RequestId(pub String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hash of a tool's name and its whole input, as hex: what ties a request, which names no call,
/// to the call it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallHash(pub String);

/// A request that a hook holds, without its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PermissionRequest {
    /// Which.
    pub id: RequestId,
    /// Claude's own session id.
    pub session_id: String,
    /// What kind of answer it waits for.
    pub kind: RequestKind,
    /// `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// One line about it.
    pub detail: Option<String>,
    /// The client's id of the sub-agent that asks; none for the main agent.
    pub agent: Option<String>,
    /// `general-purpose`, …
    pub agent_type: Option<String>,
    /// Of the tool and its input.
    pub call: ToolCallHash,
}

/// What kind of answer a request waits for.
///
/// * `Permission`: leave to run a tool
/// * `Question`: answers to questions
/// * `Plan`: leave to carry out a plan
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Asks)]
pub enum RequestKind {
    /// Leave to run a tool.
    Permission,
    /// Answers to questions.
    Question,
    /// Leave to carry out a plan.
    Plan,
}

impl RequestKind {
    /// What a call of this tool asks for.
    pub fn for_tool(tool: &str) -> Self {
        match tool {
            "AskUserQuestion" => Self::Question,
            "ExitPlanMode" => Self::Plan,
            _ => Self::Permission,
        }
    }
}

/// How a held hook came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HookOutcome {
    /// It was answered from here.
    Answered,
    /// It was let go without an answer: the terminal asks.
    Released,
    /// Its client ended it.
    HungUp,
}

/// The whole of a request, as the client wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Content)]
pub struct RequestContent {
    /// `Bash`, `AskUserQuestion`, …
    pub tool: String,
    /// Its input.
    #[schema(value_type = Object)]
    pub input: Map<String, Value>,
    /// What the client offers as lasting answers (`permission_suggestions`), each to be echoed
    /// as it is.
    #[schema(value_type = Vec<Object>)]
    pub suggestions: Vec<Value>,
}

/// An answer to one request. On the wire tagged by `kind`.
// With braces throughout: of a variant without them, what is not known would be passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// Yes, this once. Carries a plan out, too.
    Allow {},
    /// Yes, and what the client itself offers so as not to be asked again.
    Always {
        /// Which of its offers, from 0.
        #[schema(maximum = 65535)]
        suggestion: usize,
    },
    /// No; the turn goes on.
    Deny {
        /// What the model is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// No, and the turn ends.
    Stop {
        /// What the model is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// What was chosen or written, one entry for each question, in the order of the questions.
    Choose {
        /// The labels chosen, or a text of one's own, of each question.
        answers: Vec<Vec<String>>,
    },
    /// None from here: the terminal asks.
    Release {},
}
