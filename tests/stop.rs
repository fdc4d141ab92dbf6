//! Ending a real session that does not end: it is killed only on a second word.
#![cfg(target_os = "linux")]

use std::process::Output;
use std::time::Duration;
use trusty_tests::require_client;
use trusty_tests::socket_client::HttpResponse;
use trusty_tests::trusty::{complaint, connect, program, run, serve, surroundings};
use trusty_tests::wait::until;
use trusty_tests::{
    FakeApi, KeyboardKey, LocalApi, ProcessRef, Signal, StandIn, TerminalShape, TestHome,
    TestTerminal,
};

const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

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
    client.stop();
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
    fn post(&self, body: &str) -> HttpResponse {
        let local = LocalApi::of(&self.home);
        let session = local.session(self.client.pid).expect("listed");
        let id = session["id"].as_str().expect("an id");
        local.post(&format!("/v1/sessions/{id}/stop"), body)
    }

    #[track_caller]
    fn wait_killed(&self) {
        self.terminal.wait_end(WAIT_TIMEOUT, self.client);
    }
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
    let session = StandIn::builder(&home)
        .launcher(&["sh", "-c", "trap '' TERM; exec \"$0\" \"$@\""])
        .start();
    session.says(r#""status":"idle""#);
    let process = session.process();
    let pid = session.pid_argument();
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
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let answer = stage.post("");
    assert_eq!(answer.status, 500, "{answer:?}");
    assert_eq!(answer.code(), "does-not-end");
    assert!(stage.client.is_alive());
    let answer = stage.post("{\"kill\": true}");
    assert_eq!(answer.status, 204, "{answer:?}");
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
    client.stop();
    let killed = run(&home, ["stop", &pid, "--yes", "--kill"]);
    assert!(killed.status.success(), "{}", complaint(&killed));
    terminal.wait_end(WAIT_TIMEOUT, client);
    assert_eq!(kept("json"), 0);
    assert!(!folder.join("made").exists());
}
