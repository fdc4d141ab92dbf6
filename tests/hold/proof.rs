//! A hold is shown as a pause only where there is proof that it holds.

use super::*;
use std::process::Output;
use trusty_tests::wait::poll;
use trusty_tests::{StandIn, skip};

/// Longer than the mark of a prompt's hook may be read after the prompt.
const AFTER_A_PROMPT: Duration = Duration::from_secs(4);

/// The session as `trusty list` shows it.
fn listed(session: &HeldSession) -> serde_json::Value {
    session.stage.listed(session.client.pid).expect("listed")
}

fn pause_by_hold(session: &HeldSession) -> Output {
    session.run(&["pause", &session.pid(), "--how", "hold"])
}

fn marks(session: &HeldSession) -> usize {
    let folder = session.home.xdg_data().join("trusty/hook-marks");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|e| e.path().extension().is_some_and(|e| e == "mark"))
        .count()
}

#[track_caller]
fn wait_first_mark(session: &HeldSession) {
    until(WAIT_TIMEOUT, "the mark of the first hook", || {
        (marks(session) == 1).then_some(())
    });
}

/// Holds a session and verifies that it is shown as paused at once.
#[track_caller]
fn is_held_at_once(session: &HeldSession) {
    let told = pause_by_hold(session);
    let printed = printed_text(&told);
    assert_eq!(told.status.code(), Some(0), "{printed}");
    assert!(printed.contains("Paused, held by you"), "{printed}");
}

#[test]
fn a_free_prompt_is_paused_at_once_where_its_hooks_have_left_a_mark() {
    let Some(session) = plain() else { return };
    let serving = serve(&session.home);
    wait_first_mark(&session);
    is_held_at_once(&session);
    session.terminal.submit("say later");
    session.gate(|g| g.event == "UserPromptSubmit");
    assert_eq!(listed(&session)["status"], "Paused");
    session.release();
    session.wait_answered("say later");
    drop(serving);
    // The same without an engine, by the mark alone.
    session.terminal.wait_status(WAIT_TIMEOUT, "idle");
    is_held_at_once(&session);
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
        let off = |home: &mut TestHome| {
            let Some(name) = settings else { return };
            let folder = home.project("work").join(".claude");
            fs::create_dir_all(&folder).expect("folder");
            fs::write(folder.join(name), "{\"disableAllHooks\": true}").expect("written");
        };
        let builder = TestStage::builder().home(off).hooks();
        let arguments = [&MANUAL_MODE_ARGS, arguments].concat();
        let Some(stage) = builder.open(TerminalShape::PtyDirect, "work", &arguments) else {
            return;
        };
        let session = HeldSession::of(stage);
        let told = pause_by_hold(&session);
        assert_eq!(
            told.status.code(),
            Some(3),
            "{wanted}: {}",
            printed_text(&told)
        );
        assert!(
            printed_text(&told).contains(wanted),
            "{}",
            printed_text(&told)
        );
        assert!(session.store.read(session.id()).expect("read").is_none());
        // The refusal was right: the hooks do not run.
        session.ask_model("say hello");
        session.terminal.wait_status(WAIT_TIMEOUT, "idle");
        assert_eq!(marks(&session), 0, "{wanted}");
    }
}

#[test]
fn a_folder_that_turns_hooks_off_later_refuses_a_hold_too() {
    let Some(session) = plain() else { return };
    let serving = serve(&session.home);
    wait_first_mark(&session);
    let folder = session.folder.join(".claude");
    fs::create_dir_all(&folder).expect("folder");
    fs::write(folder.join("settings.json"), "{\"disableAllHooks\": true}").expect("written");
    let told = pause_by_hold(&session);
    assert_eq!(told.status.code(), Some(3), "{}", printed_text(&told));
    assert!(
        printed_text(&told).contains("disableAllHooks is set in"),
        "{}",
        printed_text(&told)
    );
    drop(serving);
}

/// S-E13, where nothing shows beforehand that the hooks do not run: the pause is shown as pending,
/// and given up once the session works on.
#[test]
fn a_session_that_works_on_past_a_hold_is_told_not_to_be_held() {
    let Some(stage) = TestStage::builder().hooks().build() else {
        return;
    };
    let off = stage.home.path().join("off.json");
    fs::write(&off, "{\"disableAllHooks\": true}").expect("written");
    let off = off.to_str().expect("text").to_owned();
    let arguments = [&MANUAL_MODE_ARGS[..], &["--settings", &off]].concat();
    let session = HeldSession::of(stage.into_session(TerminalShape::PtyDirect, "work", &arguments));
    let serving = serve(&session.home);
    let told = pause_by_hold(&session);
    assert_eq!(told.status.code(), Some(0), "{}", printed_text(&told));
    assert!(
        printed_text(&told).contains("waiting for the next hook"),
        "{}",
        printed_text(&told)
    );
    assert!(
        !printed_text(&told).contains("Paused"),
        "{}",
        printed_text(&told)
    );
    assert_ne!(listed(&session)["status"], "Paused");
    let failure = until(WAIT_TIMEOUT, "that it was not held", || {
        session.terminal.run_turn(WAIT_TIMEOUT, "say past it");
        // The end of the turn proves it, and is written some tenths of a second later. A next
        // prompt sent at once would hide the end.
        poll(AFTER_A_PROMPT, || {
            let failure = listed(&session)["pending"]["failure"].clone();
            failure.as_str().map(str::to_owned)
        })
    });
    assert!(
        failure.starts_with("Claude Code's hooks did not hold this session"),
        "{failure}"
    );
    assert!(session.store.read(session.id()).expect("read").is_none());
    // No hook ran at a prompt since, so a hold is refused from now on.
    until(WAIT_TIMEOUT * 3, "a refusal", || {
        session.terminal.run_turn(WAIT_TIMEOUT, "say once more");
        poll(AFTER_A_PROMPT, || {
            let told = pause_by_hold(&session);
            session.release();
            printed_text(&told)
                .contains("no hook of this session ran")
                .then_some(())
        })
    });
    drop(serving);
}

/// R10: a gate killed by the OOM killer or by `pkill trusty` runs again.
#[test]
fn a_killed_gate_is_run_again() {
    let Some(session) = plain() else { return };
    session.hold();
    session.terminal.submit("say later");
    let mut seen = Vec::new();
    for signal in [Signal::KILL, Signal::TERM] {
        let gate = session.gate(|g| g.event == "UserPromptSubmit" && !seen.contains(&g.process));
        let process = ProcessRef::of_pid(gate.process.pid).expect("the gate waits");
        assert!(process.signal(signal));
        seen.push(gate.process);
    }
    session.gate(|g| !seen.contains(&g.process));
    assert!(!session.was_asked("say later"));
    session.release();
    session.wait_answered("say later");
    // Escape ends the gate nevertheless.
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
    assert!(!session.was_asked("say never"));
}

/// R10: a gate that is killed each time it runs again is not reported as holding.
#[test]
fn a_gate_that_is_killed_for_good_is_told_not_to_hold() {
    let Some(session) = plain() else { return };
    let serving = serve(&session.home);
    wait_first_mark(&session);
    is_held_at_once(&session);
    session.terminal.submit("say past it");
    let mut seen = Vec::new();
    for _ in 0..6 {
        let gate = session.gate(|g| !seen.contains(&g.process));
        let process = ProcessRef::of_pid(gate.process.pid).expect("the gate waits");
        assert!(process.signal(Signal::KILL));
        seen.push(gate.process);
    }
    session.wait_answered("say past it");
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
    let launcher = [
        "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let Some(session) = StandIn::builder(&home).launcher(&launcher).try_start() else {
        skip("this user may not make a pid namespace");
        return;
    };
    session.write_status(r#""status":"idle""#);
    let client = session.process();
    let told = run(&home, ["pause", &client.pid.to_string(), "--how", "hold"]);
    assert_eq!(told.status.code(), Some(3), "{}", printed_text(&told));
    assert!(
        printed_text(&told).contains("in another pid namespace"),
        "{}",
        printed_text(&told)
    );
}
