//! Request cards: everything that a request asks for, ready to draw.

mod card_writer;
mod input;
mod offers;
mod questions;
mod visible_text;

use crate::request::{RequestContent, RequestId, RequestKind};
use card_writer::CardWriter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest title, in characters; a longer tool name gets a line of its own.
const MAX_TITLE_CHARS: usize = 60;
const MISSING_PLAN_REASON: &str =
    "Claude sent no plan text; read and answer the plan in the terminal";
const TOO_LONG_REASON: &str = "the request is too long to show here; answer in the terminal";

/// One request, with everything that an answer would apply to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// The id of the request; an answer names it.
    pub request: RequestId,
    /// The kind of answer that the request waits for.
    pub kind: RequestKind,
    /// The tool and its file, such as "Bash" or "Edit main.rs".
    pub title: String,
    /// Everything that permission is asked for, line by line; no part of the input is left out.
    pub lines: Vec<CardLine>,
    /// The questions to the user; empty unless `kind` is a question.
    pub questions: Vec<CardQuestion>,
    /// Claude Code's offers not to ask again, in its order; only those that can be shown in full.
    pub always: Vec<CardOffer>,
    /// Why the request cannot be approved from the card: part of it cannot be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

/// One line of what permission is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardLine {
    /// What the line is.
    pub mark: LineMark,
    /// The text of the line; invisible characters are replaced with their names.
    pub text: String,
}

/// What a line of a card is.
///
/// * `plain`: text as it would be run or written
/// * `added`: a line added to a file
/// * `removed`: a line removed from a file
/// * `label`: the name of what follows
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineMark {
    /// Text as it would be run or written.
    Plain,
    /// A line added to a file.
    Added,
    /// A line removed from a file.
    Removed,
    /// The name of what follows.
    Label,
}

/// One of Claude Code's offers not to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardOffer {
    /// The position of the offer in the request, from 0; `Answer::Always` names it.
    pub suggestion: usize,
    /// What the offer changes, in words.
    pub text: String,
}

/// One question to the user, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardQuestion {
    /// A short heading.
    pub header: String,
    /// The text of the question.
    pub question: String,
    /// The options; the user may also answer with a text.
    pub options: Vec<CardOption>,
    /// How many options may be chosen.
    pub choice: SelectionMode,
}

/// One option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardOption {
    /// The text of the answer.
    pub label: String,
    /// What the option means.
    pub description: String,
}

/// How many options may be chosen.
///
/// * `one`: exactly one
/// * `several`: any number
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Choice)]
pub enum SelectionMode {
    /// Exactly one.
    One,
    /// Any number.
    Several,
}

impl Card {
    /// Draws a request. Every part of its input is shown, unless `unseen` says otherwise.
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
