//! Writes an answer in the form that Claude Code reads (measured, 2.1.330).

use serde_json::{Map, Value, json};
use trusty_fleet::request::{Answer, RequestContent, RequestKind};

/// The JSON that a hook prints so that Claude Code accepts this answer.
///
/// # Errors
/// Why the answer does not fit the request. [`Answer::Release`] prints nothing and never fits.
pub fn decide(content: &RequestContent, answer: &Answer) -> Result<Value, InvalidAnswer> {
    let asks = RequestKind::for_tool(&content.tool);
    let question = asks == RequestKind::Question;
    let mut leave = json!({"behavior": "allow"});
    if asks == RequestKind::Plan {
        // An `allow` without the input does not close this dialog.
        leave["updatedInput"] = Value::Object(content.input.clone());
    }
    let decision = match answer {
        Answer::Allow {} | Answer::Always { .. } if question => {
            return Err(InvalidAnswer::NeedsChoice);
        }
        Answer::Allow {} => leave,
        Answer::Always { suggestion } => {
            let offered = content.suggestions.get(*suggestion);
            let offered = offered.ok_or(InvalidAnswer::NotOffered(content.suggestions.len()))?;
            leave["updatedPermissions"] = json!([offered]);
            leave
        }
        Answer::Deny { message } => {
            json!({"behavior": "deny", "message": message_text(message.as_ref())})
        }
        Answer::Stop { message } => json!({
            "behavior": "deny", "message": message_text(message.as_ref()), "interrupt": true,
        }),
        Answer::Choose { answers } if question => {
            let mut input = content.input.clone();
            let chosen = answers_by_question(&content.input, answers)?;
            input.insert("answers".to_owned(), Value::Object(chosen));
            json!({"behavior": "allow", "updatedInput": input})
        }
        Answer::Choose { .. } => return Err(InvalidAnswer::NotAQuestion),
        Answer::Release {} => return Err(InvalidAnswer::NotAnAnswer),
    };
    Ok(json!({
        "hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision},
    }))
}

/// Why an answer does not fit its request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// The request is a question, which takes answers, not an approval.
    #[error("the request is a question; choose an answer, or deny it")]
    NeedsChoice,
    /// The request is not a question, and takes an approval, not answers.
    #[error("the request is not a question; approve or deny it")]
    NotAQuestion,
    /// No suggestion has this number; how many suggestions there are.
    #[error("Claude Code offers {0} lasting answers, and this is not one of them")]
    NotOffered(usize),
    /// The numbers of questions and of answers differ.
    #[error("the request has {asked} questions, and {answered} were answered")]
    WrongCount {
        /// How many questions the request has.
        asked: usize,
        /// How many answers were given.
        answered: usize,
    },
    /// The question with this number, from 1, has no answer.
    #[error("question {0} has no answer")]
    MissingAnswer(usize),
    /// The question with this number, from 1, takes only one answer.
    #[error("question {0} takes one answer")]
    OneOnly(usize),
    /// The questions of the request have an unknown form.
    #[error("the questions are not understood; answer in the terminal")]
    UnknownQuestions,
    /// The request cannot be shown in full, so it cannot be approved here: why, in words.
    #[error("{0}")]
    NotShown(String),
    /// Releasing a request answers nothing.
    #[error("this is not an answer to the request")]
    NotAnAnswer,
}

/// The message to the model, or a default if it is empty.
fn message_text(message: Option<&String>) -> &str {
    let said = message.map(|m| m.trim()).filter(|m| !m.is_empty());
    said.unwrap_or("The user does not want this.")
}

/// The answers keyed by the text of their question, as the tool expects them.
fn answers_by_question(
    input: &Map<String, Value>,
    answers: &[Vec<String>],
) -> Result<Map<String, Value>, InvalidAnswer> {
    let questions = input.get("questions").and_then(Value::as_array);
    let questions = questions
        .filter(|q| !q.is_empty())
        .ok_or(InvalidAnswer::UnknownQuestions)?;
    if questions.len() != answers.len() {
        return Err(InvalidAnswer::WrongCount {
            asked: questions.len(),
            answered: answers.len(),
        });
    }
    let mut chosen = Map::new();
    for (n, (question, labels)) in questions.iter().zip(answers).enumerate() {
        let text = question.get("question").and_then(Value::as_str);
        let text = text.ok_or(InvalidAnswer::UnknownQuestions)?;
        if labels.is_empty() || labels.iter().any(|label| label.trim().is_empty()) {
            return Err(InvalidAnswer::MissingAnswer(n + 1));
        }
        let multiple = question.get("multiSelect") == Some(&Value::Bool(true));
        let answer = match labels.as_slice() {
            // Claude Code joins the list into one text itself, and quotes labels with commas.
            several if multiple => json!(several),
            [one] => json!(one),
            _ => return Err(InvalidAnswer::OneOnly(n + 1)),
        };
        // Answers are keyed by text, so two questions with the same text are ambiguous.
        if chosen.insert(text.to_owned(), answer).is_some() {
            return Err(InvalidAnswer::UnknownQuestions);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
