//! Who may answer over the API: programs only where the settings say so when the engine starts.

use crate::commands::AskingHook;
use crate::{LocalApiFixture, WAIT_TIMEOUT};
use serde_json::json;
use std::thread;
use trusty_tests::trusty::{TypedCommand, configure, run, trusty};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, StandIn, Value, http};

fn answer(served: &LocalApiFixture, session: &StandIn, hash: &str) -> (u16, Value) {
    let path = format!("/v1/sessions/{}/answer", served.id(session));
    let body = json!({"request": hash, "answer": {"kind": "allow"}});
    let told = LocalApi::for_home(&served.home).post(&path, &body);
    told.expect("the engine answers")
}

fn is_held(served: &LocalApiFixture, session: &StandIn, hash: &str) -> bool {
    let told = http::get(&served.socket, "/v1/sessions");
    let session = trusty_tests::trusty::session_of(&told, session.process().pid);
    let requests = session.expect("listed")["requests"].clone();
    requests[0]["id"] == hash && requests[0]["held"] == true
}

#[test]
fn programs_may_not_approve_unless_the_settings_say_so_at_the_start() {
    let served = LocalApiFixture::start_with("");
    let session = StandIn::start(&served.home);
    let (hook, hash) = AskingHook::asks(&served, &session, "make");
    let health = http::get(&served.socket, "/v1/health");
    let permitted = json!({"programs": false, "terminal": true});
    assert_eq!(health["answers"], permitted);
    assert_eq!(health["health"], json!([]));
    let refused = |told: (u16, Value)| {
        assert_eq!((told.0, &told.1["code"]), (403, &json!("not-for-programs")));
        let detail = told.1["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("trusty approve"), "{detail}");
        assert!(is_held(&served, &session, &hash));
    };
    refused(answer(&served, &session, &hash));
    // What is written while the engine runs changes nothing, and says so.
    configure(&served.home, "[answers]\nprograms = true\n");
    until(WAIT_TIMEOUT, "the change", || {
        let health = http::get(&served.socket, "/v1/health");
        let message = health["health"][0]["message"].as_str()?.to_owned();
        message.contains("restart").then_some(())
    });
    refused(answer(&served, &session, &hash));
    let pid = session.process().pid.to_string();
    let told = run(&served.home, ["approve", &pid, "--yes"]);
    assert_eq!(told.status.code(), Some(3));
    assert!(is_held(&served, &session, &hash));
    // What runs nothing, anybody may answer.
    let denied = thread::spawn(|| hook.answer());
    let told = run(&served.home, ["deny", &pid]);
    assert_eq!(told.status.code(), Some(0));
    assert!(denied.join().expect("answered").contains("deny"));
}

#[test]
fn what_is_typed_in_a_terminal_counts_unless_the_settings_say_otherwise() {
    for (settings, allowed) in [("", true), ("[answers]\nterminal = false\n", false)] {
        let served = LocalApiFixture::start_with(settings);
        let session = StandIn::start(&served.home);
        let (hook, hash) = AskingHook::asks(&served, &session, "make");
        let given = thread::spawn(|| hook.answer());
        let pid = session.process().pid.to_string();
        let mut asked = TypedCommand::start(&served.home, ["approve", &pid]);
        assert!(asked.wait_question("[y/N]"), "{}", asked.screen());
        assert!(is_held(&served, &session, &hash), "not before the letter");
        asked.type_line("y");
        let (code, shown) = asked.finish();
        if allowed {
            assert_eq!(code, Some(0), "{shown}");
        } else {
            assert_eq!(code, Some(3), "{shown}");
            assert!(shown.contains("answers.terminal = false"), "{shown}");
            assert!(is_held(&served, &session, &hash));
            let told = run(&served.home, ["deny", &pid]);
            assert_eq!(told.status.code(), Some(0));
        }
        let given = given.join().expect("answered");
        assert_eq!(given.contains("allow"), allowed, "{given}");
    }
}

#[test]
fn a_session_whose_requests_programs_may_answer_says_so() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    let (hook, hash) = AskingHook::asks(&served, &session, "make");
    let health = http::get(&served.socket, "/v1/health");
    assert_eq!(health["answers"]["programs"], true);
    assert_eq!(health["health"][0]["subject"], "answers.programs");
    let told = http::get(&served.socket, "/v1/sessions");
    let told = trusty_tests::trusty::session_of(&told, session.process().pid);
    assert_eq!(told.expect("listed")["requests"][0]["programs"], true);
    let pid = session.process().pid.to_string();
    let printed = run(&served.home, ["requests", &pid]).stdout;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(
        printed.contains("programs can answer this request"),
        "{printed}"
    );
    let given = thread::spawn(|| hook.answer());
    assert_eq!(answer(&served, &session, &hash).0, 204);
    assert!(given.join().expect("answered").contains("allow"));
}

#[test]
fn a_process_of_a_session_may_deny_but_not_in_words_of_its_own() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    let (hook, hash) = AskingHook::asks(&served, &session, "make");
    let pid = session.process().pid.to_string();
    let deny = |more: &[&str]| {
        let mut command = trusty(&served.home);
        command.args(["deny", &pid]).args(more);
        command.env("CLAUDE_PID", &pid).output().expect("runs")
    };
    for more in [
        ["--message", "run it elsewhere"].as_slice(),
        &["--stop", "--message", "x"],
    ] {
        let told = deny(more);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(3), "{words}");
        assert!(words.contains("CLAUDE_PID of this shell names"), "{words}");
        assert!(words.contains("deny without a message"), "{words}");
        assert!(is_held(&served, &session, &hash));
    }
    let denied = thread::spawn(|| hook.answer());
    let told = deny(&[]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let denied = denied.join().expect("answered");
    assert!(denied.contains("The user does not want this."), "{denied}");
}
