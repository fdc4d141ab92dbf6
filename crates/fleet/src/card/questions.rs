//! The questions of Claude Code's question tool.

use super::{CardOption, CardQuestion, CardWriter, SelectionMode, visible_text};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const UNREADABLE_REASON: &str = "the questions cannot be read here; answer in the terminal";
const HIDDEN_CHARS_REASON: &str = "an answer contains invisible characters; answer in the terminal";
const DUPLICATE_QUESTION_REASON: &str = "two questions are identical; answer in the terminal";

/// Reads the questions and writes all other fields to the sheet.
///
/// # Errors
///
/// Why the questions cannot be answered here; the sheet then holds nothing of the input yet.
pub(super) fn parse_questions(
    input: &Map<String, Value>,
    sheet: &mut CardWriter,
) -> Result<Vec<CardQuestion>, &'static str> {
    let mut rest = input.clone();
    let Some(Value::Array(asked)) = rest.shift_remove("questions") else {
        return Err(UNREADABLE_REASON);
    };
    let mut besides = Vec::new();
    let mut questions = Vec::new();
    let mut known = BTreeSet::new();
    for (n, one) in asked.iter().enumerate() {
        let one = one.as_object().ok_or(UNREADABLE_REASON)?;
        let before = format!("question {}: ", n + 1);
        let question = question(one, &before, &mut besides)?;
        if !known.insert(question.question.clone()) {
            return Err(DUPLICATE_QUESTION_REASON);
        }
        questions.push(question);
    }
    if questions.is_empty() {
        return Err(UNREADABLE_REASON);
    }
    for question in &questions {
        let options = question.options.iter();
        let options = options.map(|o| o.label.len() + o.description.len());
        sheet.count(question.question.len() + question.header.len() + options.sum::<usize>());
    }
    for (before, fields) in &besides {
        sheet.fields(before, fields);
    }
    sheet.fields("", &rest);
    Ok(questions)
}

type ExtraFields = Vec<(String, Map<String, Value>)>;

fn question(
    one: &Map<String, Value>,
    before: &str,
    besides: &mut ExtraFields,
) -> Result<CardQuestion, &'static str> {
    let mut rest = one.clone();
    let question = text(&mut rest, "question")?.ok_or(UNREADABLE_REASON)?;
    let header = text(&mut rest, "header")?.unwrap_or_default();
    let choice = match rest.shift_remove("multiSelect") {
        None | Some(Value::Bool(false)) => SelectionMode::One,
        Some(Value::Bool(true)) => SelectionMode::Several,
        Some(_) => return Err(UNREADABLE_REASON),
    };
    let listed = match rest.shift_remove("options") {
        None => Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(UNREADABLE_REASON),
    };
    besides.push((before.to_owned(), rest));
    let mut options = Vec::new();
    for (n, option) in listed.into_iter().enumerate() {
        let Value::Object(mut option) = option else {
            return Err(UNREADABLE_REASON);
        };
        let Some(Value::String(label)) = option.shift_remove("label") else {
            return Err(UNREADABLE_REASON);
        };
        // Claude Code gets the label back as the answer, so the user has to see exactly that.
        if visible_text::text(&label) != label || label.trim().is_empty() {
            return Err(HIDDEN_CHARS_REASON);
        }
        let description = text(&mut option, "description")?.unwrap_or_default();
        besides.push((format!("{before}option {}: ", n + 1), option));
        options.push(CardOption { label, description });
    }
    Ok(CardQuestion {
        header: visible_text::text(&header),
        question: visible_text::text(&question),
        options: options
            .into_iter()
            .map(|o| CardOption {
                description: visible_text::text(&o.description),
                ..o
            })
            .collect(),
        choice,
    })
}

/// A field that may be missing, but must be a text where it is present.
fn text(from: &mut Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    match from.shift_remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(UNREADABLE_REASON),
    }
}
