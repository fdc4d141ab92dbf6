//! The real Claude Code in real terminals: `trusty watch` shows what it does, in order, and nothing
//! false in between.
#![cfg(target_os = "linux")]

use trusty_tests::trusty::{
    WatchCommand, configure, connect, list, run, serve, session_of, status_word_of,
};
use trusty_tests::wait::until;
use trusty_tests::{
    KeyboardKey, MANUAL_MODE_ARGS, Signal, TerminalShape, TestHome, TestStage, TestTerminal, Value,
    WAIT_TIMEOUT,
};

/// A home for sessions; `None` if the tests are to run without Claude Code.
fn stage() -> Option<TestStage> {
    TestStage::builder().build()
}

/// A session in a folder that Claude Code does not trust yet: it asks first, and is starting until
/// that is answered. (A start without the question takes 0.3 s and may be over before it is seen.)
fn open_asking(stage: &TestStage, shape: TerminalShape, folder: &str) -> TestTerminal {
    let folder = stage.home.untrusted_project(folder);
    let terminal = stage.open_at(shape, &folder, &MANUAL_MODE_ARGS);
    terminal.wait_screen(WAIT_TIMEOUT, "Quick safety check");
    terminal
}

fn has_status(wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |session| status_word_of(session) == wanted
}

/// Answers the trust dialog, in which "No, exit" is selected.
fn trust(terminal: &TestTerminal) {
    let chosen = |screen: &str| {
        screen
            .lines()
            .any(|l| l.contains('❯') && l.contains("Yes, I trust"))
    };
    until(WAIT_TIMEOUT, "the other answer", || {
        terminal.answer(KeyboardKey::Down);
        chosen(&terminal.screen()).then_some(())
    });
    terminal.answer(KeyboardKey::Enter);
}

/// A session from its start to its end, as the user sees it.
fn live(shape: TerminalShape) {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    until(WAIT_TIMEOUT, "the first line", || {
        watch.lines().first().cloned()
    });
    let mut terminal = open_asking(&stage, shape, "work");
    let pid = terminal.client().pid;
    watch.wait(WAIT_TIMEOUT, pid, "Starting", has_status("Starting"));
    trust(&terminal);
    let shown = watch.wait(WAIT_TIMEOUT, pid, "Idle", has_status("Idle"));
    let tmux = shape.is_tmux();
    assert_eq!(shown["origin"], if tmux { "tmux" } else { "native" });
    assert_eq!(shown["control"], if tmux { "Tmux" } else { "Pty" });
    assert_eq!(
        shown["workdir"],
        *stage.home.untrusted_project("work").to_string_lossy()
    );
    assert_eq!(
        shown["claude"]["version"],
        trusty_tests::client::NEWEST_VERSION
    );
    if let Some(name) = terminal.session_name() {
        assert_eq!(shown["tmux_name"], name);
        watch.wait(WAIT_TIMEOUT, pid, "Detached", |s| s["status"] == "Detached");
        terminal.attach();
        watch.wait(WAIT_TIMEOUT, pid, "attached", |s| {
            s["status"] == "Active" && s["attached"] == true
        });
    }

    terminal.submit("stream 3s");
    watch.wait(WAIT_TIMEOUT, pid, "Working", has_status("Working"));
    watch.wait(WAIT_TIMEOUT, pid, "Finished", has_status("Finished"));

    terminal.submit("bash: touch made");
    let asking = watch.wait(WAIT_TIMEOUT, pid, "Permission", has_status("Permission"));
    assert_eq!(asking["status"], "AwaitingApproval");
    assert_eq!(asking["because"]["certainty"], "Certain");
    terminal.approve();
    watch.wait(
        WAIT_TIMEOUT,
        pid,
        "Finished after the answer",
        has_status("Finished"),
    );

    // Before the first words of the reply, Escape would take the prompt back.
    terminal.submit("say begun then stream 30s");
    terminal.wait_screen(WAIT_TIMEOUT, "● begun");
    watch.wait(WAIT_TIMEOUT, pid, "Working", has_status("Working"));
    terminal.press(KeyboardKey::Escape);
    watch.wait(WAIT_TIMEOUT, pid, "Idle after Escape", has_status("Idle"));

    let before = watch.session(pid).expect("shown");
    terminal.submit("/clear");
    let after = watch.wait(WAIT_TIMEOUT, pid, "a new session id", |s| {
        s["claude"]["session_id"] != before["claude"]["session_id"] && status_word_of(s) == "Idle"
    });
    assert_eq!(after["id"], before["id"], "the row stays");

    terminal.submit("/exit");
    watch.wait(WAIT_TIMEOUT, pid, "Stopped", has_status("Stopped"));
    for (_, line) in watch.lines() {
        let Some(session) = session_of(&line, pid) else {
            continue;
        };
        assert_eq!(
            session["origin"], shown["origin"],
            "never told to be elsewhere"
        );
        assert_eq!(session["id"], shown["id"]);
    }
    let words = watch.status_words(pid);
    let expected = [
        "Starting",
        "Idle",
        "Working",
        "Finished",
        "Working",
        "Permission",
        "Working",
        "Finished",
        "Working",
        "Idle",
    ];
    let story = watch.status_history(pid);
    assert_eq!(words[..expected.len()], expected, "{story}");
    let tail = &words[expected.len()..];
    assert!(
        [&["Stopped"][..], &["Working", "Idle", "Stopped"]]
            .iter()
            .any(|t| tail == *t),
        "{words:?}"
    );
}

#[test]
fn a_life_in_a_tmux_pane() {
    live(TerminalShape::TmuxDirect);
}

#[test]
fn a_life_in_bash_in_tmux() {
    live(TerminalShape::TmuxBash);
}

#[test]
fn a_life_in_zsh_in_tmux() {
    live(TerminalShape::TmuxZsh);
}

#[test]
fn a_life_in_a_plain_terminal() {
    live(TerminalShape::PtyDirect);
}

#[test]
fn a_life_in_bash_in_a_plain_terminal() {
    live(TerminalShape::PtyBash);
}

#[test]
fn a_life_in_zsh_in_a_plain_terminal() {
    live(TerminalShape::PtyZsh);
}

#[test]
fn p2_a_killed_session_is_never_shown_live() {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    let terminal = open_asking(&stage, TerminalShape::PtyDirect, "work");
    let client = terminal.client();
    watch.wait(WAIT_TIMEOUT, client.pid, "Starting", has_status("Starting"));
    trust(&terminal);
    watch.wait(WAIT_TIMEOUT, client.pid, "Idle", has_status("Idle"));
    terminal.submit("stream 30s");
    watch.wait(WAIT_TIMEOUT, client.pid, "Working", has_status("Working"));
    terminal.signal(Signal::KILL);
    watch.wait(WAIT_TIMEOUT, client.pid, "Stopped", has_status("Stopped"));
    // Claude Code leaves its registry file behind, which still says busy.
    assert_eq!(
        stage.home.registry(client.pid).expect("left behind")["status"],
        "busy"
    );
    assert_eq!(
        watch.status_words(client.pid),
        ["Starting", "Idle", "Working", "Stopped"]
    );
    assert_eq!(
        list(&stage.home)["sessions"],
        serde_json::json!([]),
        "one look shows only the living"
    );
}

#[test]
fn a_stopped_process_is_paused_and_goes_on() {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    let terminal = stage.open(TerminalShape::PtyDirect, "work", &MANUAL_MODE_ARGS);
    let pid = terminal.client().pid;
    watch.wait(WAIT_TIMEOUT, pid, "Idle", has_status("Idle"));
    terminal.signal(Signal::STOP);
    let paused = watch.wait(WAIT_TIMEOUT, pid, "Paused", has_status("Paused"));
    assert!(paused["paused_at"].is_string());
    assert_eq!(paused["because"]["source"], "Process");
    assert_eq!(
        paused["because"]["text"],
        "another program stopped the process"
    );
    terminal.signal(Signal::CONT);
    watch.wait(WAIT_TIMEOUT, pid, "Idle again", has_status("Idle"));
}

/// Once the shell has seen its child stop, the kernel no longer reports the signal.
#[test]
fn ctrl_z_is_told_apart_from_a_program_s_signal() {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    for shape in [TerminalShape::PtyBash, TerminalShape::TmuxZsh] {
        let terminal = stage.open(shape, "work", &MANUAL_MODE_ARGS);
        let pid = terminal.client().pid;
        watch.wait(WAIT_TIMEOUT, pid, "Idle", has_status("Idle"));
        terminal.wait_screen(WAIT_TIMEOUT, "for shortcuts");
        terminal.press(KeyboardKey::CtrlZ);
        let because = |text: &'static str| move |s: &Value| s["because"]["text"] == text;
        let paused = "the session was suspended with Ctrl-Z";
        let session = watch.wait(WAIT_TIMEOUT, pid, "put aside", because(paused));
        assert_eq!(session["status"], "Paused", "{shape:?}");
        terminal.type_text("fg");
        terminal.press(KeyboardKey::Enter);
        watch.wait(WAIT_TIMEOUT, pid, "Idle again", has_status("Idle"));
        terminal.signal(Signal::STOP);
        let stopped = "another program stopped the process";
        watch.wait(WAIT_TIMEOUT, pid, "stopped", because(stopped));
    }
}

#[test]
fn the_trust_dialog_is_a_start_then_a_need() {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    let folder = stage.home.untrusted_project("stranger");
    let terminal = stage.open_at(TerminalShape::PtyDirect, &folder, &[]);
    let pid = terminal.client().pid;
    terminal.wait_screen(WAIT_TIMEOUT, "Quick safety check");
    let told = watch.wait(WAIT_TIMEOUT, pid, "Trust", has_status("Trust"));
    assert_eq!(told["status"], "AwaitingApproval");
    assert_eq!(told["because"]["certainty"], "Inferred");
    assert_eq!(watch.status_words(pid), ["Starting", "Trust"]);
}

/// Two sub-agents work and one of them asks: only its hook can say which.
#[test]
fn connected_hooks_tell_who_asks() {
    let Some(stage) = stage() else { return };
    connect(&stage.home);
    let agents = |hold: &str| configure(&stage.home, &format!("[answers]\nhold_agents = {hold}\n"));
    agents("\"until-answered\"");
    let serving = serve(&stage.home);
    let watch = WatchCommand::start(&stage.home);
    let terminal = stage.open(TerminalShape::TmuxBash, "work", &MANUAL_MODE_ARGS);
    let pid = terminal.client().pid;
    watch.wait(WAIT_TIMEOUT, pid, "Idle", has_status("Idle"));
    terminal.submit("agents 2 bg bash: touch made");
    let asking = watch.wait(WAIT_TIMEOUT, pid, "who asks", |s| {
        s["need"]["agent"].is_string() && s["need"]["tool"] == "Bash"
    });
    assert_eq!(asking["status"], "AwaitingApproval");
    assert_eq!(asking["need"]["detail"], "touch made");
    let named = terminal.client().pid.to_string();
    let output = run(&stage.home, ["why", &named]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |name: &str| {
        told.lines()
            .find(|l| l.starts_with(name))
            .map(str::to_owned)
    };
    // The terminal does not show the request yet, so the registry does not report it.
    let decided = |l: String| l.contains("requested for Bash") && l.contains("decided");
    assert!(line("hooks").is_some_and(decided), "{told}");
    agents("0");
    for left in [2, 1] {
        watch.wait(WAIT_TIMEOUT, pid, "so many dialogs", |s| {
            let asked = s["requests"].as_array().map_or(&[][..], Vec::as_slice);
            asked.len() == left && asked.iter().all(|r| r["held"] == false)
        });
        terminal.approve();
    }
    watch.wait(WAIT_TIMEOUT, pid, "Finished", has_status("Finished"));
    drop(serving);
}

#[test]
fn p16_sessions_in_one_folder_stay_apart() {
    let Some(stage) = stage() else { return };
    let first = stage.open(TerminalShape::PtyDirect, "work", &MANUAL_MODE_ARGS);
    let second = stage.open(TerminalShape::TmuxDirect, "work", &MANUAL_MODE_ARGS);
    let both = until(WAIT_TIMEOUT, "both to be idle", || {
        let snapshot = list(&stage.home);
        let pids = [first.client().pid, second.client().pid];
        let found: Option<Vec<Value>> = pids.iter().map(|p| session_of(&snapshot, *p)).collect();
        found.filter(|sessions| sessions.iter().all(|s| status_word_of(s) == "Idle"))
    });
    assert_ne!(both[0]["id"], both[1]["id"]);
    assert_eq!(both[0]["workdir"], both[1]["workdir"]);

    // A second process resumes the first one's session: one session id, two rows.
    first.run_turn(WAIT_TIMEOUT, "say one");
    let id = first.registry().expect("registered")["sessionId"].clone();
    let id = id.as_str().expect("text");
    let _third = stage.open_idle(TerminalShape::PtyDirect, "work", &["--resume", id]);
    until(WAIT_TIMEOUT, "both with one session id", || {
        let snapshot = list(&stage.home);
        let sharing = snapshot["sessions"].as_array()?.iter();
        let count = sharing.filter(|s| s["claude"]["session_id"] == id).count();
        (count == 2).then_some(())
    });
}

#[test]
fn a_headless_session_is_no_terminal_s() {
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    until(WAIT_TIMEOUT, "the first line", || {
        watch.lines().first().cloned()
    });
    let folder = stage.home.project("work");
    let mut command = trusty_tests::client::command(&stage.home, &stage.api, &folder);
    command
        .args(["-p", "stream 3s"])
        .stdout(std::process::Stdio::null());
    let mut running = trusty_tests::trusty::RunningProgram::start(&mut command);
    let pid = running.process().pid;
    let working = watch.wait(WAIT_TIMEOUT, pid, "Working", has_status("Working"));
    assert_eq!(
        (&working["control"], &working["origin"]),
        (&"Sdk".into(), &"native".into())
    );
    assert_eq!(working["status"], "Active");
    assert_eq!(running.wait(WAIT_TIMEOUT), Some(0));
    watch.wait(WAIT_TIMEOUT, pid, "Stopped", has_status("Stopped"));
}

/// A background session of Claude Code's daemon has no terminal of the user's, and the daemon's
/// other processes, all called `claude`, are not sessions.
#[test]
fn p15_a_background_session_is_detached_and_its_helpers_are_none() {
    struct HomeCleanup<'a>(&'a TestHome);
    impl Drop for HomeCleanup<'_> {
        fn drop(&mut self) {
            self.0.end_all();
        }
    }
    let Some(stage) = stage() else { return };
    let watch = WatchCommand::start(&stage.home);
    let _ended = HomeCleanup(&stage.home);
    let folder = stage.home.project("work");
    let mut command = trusty_tests::client::command(&stage.home, &stage.api, &folder);
    let output = command.args(["--bg", "stream 5s"]).output().expect("runs");
    assert!(output.status.success(), "{output:?}");
    let registered = until(WAIT_TIMEOUT, "its registry file", || {
        let all = stage.home.registries();
        all.into_iter()
            .find(|r| r["kind"] == "bg" && r["status"] == "busy")
    });
    let pid = u32::try_from(registered["pid"].as_u64().expect("a pid")).expect("a pid");
    let working = watch.wait(WAIT_TIMEOUT, pid, "Working", has_status("Working"));
    assert_eq!(working["status"], "Detached");
    assert_eq!(working["attached"], false);
    watch.wait(WAIT_TIMEOUT, pid, "Finished", has_status("Finished"));
    for (_, line) in watch.lines() {
        let sessions = line["sessions"].as_array().expect("a list");
        assert!(sessions.iter().all(|s| s["pid"] == pid), "{line}");
    }
}

#[test]
fn another_config_folder_is_found_by_itself() {
    let elsewhere = |home: &mut TestHome| *home = TestHome::with_config_dir("work-claude");
    let Some(stage) = TestStage::builder().home(elsewhere).build() else {
        return;
    };
    let terminal = stage.open_idle(TerminalShape::PtyDirect, "work", &MANUAL_MODE_ARGS);
    // The caller's environment does not name that folder.
    let mut command = trusty_tests::trusty::trusty(&stage.home);
    command
        .env_remove("CLAUDE_CONFIG_DIR")
        .args(["list", "--json"]);
    let output = command.output().expect("runs");
    let snapshot: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let session = session_of(&snapshot, terminal.client().pid).expect("found");
    assert_eq!(status_word_of(&session), "Idle", "{session}");
}
