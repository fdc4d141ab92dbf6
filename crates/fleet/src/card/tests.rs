use super::*;
use crate::request::{RequestContent, RequestId, RequestKind};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn card(tool: &str, input: &Value) -> Card {
    with_offers(tool, input, &[])
}

fn with_offers(tool: &str, input: &Value, suggestions: &[Value]) -> Card {
    let content = RequestContent {
        tool: tool.into(),
        input: input.as_object().cloned().unwrap_or_default(),
        suggestions: suggestions.to_vec(),
    };
    Card::from_request(RequestId("r".into()), &content)
}

/// The lines, each prefixed with a sign for its mark.
fn drawn(card: &Card) -> Vec<String> {
    let lines = card.lines.iter().map(|line| {
        let mark = match line.mark {
            LineMark::Plain => " ",
            LineMark::Added => "+",
            LineMark::Removed => "-",
            LineMark::Label => "#",
        };
        format!("{mark}{}", line.text)
    });
    lines.collect()
}

#[test]
fn a_command_comes_first_and_whole_then_what_else_was_given() {
    let input = json!({
        "description": "Tidy up", "timeout": 600_000,
        "command": "cd /tmp &&\n  rm -rf x", "run_in_background": true, "new_field": {"a": [1, null]},
    });
    let card = card("Bash", &input);
    assert_eq!(
        (card.title.as_str(), card.kind),
        ("Bash", RequestKind::Permission)
    );
    assert_eq!(
        drawn(&card),
        [
            " cd /tmp &&",
            "   rm -rf x",
            "#description",
            " Tidy up",
            "#timeout",
            " 600000",
            "#run_in_background",
            " true",
            "#new_field",
            " {",
            "   \"a\": [",
            "     1,",
            "     null",
            "   ]",
            " }",
        ]
    );
    assert_eq!(card.unseen, None);
}

#[test]
fn a_command_that_is_no_text_is_shown_as_what_it_is() {
    for (input, wanted) in [
        (json!({}), vec![]),
        (json!({"command": ""}), vec!["#command", " \"\""]),
        (json!({"command": 7}), vec!["#command", " 7"]),
        (
            json!({"command": ["rm", "-rf"]}),
            vec!["#command", " [", "   \"rm\",", "   \"-rf\"", " ]"],
        ),
    ] {
        assert_eq!(drawn(&card("Bash", &input)), wanted, "{input}");
    }
}

#[test]
fn files_are_shown_whole_and_edits_line_by_line() {
    let write = card(
        "Write",
        &json!({"content": "one\ntwo\n", "file_path": "/src/a b.rs"}),
    );
    assert_eq!(write.title, "Write a b.rs");
    assert_eq!(
        drawn(&write),
        [
            "#file_path",
            " /src/a b.rs",
            "#content",
            " one",
            " two",
            " "
        ]
    );

    let edit = json!({
        "old_string": "a\nb\nc", "new_string": "a\nB\nc\nd", "replace_all": true, "file_path": "/x.rs",
    });
    assert_eq!(
        drawn(&card("Edit", &edit)),
        [
            "#file_path",
            " /x.rs",
            "#old_string → new_string",
            " a",
            "-b",
            "+B",
            " c",
            "+d",
            "#replace_all",
            " true",
        ]
    );
    let new = json!({"file_path": "/x.rs", "old_string": "", "new_string": "x"});
    assert_eq!(drawn(&card("Edit", &new))[3..], ["+x"]);

    let several = json!({"file_path": "/x.rs", "edits": [
        {"old_string": "a", "new_string": "b", "replace_all": false}, "odd", {"old_string": 1},
    ]});
    assert_eq!(
        drawn(&card("MultiEdit", &several)),
        [
            "#file_path",
            " /x.rs",
            "#edits 1 of 3: old_string → new_string",
            "-a",
            "+b",
            "#edits 1 of 3: replace_all",
            " false",
            "#edits 2 of 3",
            " odd",
            "#edits 3 of 3: old_string",
            " 1",
        ]
    );
}

#[test]
fn a_tool_that_nobody_knows_is_shown_field_by_field() {
    let fetch = card(
        "WebFetch",
        &json!({"prompt": "sum it up", "url": "https://a.example/"}),
    );
    assert_eq!(
        drawn(&fetch),
        ["#url", " https://a.example/", "#prompt", " sum it up"]
    );
    let name = "x".repeat(70);
    let odd = card(&name, &json!({"a": 1.5}));
    assert_eq!(odd.title.chars().count(), 61);
    assert_eq!(
        drawn(&odd),
        [
            "#tool".to_owned(),
            format!(" {name}"),
            "#a".into(),
            " 1.5".into()
        ]
    );
}

#[test]
fn what_cannot_be_seen_or_steers_is_written_as_its_name() {
    for (raw, shown) in [
        ("ls\u{202e}txt.exe", "ls⟨U+202E⟩txt.exe"),
        ("a\u{1b}[2Kb", "a⟨ESC⟩[2Kb"),
        ("a\rb", "a⟨CR⟩b"),
        ("a\u{0}\u{7f}\u{85}\u{9b}", "a⟨NUL⟩⟨DEL⟩⟨U+0085⟩⟨U+009B⟩"),
        (
            "a\u{2066}b\u{2069}\u{200e}\u{61c}",
            "a⟨U+2066⟩b⟨U+2069⟩⟨U+200E⟩⟨U+061C⟩",
        ),
        (
            "r\u{200b}m\u{ad}\u{feff}\u{200d}\u{2060}x",
            "r⟨U+200B⟩m⟨U+00AD⟩⟨U+FEFF⟩⟨U+200D⟩⟨U+2060⟩x",
        ),
        ("a\u{e0041}\u{e007f}", "a⟨U+E0041⟩⟨U+E007F⟩"),
        (
            "a\u{fe0f}✔\u{fe0f}\u{fe0f}\u{e0100}",
            "a⟨U+FE0F⟩✔\u{fe0f}⟨U+FE0F⟩⟨U+E0100⟩",
        ),
        (
            "rm 1\u{fe0f} “a”\u{fe0f}✔\u{fe0e}",
            "rm 1⟨U+FE0F⟩ “a”⟨U+FE0F⟩✔⟨U+FE0E⟩",
        ),
        ("a\u{2028}b\u{2029}c", "a⟨U+2028⟩b⟨U+2029⟩c"),
        ("a\u{a0}b\u{3000}c\u{2003}d", "a⟨U+00A0⟩b⟨U+3000⟩c⟨U+2003⟩d"),
        ("a\u{3164}\u{115f}\u{2800}", "a⟨U+3164⟩⟨U+115F⟩⟨U+2800⟩"),
        (
            "a\u{16fe4}\u{e0b0}\u{fdd0}\u{ffff}\u{f0000}\u{10fffe}",
            "a⟨U+16FE4⟩⟨U+E0B0⟩⟨U+FDD0⟩⟨U+FFFF⟩⟨U+F0000⟩⟨U+10FFFE⟩",
        ),
        ("a \t  ", "a⟨SP⟩⟨TAB⟩⟨SP×2⟩"),
        ("\tx\ty", "\tx⟨TAB⟩y"),
        ("a\r\r\rb\r", "a⟨CR×3⟩b⟨CR⟩"),
        ("a        b", "a        b"),
        ("ls         ; rm", "ls⟨SP×9⟩; rm"),
        ("ls\t\t\t; rm", "ls⟨TAB×3⟩; rm"),
        ("ls\u{200b}\u{200b}", "ls⟨U+200B×2⟩"),
        ("\t\t        deep", "\t\t        deep"),
        ("                         ; rm", "⟨SP×25⟩; rm"),
        ("\t\t\t\t\t\t\t; rm", "⟨TAB×7⟩; rm"),
        ("a\n\n\n\n\n\n\n\n\n\n; rm", "a\n ⟨LF×9⟩\n ; rm"),
        ("a\n\n\n; rm", "a\n \n \n ; rm"),
        ("⟨ESC⟩", "⟨U+27E8⟩ESC⟩"),
        ("héllo wörld 名前 مرحبا", "héllo wörld 名前 مرحبا"),
    ] {
        assert_eq!(
            drawn(&card("Bash", &json!({"command": raw}))).join("\n"),
            format!(" {shown}")
        );
        // The same in a nested field's name, in a title and in an offer.
        let nested = drawn(&card("x", &json!({raw: {"a": [raw]}}))).concat();
        let escaped = serde_json::to_string(raw).expect("a text becomes JSON");
        for c in [
            '\u{202e}',
            '\u{200b}',
            '\u{e0041}',
            '\u{2028}',
            '\u{a0}',
            '\u{1b}',
        ] {
            assert!(!nested.contains(c), "{escaped}: {nested}");
        }
    }
    let odd = with_offers(
        "To\u{202e}ol",
        &json!({"file_path": "/a\u{202e}b\nc"}),
        &[json!("\u{202e}")],
    );
    assert_eq!(odd.title, "To⟨U+202E⟩ol a⟨U+202E⟩b⟨LF⟩c");
    assert_eq!(odd.always[0].text, "\"⟨U+202E⟩\"");
    // A name of few characters, whose spelt-out names are long.
    let tool = format!("{}rm", "\u{200b}\u{200c}".repeat(20));
    let spelt = format!(" {}rm", "⟨U+200B⟩⟨U+200C⟩".repeat(20));
    assert_eq!(drawn(&card(&tool, &json!({}))).last(), Some(&spelt));
}

#[test]
fn questions_show_what_may_be_chosen() {
    let input = json!({"questions": [
        {"question": "Which?", "header": "Colour", "multiSelect": false, "options": [
            {"label": "Red", "description": "warm\u{202e}"}, {"label": "Blue"}]},
        {"question": "How many\nof them?", "multiSelect": true, "note": "x"},
    ], "metadata": {"source": "y"}});
    let card = card("AskUserQuestion", &input);
    assert_eq!((card.kind, card.unseen), (RequestKind::Question, None));
    let first = &card.questions[0];
    assert_eq!(
        (first.header.as_str(), first.choice),
        ("Colour", SelectionMode::One)
    );
    assert_eq!(first.options[0].description, "warm⟨U+202E⟩");
    assert_eq!(first.options[1].label, "Blue");
    assert_eq!(card.questions[1].question, "How many\nof them?");
    assert_eq!(card.questions[1].choice, SelectionMode::Several);
    let lines: Vec<&str> = card.lines.iter().map(|l| l.text.as_str()).collect();
    assert_eq!(
        lines,
        [
            "question 2: note",
            "x",
            "metadata",
            "{",
            "  \"source\": \"y\"",
            "}"
        ]
    );
}

#[test]
fn questions_that_cannot_be_read_are_shown_and_not_answered() {
    let option =
        |label: &str| json!({"questions": [{"question": "q", "options": [{"label": label}]}]});
    for input in [
        json!({}),
        json!({"questions": []}),
        json!({"questions": "who?"}),
        json!({"questions": [{"header": "no question"}]}),
        json!({"questions": [{"question": "q", "options": ["a"]}]}),
        json!({"questions": [{"question": "q", "multiSelect": "yes"}]}),
        json!({"questions": [{"question": "q"}, {"question": "q"}]}),
        option("a\u{200b}b"),
        option("a "),
        option(""),
    ] {
        let card = card("AskUserQuestion", &input);
        assert!(
            card.unseen.is_some() && card.questions.is_empty(),
            "{input}"
        );
        assert_eq!(card.lines.is_empty(), input == json!({}), "{input}");
    }
}

#[test]
fn a_plan_is_its_text_and_without_one_nothing_is_approved() {
    let plan = card(
        "ExitPlanMode",
        &json!({"planFilePath": "/p.md", "plan": "# Plan\n1. go"}),
    );
    assert_eq!(
        drawn(&plan),
        [" # Plan", " 1. go", "#planFilePath", " /p.md"]
    );
    assert_eq!((plan.kind, plan.unseen), (RequestKind::Plan, None));
    for input in [json!({}), json!({"plan": " \n"}), json!({"plan": ["x"]})] {
        assert!(card("ExitPlanMode", &input).unseen.is_some(), "{input}");
    }
}

#[test]
fn what_is_too_long_says_so_and_offers_nothing() {
    let long = with_offers(
        "Write",
        &json!({"content": "x\n".repeat(200_000)}),
        &[json!({})],
    );
    assert!(long.unseen.is_some_and(|why| why.contains("too long")));
    assert!(long.lines.len() < 110_000 && long.always.is_empty());
    let line = card("Bash", &json!({"command": "x".repeat(10_000_000)}));
    assert!(line.unseen.is_some() && line.lines.is_empty());
    let spelt = card(
        "Bash",
        &json!({"command": "\u{200b}\u{200c}".repeat(15_000)}),
    );
    assert!(spelt.unseen.is_some() && spelt.lines.is_empty());
    let short = card("Bash", &json!({"command": "a\n".repeat(20_000)}));
    assert!(short.unseen.is_some() && short.lines.len() == 10_000);
    // A run of empty lines is counted instead.
    let blank = card("Bash", &json!({"command": "\n".repeat(100_000)}));
    assert_eq!(
        (drawn(&blank), blank.unseen),
        (vec![" ⟨LF×100001⟩".to_owned()], None)
    );
    assert_eq!(
        card("Bash", &json!({"command": "x".repeat(100_000)})).unseen,
        None
    );
    let questions = json!({"questions": [{"question": "q".repeat(300_000)}]});
    let questions = card("AskUserQuestion", &questions);
    assert!(questions.unseen.is_some() && questions.questions.is_empty());
}

#[test]
fn an_edit_of_many_lines_is_shown_whole() {
    let text = |from: u32| {
        (from..from + 3_000)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let edit = card(
        "Edit",
        &json!({"old_string": text(0), "new_string": text(1)}),
    );
    assert_eq!(edit.lines.len(), 6_001);
    assert_eq!(edit.unseen, None);
}

#[test]
fn offers_are_told_in_words_or_as_they_are() {
    let rule = |tool: &str, content: Value, to: &str| {
        let rule = match content {
            Value::Null => json!({"toolName": tool}),
            content => json!({"toolName": tool, "ruleContent": content}),
        };
        json!({"type": "addRules", "rules": [rule], "behavior": "allow", "destination": to})
    };
    let dirs = json!({"type": "addDirectories", "directories": ["/a", "/b c", "/d"], "destination": "session"});
    let set = |to: &str| json!({"type": "setMode", "mode": to, "destination": "session"});
    let more = json!({"type": "setMode", "mode": "plan", "destination": "session", "also": 1});
    let deny =
        json!({"type": "addRules", "rules": [], "behavior": "deny", "destination": "session"});
    for (offer, wanted) in [
        (
            rule("Bash", "npm test:*".into(), "localSettings"),
            "Always allow Bash commands that begin with `npm test` in this project (local settings)",
        ),
        (
            rule("Bash", "npm test *".into(), "userSettings"),
            "Always allow Bash commands that begin with `npm test` in all projects (user settings)",
        ),
        (
            rule("Bash", "env".into(), "projectSettings"),
            "Always allow the Bash command `env` in this project, for everyone who works on it (project settings)",
        ),
        (
            rule("Bash", "git * main:*".into(), "session"),
            "Always allow Bash commands like `git * main:*` for this session",
        ),
        (
            rule("Bash", "*".into(), "session"),
            "Always allow Bash commands like `*` for this session",
        ),
        (
            rule("Bash", "r\u{202e}m".into(), "session"),
            "Always allow the Bash command `r⟨U+202E⟩m` for this session",
        ),
        (
            rule("Read", "//etc/**".into(), "session"),
            "Always allow Read of `//etc/**` for this session",
        ),
        (
            rule("WebFetch", "domain:a.example".into(), "session"),
            "Always allow WebFetch from `a.example` for this session",
        ),
        (
            rule("mcp__db__query", Value::Null, "session"),
            "Always allow every use of mcp__db__query for this session",
        ),
        (
            dirs,
            "Allow access to `/a`, `/b c` and `/d` for this session",
        ),
        (set("acceptEdits"), "Accept all edits for this session"),
        (
            set("bypassPermissions"),
            "Allow everything without asking for this session",
        ),
        (
            set("new"),
            r#"{"type":"setMode","mode":"new","destination":"session"}"#,
        ),
        (
            more,
            r#"{"type":"setMode","mode":"plan","destination":"session","also":1}"#,
        ),
        (
            deny,
            r#"{"type":"addRules","rules":[],"behavior":"deny","destination":"session"}"#,
        ),
        (
            rule("Bash", 1.into(), "session"),
            r#"{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":1}],"behavior":"allow","destination":"session"}"#,
        ),
        (
            rule("Bash", "x".into(), "moon"),
            r#"{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"x"}],"behavior":"allow","destination":"moon"}"#,
        ),
        (json!("odd"), "\"odd\""),
    ] {
        let card = with_offers("Bash", &json!({}), &[json!("x".repeat(700)), offer]);
        // What cannot be shown in full is not offered; the numbers stay Claude Code's.
        assert_eq!(card.always.len(), 1);
        assert_eq!(
            (card.always[0].suggestion, card.always[0].text.as_str()),
            (1, wanted)
        );
    }
    let plan = with_offers("ExitPlanMode", &json!({"plan": "x"}), &[set("acceptEdits")]);
    assert_eq!(plan.always, []);
}

/// Collects the texts, names and numbers of a value, as JSON writes them.
fn said(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| said(one, into)),
        Value::Object(all) => {
            for (name, one) in all {
                into.push(name.clone());
                said(one, into);
            }
        }
        other => into.push(other.to_string()),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    // Plain letters and digits look the same in every place.
    let leaf = prop_oneof![
        "[a-zA-Z0-9 ]{0,6}[a-z0-9]".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,8}",
        prop::sample::select(vec![
            "command",
            "content",
            "file_path",
            "old_string",
            "new_string",
            "replace_all",
            "edits",
            "plan",
            "questions",
            "question",
            "header",
            "options",
            "label",
            "description",
            "multiSelect",
            "timeout",
            "url",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn nothing_of_an_input_is_left_out(
        tool in prop::sample::select(vec!["Bash", "Write", "Edit", "MultiEdit", "NotebookEdit",
            "WebFetch", "AskUserQuestion", "ExitPlanMode", "mcp__a__b"]),
        fields in prop::collection::vec((names(), any_value()), 0..6),
    ) {
        let input: Map<String, Value> = fields.into_iter().collect();
        let card = card(tool, &Value::Object(input.clone()));
        let mut shown = drawn(&card);
        for question in card.questions {
            shown.extend([question.question, question.header]);
            shown.extend(question.options.into_iter().flat_map(|o| [o.label, o.description]));
        }
        let shown = shown.join("\n");
        let mut texts = Vec::new();
        said(&Value::Object(input), &mut texts);
        // These fields have a place of their own on the card, without their name.
        let placed = ["command", "plan", "questions", "question", "header", "options", "label",
            "description", "multiSelect", "edits"];
        for text in texts {
            let known = placed.contains(&text.as_str()) || (card.kind == RequestKind::Question && (text == "true" || text == "false"));
            prop_assert!(known || shown.contains(&text), "{text:?} is not in\n{shown}");
        }
    }

    #[test]
    fn different_lines_never_look_the_same(a in ".{0,12}", b in ".{0,12}", cut in 0..12_usize) {
        let shown = |text: &str| drawn(&card("Bash", &json!({"command": format!("x{text}")})));
        prop_assert_eq!(a == b, shown(&a) == shown(&b));
        // An invisible character inserted into a text changes the drawing.
        let at = a.char_indices().nth(cut).map_or(a.len(), |(at, _)| at);
        for hidden in ["\u{200b}", "\u{202e}", "\u{fe0f}", "\u{e0020}", " ", "\u{1b}"] {
            let with = format!("{}{hidden}{}", &a[..at], &a[at..]);
            prop_assert_ne!(shown(&with), shown(&a));
        }
    }
}
