//! The command line beside an engine: what nobody reads, another version, an engine that ends.

use crate::{LocalApiFixture, WAIT_TIMEOUT, socket_of, wait_word};
use std::io::{BufRead, BufReader, PipeWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use trusty_tests::trusty::{RunningProgram, run, session_of, trusty};
use trusty_tests::wait::until;
use trusty_tests::{Signal, StandIn, TestHome, Value, http};

/// A hook that asks for leave and waits.
pub(crate) struct AskingHook(BufReader<UnixStream>);

impl AskingHook {
    /// Asks for leave to run a command, in a session that waits, until it is held; the hash of it.
    pub(crate) fn asks(
        served: &LocalApiFixture,
        session: &StandIn,
        command: &str,
    ) -> (Self, String) {
        session.write_status(r#""status":"waiting","waitingFor":"permission prompt""#);
        wait_word(served, session, "Permission");
        let pid = session.process().pid;
        let payload = serde_json::json!({
            "hook_event_name": "PermissionRequest", "session_id": "s", "tool_name": "Bash",
            "tool_input": {"command": command},
        })
        .to_string();
        let mut stream = session.hook_connection();
        stream.set_read_timeout(Some(WAIT_TIMEOUT)).expect("set");
        let length = payload.len();
        write!(stream, "trusty-hook 1 {pid} {length} ask\n{payload}").expect("asked");
        let hash = until(WAIT_TIMEOUT, "a request that is held", || {
            let told = session_of(&http::get(&served.socket, "/v1/sessions"), pid)?;
            let request = told["requests"].as_array()?.first()?.clone();
            let hash = request["id"].as_str()?.to_owned();
            (request["held"] == true).then_some(hash)
        });
        (Self(BufReader::new(stream)), hash)
    }

    /// Waits for the answer, and says that it was handed on.
    pub(crate) fn answer(mut self) -> String {
        let mut line = String::new();
        let length = loop {
            line.clear();
            assert!(self.0.read_line(&mut line).expect("a line") > 0, "let go");
            if let Some(length) = line.strip_prefix("answer ") {
                break length.trim_end().parse().expect("a length");
            }
        };
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).expect("an answer");
        self.0.get_mut().write_all(b"done\n").expect("said");
        String::from_utf8(answer).expect("text")
    }
}

/// Where nobody reads.
fn unread() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    writer
}

/// Runs `trusty` though nobody reads what it prints; its exit code, and what it complains of.
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
    let (hook, hash) = AskingHook::asks(&served, &session, "make");
    let pid = session.process().pid.to_string();
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
    // What cannot be done is told all the same.
    let (code, told) = unread(&["pause", "--all", "--how", "hold"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("hooks"), "{told}");
    let answer = thread::spawn(|| hook.answer());
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

/// Answers as an engine of another version does, for as long as the test runs: it has what is
/// asked for, and does nothing.
fn older_engine(socket: &Path) {
    let folder = socket.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("folder");
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder, private).expect("private");
    let listener = UnixListener::bind(socket).expect("socket");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap_or(0);
            let status = if asked[..count].starts_with(b"GET ") {
                "200 OK"
            } else {
                "409 Conflict"
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nx-trusty-version: 0.0.9\r\nconnection: close\r\n\
                 content-length: 2\r\n\r\n{{}}"
            );
            // Whoever has seen the version may have gone.
            let _ = stream.write_all(head.as_bytes());
        }
    });
}

#[test]
fn beside_another_version_a_command_looks_and_acts_by_itself_and_says_so() {
    let home = TestHome::new();
    older_engine(&socket_of(&home));
    let session = StandIn::start(&home);
    session.write_status(r#""status":"busy""#);
    let pid = session.process().pid.to_string();
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
    // What only an engine has is refused.
    let (code, _, told) = done(&["approve", &pid, "--yes"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("0.0.9"), "{told}");
}

#[test]
fn what_was_done_is_listed_at_once() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let pid = session.process().pid.to_string();
    for (arguments, word) in [
        (&["pause", &pid, "--how", "stop"][..], "Paused"),
        (&["resume", &pid], "Working"),
    ]
    .repeat(5)
    {
        let done = run(&served.home, arguments);
        assert!(done.status.success(), "{done:?}");
        let told = http::get(&served.socket, "/v1/sessions");
        assert_eq!(session.status_word(&told).as_deref(), Some(word), "{told}");
    }
    let done = run(&served.home, ["stop", &pid, "--yes"]);
    assert!(done.status.success(), "{done:?}");
    let told = session_of(
        &http::get(&served.socket, "/v1/sessions"),
        session.process().pid,
    );
    let told = told.expect("it is still listed");
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
