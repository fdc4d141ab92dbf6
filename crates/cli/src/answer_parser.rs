//! What somebody means by an answer to a question: numbers, labels, or a text of their own.

use trusty_fleet::view::{Card, CardQuestion, SelectionMode};

/// What is meant by one answer to each question; else what is wrong, in words.
pub(crate) fn parse_answers(card: &Card, answers: &[String]) -> Result<Vec<Vec<String>>, String> {
    let asked = card.questions.len();
    if asked != answers.len() {
        let many = |n: usize, what: &str| match n {
            1 => format!("1 {what}"),
            n => format!("{n} {what}s"),
        };
        return Err(format!(
            "the request has {} but got {}; quote an answer that contains spaces",
            many(asked, "question"),
            many(answers.len(), "answer"),
        ));
    }
    let each = answers.iter().enumerate();
    each.map(|(number, answer)| parse_answer(card, number, answer))
        .collect()
}

/// What is meant by an answer to the question of this number, from 0.
pub(crate) fn parse_answer(
    card: &Card,
    number: usize,
    answer: &str,
) -> Result<Vec<String>, String> {
    let question = card.questions.get(number);
    let question = question.ok_or("the request has no such question")?;
    if let Some(own) = answer.strip_prefix('=') {
        return match own.trim() {
            "" => Err(format!("question {}: the answer is empty", number + 1)),
            text => Ok(vec![text.to_owned()]),
        };
    }
    let label = |option: usize| question.options[option].label.clone();
    if let Some(option) = find(question, answer) {
        return Ok(vec![label(option)]);
    }
    let parts: Vec<&str> = answer.split(',').map(str::trim).collect();
    if question.choice == SelectionMode::Several && parts.len() > 1 {
        let mut chosen = Vec::new();
        for part in parts {
            let option = find(question, part).ok_or_else(|| unknown(number, question, part))?;
            let label = label(option);
            if !chosen.contains(&label) {
                chosen.push(label);
            }
        }
        return Ok(chosen);
    }
    if parts.len() > 1 && parts.iter().all(|part| find(question, part).is_some()) {
        return Err(format!("question {}: choose one option only", number + 1));
    }
    Err(unknown(number, question, answer))
}

/// The option that a word names, by its label or by its number from 1.
fn find(question: &CardQuestion, word: &str) -> Option<usize> {
    let label = |exact: fn(&str, &str) -> bool| {
        let mut options = question.options.iter();
        options.position(|option| exact(&option.label, word))
    };
    let number: Option<usize> = word.parse().ok();
    label(|a, b| a == b)
        .or_else(|| label(str::eq_ignore_ascii_case))
        .or_else(|| {
            number?
                .checked_sub(1)
                .filter(|n| *n < question.options.len())
        })
}

fn unknown(number: usize, question: &CardQuestion, word: &str) -> String {
    let options = question.options.iter().enumerate();
    let options: Vec<String> = options
        .map(|(n, option)| format!("  {}. {}", n + 1, option.label))
        .collect();
    format!(
        "question {} has no option {word:?}; choose one of these by number or label, or put an \
         equals sign before an answer of your own:\n{}",
        number + 1,
        options.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use trusty_fleet::request::{RequestContent, RequestId};

    fn question_card() -> Card {
        let option = |label: &str| json!({"label": label, "description": ""});
        let questions = json!([
            {"question": "Which?", "header": "One", "multiSelect": false,
                "options": [option("Red"), option("Blue, dark"), option("3")]},
            {"question": "What?", "header": "Many", "multiSelect": true,
                "options": [option("Tests"), option("Docs")]},
        ]);
        let input = json!({"questions": questions});
        let content = RequestContent {
            tool: "AskUserQuestion".into(),
            input: input.as_object().cloned().expect("an object"),
            suggestions: Vec::new(),
        };
        Card::from_request(RequestId("0".repeat(64)), &content)
    }

    #[test]
    fn numbers_labels_and_words_are_understood() {
        let card = question_card();
        let one = |number, answer| parse_answer(&card, number, answer).expect("understood");
        assert_eq!(one(0, "1"), ["Red"]);
        assert_eq!(one(0, "red"), ["Red"]);
        assert_eq!(one(0, "Blue, dark"), ["Blue, dark"], "a comma of its own");
        assert_eq!(one(0, "3"), ["3"], "a label before a number");
        assert_eq!(one(0, "= neither, 2"), ["neither, 2"]);
        assert_eq!(one(1, "2"), ["Docs"]);
        assert_eq!(one(1, "docs, 1,2"), ["Docs", "Tests"]);
        let both = parse_answers(&card, &["1".into(), "1,2".into()]).expect("both");
        assert_eq!(both, [vec!["Red"], vec!["Tests", "Docs"]]);
    }

    #[test]
    fn what_is_not_understood_is_no_answer() {
        let card = question_card();
        for (number, answer, told) in [
            (0, "", "has no option"),
            (0, "0", "has no option"),
            (0, "4", "has no option"),
            (0, "Redd", "by number or label"),
            (0, "1,2", "choose one option only"),
            (0, "=", "is empty"),
            (1, "1,Dogs", "\"Dogs\""),
        ] {
            let error = parse_answer(&card, number, answer).expect_err(answer);
            assert!(error.contains(told), "{answer}: {error}");
        }
        let error = parse_answers(&card, &["1".into()]).expect_err("one of two");
        assert!(error.contains("2 questions but got 1 answer"), "{error}");
    }
}
