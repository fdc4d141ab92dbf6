//! Ending a real session that does not end: it is killed only on a second word.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Output;
use trusty_tests::require_client;
use trusty_tests::trusty::{connect, list, program, run, serve, session_of, surroundings};
use trusty_tests::wait::until;
use trusty_tests::{
    FakeApi, KeyboardKey, ProcessRef, Signal, StandIn, TerminalShape, TestHome, TestTerminal,
    WAIT_TIMEOUT,
};

/// A real session that is stopped, so that it hears no SIGTERM.
struct StopFixture {
    terminal: TestTerminal,
    client: ProcessRef,
    api: FakeApi,
    home: TestHome,
}

fn stage() -> Option<StopFixture> {
    require_client()?;
    let (home, api) = (TestHome::new(), FakeApi::start());
    let folder = home.project("payments");
    let terminal = TestTerminal::open(TerminalShape::PtyDirect, &home, &api, &folder, &[]);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let client = terminal.client();
    terminal.signal(Signal::STOP);
    until(WAIT_TIMEOUT, "the stop", || {
        (client.state() == Some('T')).then_some(())
    });
    Some(StopFixture {
        terminal,
        client,
        api,
        home,
    })
}

impl StopFixture {
    fn stop(&self, more: &[&str]) -> Output {
        let pid = self.client.pid.to_string();
        run(&self.home, [&["stop", &pid], more].concat())
    }

    #[track_caller]
    fn post(&self, body: &str) -> String {
        let all = list(&self.home);
        let session = session_of(&all, self.client.pid).expect("listed");
        let id = session["id"].as_str().expect("an id");
        let socket = self.home.runtime().join("trusty/trusty.sock");
        let mut stream = UnixStream::connect(socket).expect("served");
        let length = body.len();
        write!(
            stream,
            "POST /v1/sessions/{id}/stop HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    #[track_caller]
    fn wait_killed(&self) {
        self.terminal.wait_end(WAIT_TIMEOUT, self.client);
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn a_script_says_both_words() {
    let Some(stage) = stage() else { return };
    assert_eq!(stage.stop(&["--kill"]).status.code(), Some(2));
    assert_eq!(stage.stop(&[]).status.code(), Some(3));
    let stays = stage.stop(&["--yes"]);
    let told = complaint(&stays);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    assert!(stage.client.is_alive());
    let killed = stage.stop(&["--yes", "--kill"]);
    assert!(killed.status.success(), "{}", complaint(&killed));
    stage.wait_killed();
}

#[test]
fn one_that_ignores_the_request_is_killed_only_on_the_second_word() {
    let home = TestHome::new();
    let session = StandIn::start_deaf(&home);
    session.says(r#""status":"idle""#);
    let process = session.process();
    let pid = process.pid.to_string();
    let stays = run(&home, ["stop", &pid, "--yes"]);
    let told = complaint(&stays);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    assert!(process.is_alive() && process.state() != Some('T'));
    let killed = run(&home, ["stop", &pid, "--yes", "--kill"]);
    assert!(killed.status.success(), "{}", complaint(&killed));
    assert!(!process.is_alive());
}

#[test]
fn a_person_is_asked_twice() {
    let Some(stage) = stage() else { return };
    let folder = stage.home.untrusted_project("desk");
    // A shell in a terminal, once the client in it has ended.
    let desk = TestTerminal::open(
        TerminalShape::PtyBash,
        &stage.home,
        &stage.api,
        &folder,
        &[],
    );
    let first = desk.client();
    desk.signal(Signal::TERM);
    desk.wait_end(WAIT_TIMEOUT, first);
    let words = surroundings(&stage.home);
    let words = words
        .iter()
        .map(|(name, value)| format!("{name}='{value}'"));
    let words: Vec<String> = words.collect();
    let stop = format!(
        "clear; {} {} stop {}",
        words.join(" "),
        program("trusty").display(),
        stage.client.pid
    );
    trusty_tests::trusty::confine(&stage.home);
    let ask = |first: &str, second: &str| {
        desk.type_text(&stop);
        desk.press(KeyboardKey::Enter);
        desk.wait_screen(WAIT_TIMEOUT, "Stop payments");
        desk.type_text(first);
        desk.press(KeyboardKey::Enter);
        desk.wait_screen(WAIT_TIMEOUT, "Kill payments");
        assert!(stage.client.is_alive());
        desk.type_text(second);
        desk.press(KeyboardKey::Enter);
    };
    ask("y", "n");
    desk.wait_screen(WAIT_TIMEOUT, "the session was not killed");
    assert!(stage.client.is_alive());
    desk.type_text("clear");
    desk.press(KeyboardKey::Enter);
    until(WAIT_TIMEOUT, "an empty screen", || {
        (!desk.screen().contains("payments")).then_some(())
    });
    ask("y", "y");
    stage.wait_killed();
    desk.wait_screen(WAIT_TIMEOUT, "killed payments");
}

#[test]
fn a_program_says_so_in_the_body() {
    let Some(stage) = stage() else { return };
    let serving = serve(&stage.home);
    for odd in ["{\"kill\": 1}", "{\"force\": true}", "kill"] {
        let answer = stage.post(odd);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let answer = stage.post("");
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains("\"code\":\"does-not-end\""), "{answer}");
    assert!(stage.client.is_alive());
    let answer = stage.post("{\"kill\": true}");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    stage.wait_killed();
    drop(serving);
}

#[test]
fn a_paused_one_that_is_killed_runs_nothing_and_leaves_no_record() {
    if require_client().is_none() {
        return;
    }
    let (home, api) = (TestHome::new(), FakeApi::start());
    connect(&home);
    let folder = home.project("payments");
    let terminal = TestTerminal::open(
        TerminalShape::PtyDirect,
        &home,
        &api,
        &folder,
        &["--permission-mode", "acceptEdits"],
    );
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let client = terminal.client();
    let pid = client.pid.to_string();
    terminal.submit("stream 8s then bash: touch made");
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    let paused = run(&home, ["pause", &pid, "--how", "hold"]);
    assert!(paused.status.success(), "{}", complaint(&paused));
    let kept = |ending: &str| {
        let files = std::fs::read_dir(home.xdg_data().join("trusty/paused"));
        let files = files.into_iter().flatten().flatten().map(|e| e.path());
        let ending = std::ffi::OsStr::new(ending);
        files.filter(|f| f.extension() == Some(ending)).count()
    };
    until(WAIT_TIMEOUT, "its tool to be held", || {
        (kept("gate") > 0).then_some(())
    });
    terminal.signal(Signal::STOP);
    until(WAIT_TIMEOUT, "the stop", || {
        (client.state() == Some('T')).then_some(())
    });
    let killed = run(&home, ["stop", &pid, "--yes", "--kill"]);
    assert!(killed.status.success(), "{}", complaint(&killed));
    terminal.wait_end(WAIT_TIMEOUT, client);
    assert_eq!(kept("json"), 0);
    assert!(!folder.join("made").exists());
}
