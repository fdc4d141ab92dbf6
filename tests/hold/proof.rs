//! A hold is called a pause only where something shows that it holds.

use super::*;
use std::process::{Command, Output};
use trusty_tests::skip;
use trusty_tests::trusty::{RunningProgram, list, session_of};
use trusty_tests::wait::poll;

/// Longer than a mark that a prompt leaves may be read later than the prompt.
const AFTER_A_PROMPT: Duration = Duration::from_secs(4);

/// A session of a connected home as `trusty list` tells it.
fn listed(session: &HeldSession<'_>) -> serde_json::Value {
    let pid = session.terminal.client().pid;
    session_of(&list(&session.stage.home), pid).expect("listed")
}

fn pause_by_hold(session: &HeldSession<'_>) -> Output {
    let pid = session.terminal.client().pid.to_string();
    run(&session.stage.home, ["pause", &pid, "--how", "hold"])
}

fn words(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn marks(stage: &HoldFixture) -> usize {
    let folder = stage.home.xdg_data().join("trusty/hook-marks");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|e| e.path().extension().is_some_and(|e| e == "mark"))
        .count()
}

#[test]
fn a_free_prompt_is_paused_at_once_where_its_hooks_have_left_a_mark() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
    let serving = serve(&stage.home);
    until(WAIT_TIMEOUT, "the mark of its first hook", || {
        (marks(&stage) == 1).then_some(())
    });
    let told = pause_by_hold(&session);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    assert!(
        words(&told).contains("Paused, held by you"),
        "{}",
        words(&told)
    );
    session.terminal.submit("say later");
    session.gate(|g| g.event == "UserPromptSubmit");
    assert_eq!(listed(&session)["status"], "Paused");
    session.release();
    stage.wait_answered("say later");
    drop(serving);
    // The same without an engine, by the mark alone.
    session.terminal.wait_status(WAIT_TIMEOUT, "idle");
    let told = pause_by_hold(&session);
    assert!(
        words(&told).contains("Paused, held by you"),
        "{}",
        words(&told)
    );
}

/// S-E13: five ways in which the user's hooks do not run.
#[test]
fn a_hold_is_refused_in_words_where_the_users_hooks_do_not_run() {
    for (arguments, settings, wanted) in [
        (
            &["--setting-sources", "project,local"][..],
            None,
            "--setting-sources without \"user\"",
        ),
        (&["--bare"], None, "started with --bare"),
        (&["--safe-mode"], None, "started with --safe-mode"),
        (&[], Some("settings.json"), "disableAllHooks is set in"),
        (
            &[],
            Some("settings.local.json"),
            "disableAllHooks is set in",
        ),
    ] {
        let Some(stage) = HoldFixture::new() else {
            return;
        };
        if let Some(name) = settings {
            let folder = stage.home.project("work").join(".claude");
            fs::create_dir_all(&folder).expect("folder");
            fs::write(folder.join(name), "{\"disableAllHooks\": true}").expect("written");
        }
        let session = stage.open_with(TerminalShape::PtyDirect, arguments);
        let told = pause_by_hold(&session);
        assert_eq!(told.status.code(), Some(3), "{wanted}: {}", words(&told));
        assert!(words(&told).contains(wanted), "{}", words(&told));
        assert!(session.store.read(session.id()).expect("read").is_none());
        // It is as was said: the hooks do not run.
        session.terminal.submit("say hello");
        stage.wait_answered("say hello");
        session.terminal.wait_status(WAIT_TIMEOUT, "idle");
        assert_eq!(marks(&stage), 0, "{wanted}");
    }
}

#[test]
fn a_folder_that_turns_hooks_off_later_refuses_a_hold_too() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
    let serving = serve(&stage.home);
    until(WAIT_TIMEOUT, "the mark of its first hook", || {
        (marks(&stage) == 1).then_some(())
    });
    let folder = session.folder.join(".claude");
    fs::create_dir_all(&folder).expect("folder");
    fs::write(folder.join("settings.json"), "{\"disableAllHooks\": true}").expect("written");
    let told = pause_by_hold(&session);
    assert_eq!(told.status.code(), Some(3), "{}", words(&told));
    assert!(
        words(&told).contains("disableAllHooks is set in"),
        "{}",
        words(&told)
    );
    drop(serving);
}

/// S-E13, where nothing tells beforehand: said truly, and given up once it works on.
#[test]
fn a_session_that_works_on_past_a_hold_is_told_not_to_be_held() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let off = stage.home.path().join("off.json");
    fs::write(&off, "{\"disableAllHooks\": true}").expect("written");
    let off = off.to_str().expect("text").to_owned();
    let session = stage.open_with(TerminalShape::PtyDirect, &["--settings", &off]);
    let serving = serve(&stage.home);
    let told = pause_by_hold(&session);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    assert!(
        words(&told).contains("waiting for the next hook"),
        "{}",
        words(&told)
    );
    assert!(!words(&told).contains("Paused"), "{}", words(&told));
    assert_ne!(listed(&session)["status"], "Paused");
    let failure = until(WAIT_TIMEOUT, "that it was not held", || {
        session.terminal.run_turn(WAIT_TIMEOUT, "say past it");
        let failure = listed(&session)["pending"]["failure"].clone();
        failure.as_str().map(str::to_owned)
    });
    assert!(
        failure.starts_with("Claude Code's hooks did not hold this session"),
        "{failure}"
    );
    assert!(session.store.read(session.id()).expect("read").is_none());
    // Unheard at a prompt since: refused from now on.
    until(WAIT_TIMEOUT * 3, "a refusal", || {
        session.terminal.run_turn(WAIT_TIMEOUT, "say once more");
        poll(AFTER_A_PROMPT, || {
            let told = pause_by_hold(&session);
            session.release();
            words(&told)
                .contains("no hook of this session ran")
                .then_some(())
        })
    });
    drop(serving);
}

/// R10: killed by the OOM killer or by `pkill trusty`, a gate is there again.
#[test]
fn a_killed_gate_is_run_again() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
    session.hold();
    session.terminal.submit("say later");
    let mut seen = Vec::new();
    for signal in [Signal::KILL, Signal::TERM] {
        let gate = session.gate(|g| g.event == "UserPromptSubmit" && !seen.contains(&g.process));
        let process = ProcessRef::of(gate.process.pid).expect("it waits");
        assert!(process.signal(signal));
        seen.push(gate.process);
    }
    session.gate(|g| !seen.contains(&g.process));
    assert!(!asked_for(&stage, "say later"));
    session.release();
    stage.wait_answered("say later");
    // Escape ends it all the same.
    session.terminal.wait_status(WAIT_TIMEOUT, "idle");
    session.hold();
    session.terminal.submit("say never");
    let gate = session.gate(|g| g.event == "UserPromptSubmit");
    session.terminal.press(KeyboardKey::Escape);
    until(WAIT_TIMEOUT, "the end of the hook", || {
        let left = session.store.gates(session.id()).expect("listed");
        (!is_alive(&gate) && !left.iter().any(is_alive)).then_some(())
    });
    session.release();
    assert!(!asked_for(&stage, "say never"));
}

/// R10: killed for good, it is not said to hold.
#[test]
fn a_gate_that_is_killed_for_good_is_told_not_to_hold() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
    let serving = serve(&stage.home);
    until(WAIT_TIMEOUT, "the mark of its first hook", || {
        (marks(&stage) == 1).then_some(())
    });
    let told = pause_by_hold(&session);
    assert!(
        words(&told).contains("Paused, held by you"),
        "{}",
        words(&told)
    );
    session.terminal.submit("say past it");
    let mut seen = Vec::new();
    for _ in 0..6 {
        let gate = session.gate(|g| !seen.contains(&g.process));
        let process = ProcessRef::of(gate.process.pid).expect("it waits");
        assert!(process.signal(Signal::KILL));
        seen.push(gate.process);
    }
    stage.wait_answered("say past it");
    let failure = until(WAIT_TIMEOUT, "that it was not held", || {
        let failure = listed(&session)["pending"]["failure"].clone();
        failure.as_str().map(str::to_owned)
    });
    assert!(failure.contains("did not hold this session"), "{failure}");
    assert_ne!(listed(&session)["status"], "Paused");
    assert!(session.store.read(session.id()).expect("read").is_none());
    drop(serving);
}

/// S-2: the hooks of a session in a pid namespace of its own look for another process's record.
#[test]
fn a_hold_is_refused_in_another_pid_namespace() {
    let home = TestHome::new();
    connect(&home);
    let exe = home.path().join("lib/claude-code/claude");
    fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
    fs::copy("/bin/sleep", &exe).expect("copied");
    let mut command = Command::new("unshare");
    command
        .args([
            "--user",
            "--map-root-user",
            "--pid",
            "--fork",
            "--kill-child",
        ])
        .arg(&exe)
        .arg("600")
        .env("HOME", home.path());
    let contained = RunningProgram::start(&mut command);
    let found = poll(Duration::from_secs(10), || {
        contained.process().find_exe(&exe)
    });
    let Some(client) = found else {
        skip("this user may not make a pid namespace");
        return;
    };
    let sessions = home.config_dir().join("sessions");
    fs::create_dir_all(&sessions).expect("folder");
    let entry = serde_json::json!({
        "sessionId": "s", "procStart": client.start_ticks.to_string(), "version": "2.1.330",
        "kind": "interactive", "status": "idle",
    });
    fs::write(
        sessions.join(format!("{}.json", client.pid)),
        entry.to_string(),
    )
    .expect("written");
    let told = run(&home, ["pause", &client.pid.to_string(), "--how", "hold"]);
    assert_eq!(told.status.code(), Some(3), "{}", words(&told));
    assert!(
        words(&told).contains("in another pid namespace"),
        "{}",
        words(&told)
    );
    assert!(client.signal(Signal::KILL));
}
