//! Answers from the command line: nothing is approved that was not printed.

use crate::stage::{AnswerFixture, id, open, scripted};
use std::process::Output;
use trusty_tests::TerminalShape;
use trusty_tests::trusty::{run, run_confirmed};

/// Runs `trusty` on this session; its exit code and everything that it printed.
fn trusty(stage: &AnswerFixture, verb: &str, more: &[&str]) -> (Option<i32>, String) {
    let pid = stage.client.pid.to_string();
    let arguments = [&[verb, pid.as_str()], more].concat();
    let Output {
        status,
        stdout,
        stderr,
    } = run(&stage.home, arguments);
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code(), told.concat())
}

/// Runs `trusty` on this session in a terminal, where the user confirms.
#[track_caller]
fn is_confirmed(stage: &AnswerFixture, verb: &str, more: &[&str]) {
    let pid = stage.client.pid.to_string();
    let arguments = [&[verb, pid.as_str()], more].concat();
    let (code, shown) = run_confirmed(&stage.home, arguments);
    assert_eq!(code, Some(0), "{verb} {more:?}: {shown}");
}

#[track_caller]
fn succeeds(stage: &AnswerFixture, verb: &str, more: &[&str]) {
    let (code, told) = trusty(stage, verb, more);
    assert_eq!(code, Some(0), "{verb} {more:?}: {told}");
}

const REFUSED_EXIT_CODE: Option<i32> = Some(3);

/// Four requests, one after the other: approved, denied with a message, denied with the turn, and
/// answered.
pub(crate) fn each_answer(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let request = stage.ask_permission("bash: touch made");
    for more in [&[][..], &["--yes"], &["--request", &request]] {
        let (code, told) = trusty(&stage, "approve", more);
        assert_eq!(code, REFUSED_EXIT_CODE, "{told}");
        assert!(
            told.contains("touch made") && told.contains(&request),
            "{told}"
        );
    }
    assert!(!stage.made("made"));
    is_confirmed(&stage, "approve", &["--request", &request]);
    stage.wait_made("made");
    let (code, told) = trusty(&stage, "approve", &["--request", &request]);
    assert_eq!(code, REFUSED_EXIT_CODE, "{told}");
    stage.rest();

    stage.ask_permission("bash: touch other");
    succeeds(&stage, "deny", &["--message", "not this one"]);
    stage.wait_result("not this one");
    stage.rest();

    stage.ask_permission("bash: touch other");
    succeeds(&stage, "deny", &["--stop"]);
    stage.rest();
    assert!(!stage.made("other"));

    stage.ask_permission("ask multi");
    is_confirmed(&stage, "answer", &["=Green", "1,2"]);
    stage.wait_result("\"Which color?\"=\"Green\", \"Which sizes?\"=\"Small, Large\"");
    stage.goes_on("say and on");
}

/// Several requests are pending: an answer without an id is refused.
pub(crate) fn one_of_several(shape: TerminalShape) {
    let Some(stage) = scripted(shape) else {
        return;
    };
    stage
        .terminal
        .submit(r#"call: Read {"file_path":"/etc/hostname"} || Read {"file_path":"/etc/hosts"}"#);
    let held = stage.wait_held(2);
    for more in [&["--yes"][..], &[]] {
        let (code, told) = trusty(&stage, "approve", more);
        assert_eq!(code, REFUSED_EXIT_CODE, "{told}");
        assert!(told.contains(&id(&held[0])[..12]), "{told}");
        assert!(told.contains(&id(&held[1])[..12]), "{told}");
    }
    let (code, told) = trusty(&stage, "deny", &[]);
    assert_eq!(code, REFUSED_EXIT_CODE, "{told}");
    assert_eq!(stage.wait_held(2), held);
    succeeds(&stage, "deny", &["--request", &id(&held[1])]);
    assert_eq!(id(&stage.wait_held(1)[0]), id(&held[0]));
    succeeds(&stage, "approve", &["--yes"]);
    stage.wait_over();
    stage.goes_on("say and on");
    assert_eq!(stage.results().len(), 2, "{:?}", stage.results());
}
