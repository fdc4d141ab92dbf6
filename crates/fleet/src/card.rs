//! What a request asks, ready to draw: all of it, as it is.

mod card_writer;
mod input;
mod offers;
mod questions;
mod visible_text;

use crate::request::{RequestContent, RequestId, RequestKind};
use card_writer::CardWriter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest title, in characters; a longer name of a tool is on a line of its own.
const MAX_TITLE_CHARS: usize = 60;
const MISSING_PLAN_REASON: &str =
    "Claude sent no plan text; read and answer the plan in the terminal";
const TOO_LONG_REASON: &str = "the request is too long to show here; answer in the terminal";

/// A request with everything that an answer would apply to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// Which request. An answer names it.
    pub request: RequestId,
    /// What kind of answer it waits for.
    pub kind: RequestKind,
    /// "Bash", "Edit src/main.rs".
    pub title: String,
    /// All that leave is asked for, line by line; nothing of the input is left out.
    pub lines: Vec<CardLine>,
    /// What you are asked; only of a question.
    pub questions: Vec<CardQuestion>,
    /// The client's own offers not to be asked again, in words, in the client's order; only those
    /// that can be shown whole.
    pub always: Vec<CardOffer>,
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
///
/// * `plain`: as it would be run or written
/// * `added`: added to a file
/// * `removed`: taken out of a file
/// * `label`: the name of what follows
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

/// An offer of the client's not to be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardOffer {
    /// Which of the client's offers, from 0: `Answer::Always` names it.
    pub suggestion: usize,
    /// What it changes, in words.
    pub text: String,
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
    pub choice: SelectionMode,
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
///
/// * `one`: one
/// * `several`: any
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Choice)]
pub enum SelectionMode {
    /// One.
    One,
    /// Any.
    Several,
}

impl Card {
    /// Draws a request. Nothing of its input is left out, unless `unseen` says so.
    pub fn from_request(request: RequestId, content: &RequestContent) -> Self {
        let kind = RequestKind::for_tool(&content.tool);
        let mut sheet = CardWriter::default();
        let mut questions = Vec::new();
        let mut unseen = None;
        if visible_text::line(&content.tool).chars().count() > MAX_TITLE_CHARS {
            sheet.field("tool", &content.tool.as_str().into());
        }
        match kind {
            RequestKind::Question => match questions::parse_questions(&content.input, &mut sheet) {
                Ok(read) => questions = read,
                Err(why) => {
                    unseen = Some(why);
                    input::write_fields(&content.tool, &content.input, &mut sheet);
                }
            },
            RequestKind::Permission | RequestKind::Plan => {
                input::write_fields(&content.tool, &content.input, &mut sheet);
            }
        }
        let plan = content.input.get("plan").and_then(|plan| plan.as_str());
        if kind == RequestKind::Plan && plan.is_none_or(|plan| plan.trim().is_empty()) {
            unseen = Some(MISSING_PLAN_REASON);
        }
        if sheet.over {
            unseen = Some(TOO_LONG_REASON);
            questions.clear();
        }
        Self {
            request,
            kind,
            title: title(content),
            lines: sheet.lines,
            questions,
            always: match (kind, unseen) {
                (RequestKind::Permission, None) => offers::offers(&content.suggestions),
                _ => Vec::new(),
            },
            unseen: unseen.map(str::to_owned),
        }
    }
}

/// "Bash", "Edit main.rs".
fn title(content: &RequestContent) -> String {
    let name = visible_text::line(&content.tool);
    let full = match input::file(&content.input) {
        Some(file) => format!("{name} {}", visible_text::line(file)),
        None => name,
    };
    let short: String = full.chars().take(MAX_TITLE_CHARS).collect();
    if short.len() < full.len() {
        format!("{short}…")
    } else {
        short
    }
}

#[cfg(test)]
mod tests;
