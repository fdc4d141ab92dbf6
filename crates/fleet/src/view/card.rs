//! What a request asks, ready to draw: all of it, as it is.

use crate::request::{Asks, Content, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request with everything that an answer would apply to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// Which request. An answer names it.
    pub request: RequestId,
    /// What kind of answer it waits for.
    pub kind: Asks,
    /// "Bash", "Edit src/main.rs".
    pub title: String,
    /// All that leave is asked for, line by line; nothing of the input is left out.
    pub lines: Vec<CardLine>,
    /// What is asked of the owner; only of a question.
    pub questions: Vec<CardQuestion>,
    /// The client's own offers not to be asked again, in words, in the client's order.
    pub always: Vec<String>,
    /// Why it cannot be approved from here, in words: something of it cannot be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

/// A line of what leave is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardLine {
    /// What it is.
    pub mark: LineMark,
    /// Its text; characters that cannot be seen are written as their names.
    pub text: String,
}

/// What a line of a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineMark {
    /// As it would be run or written.
    Plain,
    /// Added to a file.
    Added,
    /// Taken out of a file.
    Removed,
    /// The name of what follows.
    Label,
}

/// A question and what may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardQuestion {
    /// In a word.
    pub header: String,
    /// The question.
    pub question: String,
    /// What may be chosen; a text of one's own always may.
    pub options: Vec<CardOption>,
    /// How many of them.
    pub choice: Choice,
}

/// What may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardOption {
    /// What is answered.
    pub label: String,
    /// What that means.
    pub description: String,
}

/// How many options may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// One.
    One,
    /// Any.
    Several,
}

impl Card {
    /// Draws a request.
    pub fn of(request: RequestId, content: &Content) -> Self {
        Self {
            request,
            kind: Asks::of(&content.tool),
            title: content.tool.clone(),
            lines: Vec::new(),
            questions: Vec::new(),
            always: Vec::new(),
            unseen: None,
        }
    }
}
