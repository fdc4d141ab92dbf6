//! An answer, in the form that the client reads (measured, 2.1.330).

use serde_json::{Map, Value, json};
use trusty_fleet::request::{Answer, RequestContent, RequestKind};

/// What a hook is to print so that its client takes this answer; or why it does not fit, in
/// words. [`Answer::Release`] prints nothing, and fits nothing here.
pub fn decide(content: &RequestContent, answer: &Answer) -> Result<Value, InvalidAnswer> {
    let asks = RequestKind::for_tool(&content.tool);
    let question = asks == RequestKind::Question;
    let mut leave = json!({"behavior": "allow"});
    if asks == RequestKind::Plan {
        // Leave alone does not close this dialog: the input has to come with it.
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

/// Why an answer does not fit what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// A question takes answers, not leave.
    #[error("the request is a question; choose an answer, or deny it")]
    NeedsChoice,
    /// Something else takes leave, not answers.
    #[error("the request is not a question; approve or deny it")]
    NotAQuestion,
    /// Nothing of this number was offered; how many were.
    #[error("Claude Code offers {0} lasting answers, and this is not one of them")]
    NotOffered(usize),
    /// The number of questions, and of answers.
    #[error("the request has {asked} questions, and {answered} were answered")]
    WrongCount {
        /// Asked.
        asked: usize,
        /// Answered.
        answered: usize,
    },
    /// This question has no answer; which, from 1.
    #[error("question {0} has no answer")]
    MissingAnswer(usize),
    /// This question takes one answer; which, from 1.
    #[error("question {0} takes one answer")]
    OneOnly(usize),
    /// The questions are not understood.
    #[error("the questions are not understood; answer in the terminal")]
    UnknownQuestions,
    /// Nothing is approved from here that cannot be shown; why it cannot, in words.
    #[error("{0}")]
    NotShown(String),
    /// Releasing a request answers nothing.
    #[error("this is not an answer to the request")]
    NotAnAnswer,
}

/// The model is told so if nothing else is said.
fn message_text(message: Option<&String>) -> &str {
    let said = message.map(|m| m.trim()).filter(|m| !m.is_empty());
    said.unwrap_or("The user does not want this.")
}

/// The answers by the questions' texts, as the tool takes them.
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
            // A list: the client puts it in one text itself, labels with commas in quotes.
            several if multiple => json!(several),
            [one] => json!(one),
            _ => return Err(InvalidAnswer::OneOnly(n + 1)),
        };
        // Two questions in the same words cannot be told apart by whoever reads the answers.
        if chosen.insert(text.to_owned(), answer).is_some() {
            return Err(InvalidAnswer::UnknownQuestions);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
