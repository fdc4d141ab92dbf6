//! Answers from the command line, as a user and as a script give them.

use crate::stage::{id, open, scripted};
use std::process::Output;
use trusty_tests::trusty::{TypedCommand, run, run_confirmed};
use trusty_tests::{TerminalShape, TestHome, Value};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `trusty`; its exit code, its standard output and its standard error.
fn trusty(home: &TestHome, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = run(home, arguments);
    (status.code(), text(&stdout), text(&stderr))
}

#[test]
fn what_is_approved_is_printed_whole_and_bound_to_its_hash() {
    let Some(stage) = open(TerminalShape::TmuxBash) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made");
    let trusty = |arguments: &[&str]| trusty(&stage.home, arguments);
    // Without a terminal the user cannot confirm.
    let (code, printed, told) = trusty(&["approve", "work"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(printed.contains("│ touch made\n"), "{printed}");
    assert!(
        printed.contains(&format!("request {request}\n")),
        "{printed}"
    );
    assert!(told.contains("no terminal to confirm in"), "{told}");
    let listed = trusty(&["requests"]).1;
    assert_eq!(listed, printed, "the same, asked for by itself");
    let json: Value =
        serde_json::from_str(&trusty(&["requests", "work", "--json"]).1).expect("JSON");
    assert_eq!(
        json["requests"][0]["content"]["input"]["command"],
        "touch made"
    );
    assert_eq!(json["requests"][0]["card"]["request"], request.as_str());

    let other = "f".repeat(64);
    for (words, code, part) in [
        (
            &["approve", "work", "--request", "abc"][..],
            2,
            "at least 6",
        ),
        (
            &["approve", "work", "--request", &other],
            3,
            "trusty requests work",
        ),
        (&["approve", "work", "--always=9", "--yes"], 3, "offer"),
        (&["answer", "work", "1"], 3, "trusty approve work"),
    ] {
        let (told_code, _, told) = trusty(words);
        assert_eq!(told_code, Some(code), "{words:?}: {told}");
        assert!(told.contains(part), "{words:?}: {told}");
    }
    assert!(!stage.made("made"), "nothing of that was leave");

    for words in [
        &["approve", "work", "--yes"][..],
        &["approve", "work", "--request", &request[..6]],
    ] {
        let (code, _, told) = trusty(words);
        assert_eq!(code, Some(3), "{words:?}: {told}");
    }
    assert!(!stage.made("made"), "no letter was typed");
    let mut asked = TypedCommand::start(&stage.home, ["approve", "work"]);
    assert!(asked.wait_question("[y/N]"), "{}", asked.screen());
    assert!(
        asked.screen().contains("│ touch made"),
        "{}",
        asked.screen()
    );
    asked.type_line("n");
    let (code, shown) = asked.finish();
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("nothing was approved"), "{shown}");
    assert!(!stage.made("made"), "another letter was typed");
    let words = ["approve", "work", "--request", &request[..6]];
    let (code, shown) = run_confirmed(&stage.home, words);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("│ touch made"), "{shown}");
    assert!(
        shown.contains(&format!("approved {request} of work")),
        "{shown}"
    );
    stage.wait_made("made");
    stage.wait_over();
    let (code, printed, told) = trusty(&["approve", "work", "--yes"]);
    assert_eq!((code, printed.as_str()), (Some(3), ""), "{told}");
    assert!(told.contains("no pending request"), "{told}");
}

#[test]
fn of_several_the_one_that_is_meant_is_named() {
    let Some(stage) = scripted(TerminalShape::PtyDirect) else {
        return;
    };
    let two = r#"call: Read {"file_path":"/etc/hostname"} || Read {"file_path":"/etc/hosts"}"#;
    stage.terminal.submit(two);
    let held = stage.wait_held(2);
    let trusty = |arguments: &[&str]| trusty(&stage.home, arguments);
    for words in [&["approve", "work", "--yes"][..], &["deny", "work"]] {
        let (code, printed, told) = trusty(words);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{told}");
        for request in &held {
            let line = format!("--request {}", &id(request)[..12]);
            assert!(told.contains(&line), "{told}");
        }
    }
    let (first, second) = (id(&held[0]), id(&held[1]));
    let denied = [
        "deny",
        "work",
        "--request",
        &second,
        "--message",
        "not that one",
    ];
    let (code, _, told) = trusty(&denied);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(id(&stage.wait_held(1)[0]), first, "the other waits on");
    let (code, printed, told) = trusty(&["approve", "work", "--yes"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(printed.contains(&first), "{printed}");
    stage.wait_result("not that one");
    stage.wait_over();
}

#[test]
fn questions_are_answered_by_number_label_and_words() {
    let Some(stage) = open(TerminalShape::TmuxBash) else {
        return;
    };
    let request = stage.ask_permission("ask multi");
    let typed = |arguments: &[&str]| run_confirmed(&stage.home, arguments);
    let trusty = |arguments: &[&str]| trusty(&stage.home, arguments);
    let (code, printed, told) = trusty(&["approve", "work", "--yes"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("trusty answer work"), "{told}");
    assert!(printed.contains("│ Which color?\n"), "{printed}");
    let (code, _, told) = trusty(&["answer", "work"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("no terminal to confirm in"), "{told}");
    let (code, _, told) = trusty(&["answer", "work", "blue", "1", "--yes"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("programs = true"), "{told}");
    let (code, _, told) = trusty(&["answer", "work", "Mauve", "1"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("no option \"Mauve\""), "{told}");
    let (code, shown) = typed(&["answer", "work", "blue", "1,Large"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains(&format!("answered {request} of work")),
        "{shown}"
    );
    stage.wait_result("\"Which color?\"=\"Blue\", \"Which sizes?\"=\"Small, Large\"");
    stage.wait_over();

    stage.ask_permission("ask");
    let (code, shown) = typed(&["answer", "work", "=neither of them"]);
    assert_eq!(code, Some(0), "{shown}");
    stage.wait_result("\"Which color?\"=\"neither of them\"");

    // After a release only the terminal can answer.
    stage.ask_permission("ask");
    let (code, _, told) = trusty(&["release", "work"]);
    assert_eq!(code, Some(0), "{told}");
    stage.wait_over();
    let (code, _, told) = trusty(&["answer", "work", "1"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("trusty jump work"), "{told}");
}

#[test]
fn without_an_engine_nothing_is_held() {
    let home = TestHome::new();
    for words in [
        &["approve", "work", "--yes"][..],
        &["deny", "work"],
        &["answer", "work", "1"],
        &["release", "work"],
        &["requests"],
    ] {
        let (code, printed, told) = trusty(&home, words);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{told}");
        assert!(told.contains("no engine is running"), "{told}");
        assert!(told.contains("trusty jump"), "{told}");
    }
}
