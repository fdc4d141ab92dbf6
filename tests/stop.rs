//! Ending a real session that does not exit: it is killed only on a second command.
#![cfg(target_os = "linux")]

use std::ops::Deref;
use std::process::Output;
use trusty_tests::socket_client::HttpResponse;
use trusty_tests::trusty::{environment_variables, program, run, serve};
use trusty_tests::wait::until;
use trusty_tests::{
    ClientStage, KeyboardKey, LocalApi, Signal, StandIn, TerminalShape, TestHome, TestStage,
    WAIT_TIMEOUT, stderr_text,
};

/// A real session that is stopped, so that SIGTERM does not reach it.
struct StopFixture(ClientStage);

impl Deref for StopFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.0
    }
}

fn stage() -> Option<StopFixture> {
    let stage = TestStage::builder().open(TerminalShape::PtyDirect, "payments", &[])?;
    stage.client.stop();
    Some(StopFixture(stage))
}

impl StopFixture {
    fn stop(&self, more: &[&str]) -> Output {
        self.run(&[&["stop", &self.pid()], more].concat())
    }

    #[track_caller]
    fn post(&self, body: &str) -> HttpResponse {
        let local = LocalApi::for_home(&self.home);
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
    let told = stderr_text(&stays);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    assert!(stage.client.is_alive());
    let killed = stage.stop(&["--yes", "--kill"]);
    assert!(killed.status.success(), "{}", stderr_text(&killed));
    stage.wait_killed();
}

#[test]
fn one_that_ignores_the_request_is_killed_only_on_the_second_word() {
    let home = TestHome::new();
    let session = StandIn::builder(&home)
        .launcher(&["sh", "-c", "trap '' TERM; exec \"$0\" \"$@\""])
        .start();
    session.write_status(r#""status":"idle""#);
    let process = session.process();
    let pid = session.pid_argument();
    let stays = run(&home, ["stop", &pid, "--yes"]);
    let told = stderr_text(&stays);
    assert_eq!(stays.status.code(), Some(1), "{told}");
    assert!(
        told.contains("pass --yes --kill to kill the session"),
        "{told}"
    );
    assert!(process.is_alive() && process.state() != Some('T'));
    let killed = run(&home, ["stop", &pid, "--yes", "--kill"]);
    assert!(killed.status.success(), "{}", stderr_text(&killed));
    assert!(!process.is_alive());
}

#[test]
fn a_person_is_asked_twice() {
    let Some(stage) = stage() else { return };
    let folder = stage.home.untrusted_project("desk");
    // A shell in a terminal, once the Claude Code in it has exited.
    let desk = stage.open_at(TerminalShape::PtyBash, &folder, &[]);
    let first = desk.client();
    desk.signal(Signal::TERM);
    desk.wait_end(WAIT_TIMEOUT, first);
    let words = environment_variables(&stage.home);
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
    let builder = TestStage::builder().hooks();
    let mode = ["--permission-mode", "acceptEdits"];
    let Some(stage) = builder.open(TerminalShape::PtyDirect, "payments", &mode) else {
        return;
    };
    let (terminal, pid) = (&stage.terminal, stage.pid());
    terminal.submit("stream 8s then bash: touch made");
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    let paused = stage.run(&["pause", &pid, "--how", "hold"]);
    assert!(paused.status.success(), "{}", stderr_text(&paused));
    until(WAIT_TIMEOUT, "its tool to be held", || {
        (stage.count_pause_files("gate") > 0).then_some(())
    });
    stage.client.stop();
    let killed = stage.run(&["stop", &pid, "--yes", "--kill"]);
    assert!(killed.status.success(), "{}", stderr_text(&killed));
    terminal.wait_end(WAIT_TIMEOUT, stage.client);
    assert_eq!(stage.count_pause_files("json"), 0);
    assert!(!stage.made("made"));
}
