//! The answer log, and who is told of the answers.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use serde_json::json;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread;
use trusty_tests::trusty::run;
use trusty_tests::wait::until;
use trusty_tests::{StandIn, Value};

const DENY_MESSAGE: &str = "secret-words";

fn record_of(served: &LocalApiFixture) -> PathBuf {
    served.home.xdg_data().join("trusty/answers.jsonl")
}

/// The lines of the answer log, once there are at least this many.
fn records(served: &LocalApiFixture, count: usize) -> Vec<String> {
    until(WAIT_TIMEOUT, "the record of an answer", || {
        let text = fs::read_to_string(record_of(served)).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() >= count && text.ends_with('\n')).then_some(lines)
    })
}

/// Makes a session ask, and denies the request over the local API; the request's hash.
fn deny(served: &LocalApiFixture, session: &StandIn, command: &str) -> String {
    let (hook, hash) = served.ask(session, command);
    let hook = thread::spawn(|| hook.take_answer());
    let answer = json!({"request": hash, "answer": {"kind": "deny", "message": DENY_MESSAGE}});
    let path = served.path(session, "answer");
    let told = served.api.post(&path, answer.to_string());
    assert_eq!(told.status, 204, "{told:?}");
    assert!(hook.join().expect("answered").contains(DENY_MESSAGE));
    hash
}

fn printed(served: &LocalApiFixture, arguments: &[&str]) -> String {
    let output = run(&served.home, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn who_answered_what_is_recorded_without_its_content_and_told_in_the_row() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    assert_eq!(
        printed(&served, &["requests", "--answered"]),
        "No answers are recorded.\n"
    );
    let hash = deny(&served, &session, "make secret-target");
    let told = served.listed(&session)["answered"].clone();
    assert_eq!(told["by"], "program", "{told}");
    assert_eq!(
        (&told["kind"], &told["request"]),
        (&json!("deny"), &json!(hash))
    );
    let pid = session.pid_argument();
    for arguments in [&["list"][..], &["why", &pid]] {
        let text = printed(&served, arguments);
        assert!(
            text.to_lowercase().contains("denied by a program"),
            "{text}"
        );
    }

    let lines = records(&served, 1);
    let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
    assert_eq!(line["request"], hash.as_str());
    assert_eq!(line["session"], served.id(&session).as_str());
    assert_eq!(
        (&line["by"], &line["kind"]),
        (&json!("program"), &json!("deny"))
    );
    assert!(line["time"].is_string() && line["pid"].is_u64(), "{line}");
    for secret in ["secret", "make", DENY_MESSAGE] {
        assert!(!lines[0].contains(secret), "{line}");
    }
    let mode = fs::metadata(record_of(&served)).expect("there").mode();
    assert_eq!(mode & 0o777, 0o600);

    let table = printed(&served, &["requests", "--answered"]);
    let row = table.lines().nth(1).expect("a row");
    assert!(row.contains("denied") && row.contains("program"), "{table}");
    assert!(row.contains(&hash[..12]), "{table}");
    let list: Value =
        serde_json::from_str(&printed(&served, &["requests", "--answered", "--json"]))
            .expect("JSON");
    assert_eq!(list["answers"], json!([line]));
    let of_one = printed(&served, &["requests", &pid, "--answered", "--json"]);
    assert!(of_one.contains(&hash), "{of_one}");
}

#[test]
fn an_answer_that_cannot_be_recorded_is_given_all_the_same_and_health_says_so() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    let record = record_of(&served);
    fs::create_dir_all(&record).expect("something else is at its place");
    deny(&served, &session, "make one");
    let problem = || {
        let told = served.api.sessions();
        let health = told["health"].as_array()?.clone();
        let about = health
            .iter()
            .find(|problem| problem["subject"] == record.to_string_lossy().as_ref());
        Some(about.map(|problem| problem["message"].as_str().unwrap_or_default().to_owned()))
    };
    let message = until(WAIT_TIMEOUT, "the problem", || problem()?);
    assert!(message.contains("could not record an answer"), "{message}");
    fs::remove_dir(&record).expect("removed");
    deny(&served, &session, "make two");
    assert_eq!(records(&served, 1).len(), 1);
    until(WAIT_TIMEOUT, "the end of the problem", || {
        problem()?.is_none().then_some(())
    });
}
