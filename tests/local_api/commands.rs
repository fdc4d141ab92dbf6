//! The command line beside an engine: unread output, another version, an engine that ends.

use crate::{LocalApiFixture, WAIT_TIMEOUT, answer_as_engine};
use std::io::{BufRead, BufReader, PipeWriter};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use trusty_tests::trusty::{RunningProgram, private_folder, run, trusty};
use trusty_tests::{LocalApi, Signal, StandIn, TestHome, Value};

/// A pipe whose reader is closed.
fn unread() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    writer
}

/// Runs `trusty` with its output unread; its exit code and its standard error.
fn unread_trusty(home: &TestHome, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = trusty(home);
    let output = command.args(arguments).stdout(unread()).output();
    let output = output.expect("runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

#[test]
fn what_nobody_reads_is_not_approved_but_may_be_denied() {
    let served = LocalApiFixture::start();
    let session = StandIn::start(&served.home);
    let (hook, hash) = served.ask(&session, "make");
    let pid = session.pid_argument();
    let unread = |arguments: &[&str]| unread_trusty(&served.home, arguments);
    for arguments in [
        &["approve", &pid, "--yes"][..],
        &["approve", &pid, "--request", &hash],
        &["answer", &pid, "1"],
    ] {
        let (code, told) = unread(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {told}");
        assert!(told.contains("the reader of the output exited"), "{told}");
    }
    for arguments in [&["list"][..], &["requests"], &["why", &pid]] {
        assert_eq!(unread(arguments), (Some(0), String::new()));
    }
    // A refusal is reported nevertheless.
    let (code, told) = unread(&["pause", "--all", "--how", "hold"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("hooks"), "{told}");
    let answer = thread::spawn(|| hook.take_answer());
    let (code, told) = unread(&["deny", &pid, "--message", "use ninja"]);
    assert_eq!(code, Some(0), "{told}");
    let answer = answer.join().expect("answered");
    assert!(
        answer.contains("deny") && answer.contains("use ninja"),
        "{answer}"
    );
}

#[test]
fn nobody_has_to_read_what_went_wrong() {
    let home = TestHome::new();
    let mut command = trusty(&home);
    let status = command.args(["why", "nobody"]).stderr(unread()).status();
    assert_eq!(status.expect("runs").code(), Some(1));
}

/// Answers in the place of an engine of another version, for as long as the test runs: lists what
/// is asked for, and carries out no command.
fn older_engine(socket: &Path) {
    private_folder(socket.parent().expect("a folder").to_path_buf());
    let listener = UnixListener::bind(socket).expect("socket");
    answer_as_engine(listener, |request| {
        let status = if request.starts_with(b"GET ") {
            "200 OK"
        } else {
            "409 Conflict"
        };
        format!(
            "HTTP/1.1 {status}\r\nx-trusty-version: 0.0.9\r\nconnection: close\r\n\
             content-length: 2\r\n\r\n{{}}"
        )
    });
}

#[test]
fn beside_another_version_a_command_looks_and_acts_by_itself_and_says_so() {
    let home = TestHome::new();
    older_engine(LocalApi::for_home(&home).socket());
    let session = StandIn::busy(&home);
    let pid = session.pid_argument();
    let done = |arguments: &[&str]| {
        let output = run(&home, arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), printed, told)
    };
    let warned = |told: &str| {
        let older = told.contains("0.0.9, which is older than this program");
        assert!(
            older && told.contains("restart Trusty Bar; scanning directly"),
            "{told}"
        );
    };
    let (code, printed, told) = done(&["list", "--json"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        session
            .status_word(&serde_json::from_str(&printed).expect("JSON"))
            .is_some()
    );
    warned(&told);
    let (code, _, told) = done(&["pause", &pid, "--how", "stop"]);
    assert_eq!(code, Some(0), "{told}");
    warned(&told);
    assert_eq!(session.process().state(), Some('T'));
    let (code, _, told) = done(&["resume", &pid]);
    assert_eq!(code, Some(0), "{told}");
    assert_ne!(session.process().state(), Some('T'));
    // A command that only an engine can carry out is refused.
    let (code, _, told) = done(&["approve", &pid, "--yes"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("0.0.9"), "{told}");
}

#[test]
fn what_was_done_is_listed_at_once() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let pid = session.pid_argument();
    for (arguments, word) in [
        (&["pause", &pid, "--how", "stop"][..], "Paused"),
        (&["resume", &pid], "Working"),
    ]
    .repeat(5)
    {
        let done = run(&served.home, arguments);
        assert!(done.status.success(), "{done:?}");
        let told = served.api.sessions();
        assert_eq!(session.status_word(&told).as_deref(), Some(word), "{told}");
    }
    let done = run(&served.home, ["stop", &pid, "--yes"]);
    assert!(done.status.success(), "{done:?}");
    let told = served.listed(&session);
    assert_eq!(
        (&told["status"], &told["pending"]),
        (&"Stopped".into(), &Value::Null)
    );
}

#[test]
fn a_watch_whose_engine_ends_says_that_it_goes_on_by_itself() {
    let mut served = LocalApiFixture::start();
    let (reader, writer) = std::io::pipe().expect("pipe");
    let (errors, told) = std::io::pipe().expect("pipe");
    let mut command = trusty(&served.home);
    command
        .args(["watch", "--json"])
        .stdout(writer)
        .stderr(told);
    let _watching = RunningProgram::start(&mut command);
    drop(command);
    let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
    lines.next().expect("a snapshot");
    assert!(served.serving.process().signal(Signal::KILL));
    served.serving.wait(WAIT_TIMEOUT);
    let told = BufReader::new(errors).lines().map_while(Result::ok).next();
    let told = told.expect("a warning");
    assert!(told.ends_with("scanning directly"), "{told}");
    lines.next().expect("a snapshot of its own");
}
