//! Who may answer over the API: programs only where the settings say so when the engine starts.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use serde_json::json;
use std::thread;
use trusty_tests::StandIn;
use trusty_tests::socket_client::HttpResponse;
use trusty_tests::trusty::{TypedCommand, configure, run, trusty};
use trusty_tests::wait::until;

fn answer(served: &LocalApiFixture, session: &StandIn, hash: &str) -> HttpResponse {
    let body = json!({"request": hash, "answer": {"kind": "allow"}});
    let path = served.path(session, "answer");
    served.api.post(&path, body.to_string())
}

fn is_held(served: &LocalApiFixture, session: &StandIn, hash: &str) -> bool {
    let requests = served.listed(session)["requests"].clone();
    requests[0]["id"] == hash && requests[0]["held"] == true
}

#[test]
fn programs_may_not_approve_unless_the_settings_say_so_at_the_start() {
    let served = LocalApiFixture::start_with("");
    let session = StandIn::start(&served.home);
    let (hook, hash) = served.ask(&session, "make");
    let health = served.api.get("/v1/health");
    let permitted = json!({"programs": false, "terminal": true});
    assert_eq!(health["answers"], permitted);
    assert_eq!(health["health"], json!([]));
    let refused = |told: HttpResponse| {
        assert_eq!((told.status, &*told.code()), (403, "not-for-programs"));
        let detail = told.json()["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(detail.contains("trusty approve"), "{detail}");
        assert!(is_held(&served, &session, &hash));
    };
    refused(answer(&served, &session, &hash));
    // A change of the settings while the engine runs has no effect, and health says so.
    configure(&served.home, "[answers]\nprograms = true\n");
    until(WAIT_TIMEOUT, "the change", || {
        let health = served.api.get("/v1/health");
        let message = health["health"][0]["message"].as_str()?.to_owned();
        message.contains("restart").then_some(())
    });
    refused(answer(&served, &session, &hash));
    let pid = session.pid_argument();
    let told = run(&served.home, ["approve", &pid, "--yes"]);
    assert_eq!(told.status.code(), Some(3));
    assert!(is_held(&served, &session, &hash));
    // Any process may give an answer that runs nothing.
    let denied = thread::spawn(|| hook.take_answer());
    let told = run(&served.home, ["deny", &pid]);
    assert_eq!(told.status.code(), Some(0));
    assert!(denied.join().expect("answered").contains("deny"));
}

#[test]
fn what_is_typed_in_a_terminal_counts_unless_the_settings_say_otherwise() {
    for (settings, allowed) in [("", true), ("[answers]\nterminal = false\n", false)] {
        let served = LocalApiFixture::start_with(settings);
        let session = StandIn::start(&served.home);
        let (hook, hash) = served.ask(&session, "make");
        let given = thread::spawn(|| hook.take_answer());
        let pid = session.pid_argument();
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
    let (hook, hash) = served.ask(&session, "make");
    let health = served.api.get("/v1/health");
    assert_eq!(health["answers"]["programs"], true);
    assert_eq!(health["health"][0]["subject"], "answers.programs");
    assert_eq!(served.listed(&session)["requests"][0]["programs"], true);
    let pid = session.pid_argument();
    let printed = run(&served.home, ["requests", &pid]).stdout;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(
        printed.contains("programs can answer this request"),
        "{printed}"
    );
    let given = thread::spawn(|| hook.take_answer());
    assert_eq!(answer(&served, &session, &hash).status, 204);
    assert!(given.join().expect("answered").contains("allow"));
}

#[test]
fn a_process_of_a_session_may_deny_but_not_in_words_of_its_own() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    let (hook, hash) = served.ask(&session, "make");
    let pid = session.pid_argument();
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
    let denied = thread::spawn(|| hook.take_answer());
    let told = deny(&[]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let denied = denied.join().expect("answered");
    assert!(denied.contains("The user does not want this."), "{denied}");
}
