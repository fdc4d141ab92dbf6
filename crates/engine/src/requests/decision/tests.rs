use super::*;

fn content(tool: &str, input: Value) -> RequestContent {
    let Value::Object(input) = input else {
        panic!("an input is an object");
    };
    RequestContent {
        tool: tool.into(),
        input,
        suggestions: vec![
            json!({"type": "setMode", "mode": "acceptEdits"}),
            json!({"odd": [1.5]}),
        ],
    }
}

fn bash() -> RequestContent {
    content("Bash", json!({"command": "make"}))
}

fn questions() -> RequestContent {
    let option = |label: &str| json!({"label": label, "description": "d"});
    content(
        "AskUserQuestion",
        json!({"metadata": {"kept": 1}, "questions": [
            {"question": "Which?", "header": "H", "options": [option("A"), option("B")]},
            {"question": "What more?", "multiSelect": true, "options": [option("C"), option("D")]},
        ]}),
    )
}

fn decision(content: &RequestContent, answer: &Answer) -> Result<Value, InvalidAnswer> {
    decide(content, answer).map(|said| {
        let Value::Object(mut hook) = said["hookSpecificOutput"].clone() else {
            panic!("{said}");
        };
        assert_eq!(said.as_object().map(Map::len), Some(1));
        assert_eq!(hook["hookEventName"], "PermissionRequest");
        hook.remove("decision").unwrap_or_default()
    })
}

fn choose(answers: &[&[&str]]) -> Answer {
    let own = |labels: &&[&str]| labels.iter().map(|l| (*l).to_owned()).collect();
    Answer::Choose {
        answers: answers.iter().map(own).collect(),
    }
}

#[test]
fn each_answer_has_the_form_that_the_client_reads() {
    let deny = |message: Option<&str>| Answer::Deny {
        message: message.map(Into::into),
    };
    let stop = Answer::Stop {
        message: Some("no".into()),
    };
    let silent = json!({"behavior": "deny", "message": "The user does not want this."});
    for (answer, said) in [
        (Answer::Allow {}, json!({"behavior": "allow"})),
        (
            deny(Some("not now")),
            json!({"behavior": "deny", "message": "not now"}),
        ),
        (deny(Some(" ")), silent.clone()),
        (deny(None), silent),
        (
            stop,
            json!({"behavior": "deny", "message": "no", "interrupt": true}),
        ),
        (
            Answer::Always { suggestion: 1 },
            json!({"behavior": "allow", "updatedPermissions": [{"odd": [1.5]}]}),
        ),
    ] {
        assert_eq!(decision(&bash(), &answer), Ok(said), "{answer:?}");
    }
    let plan = content("ExitPlanMode", json!({"plan": "# P"}));
    assert_eq!(
        decision(&plan, &Answer::Allow {}),
        Ok(json!({"behavior": "allow", "updatedInput": {"plan": "# P"}}))
    );
}

#[test]
fn questions_are_answered_within_their_whole_input() {
    let said = decision(&questions(), &choose(&[&["my own"], &["C", "D, too"]])).expect("fits");
    let mut input = Value::Object(questions().input);
    input["answers"] = json!({"Which?": "my own", "What more?": ["C", "D, too"]});
    assert_eq!(said, json!({"behavior": "allow", "updatedInput": input}));
    let denied = decision(&questions(), &Answer::Deny { message: None });
    assert!(denied.is_ok());
}

#[test]
fn what_does_not_fit_is_said() {
    for (answer, why) in [
        (Answer::Allow {}, InvalidAnswer::NeedsChoice),
        (Answer::Always { suggestion: 0 }, InvalidAnswer::NeedsChoice),
        (
            choose(&[&["A"]]),
            InvalidAnswer::WrongCount {
                asked: 2,
                answered: 1,
            },
        ),
        (choose(&[&["A"], &[]]), InvalidAnswer::MissingAnswer(2)),
        (choose(&[&["A"], &[" "]]), InvalidAnswer::MissingAnswer(2)),
        (choose(&[&["A", "B"], &["C"]]), InvalidAnswer::OneOnly(1)),
        (Answer::Release {}, InvalidAnswer::NotAnAnswer),
    ] {
        assert_eq!(decision(&questions(), &answer), Err(why), "{answer:?}");
    }
    assert_eq!(
        decision(&bash(), &choose(&[&["A"]])),
        Err(InvalidAnswer::NotAQuestion)
    );
    let beyond = Answer::Always { suggestion: 2 };
    assert_eq!(
        decision(&bash(), &beyond),
        Err(InvalidAnswer::NotOffered(2))
    );
    for odd in [
        json!({}),
        json!({"questions": []}),
        json!({"questions": [{"question": 7}]}),
    ] {
        let odd = content("AskUserQuestion", odd);
        assert!(decision(&odd, &choose(&[&["A"]])).is_err());
    }
    let twice = json!({"questions": [{"question": "Q"}, {"question": "Q"}]});
    let twice = content("AskUserQuestion", twice);
    assert_eq!(
        decision(&twice, &choose(&[&["A"], &["B"]])),
        Err(InvalidAnswer::UnknownQuestions)
    );
}
