//! Connected real sessions, held by a record on disk, and never obstructed otherwise.
#![cfg(target_os = "linux")]

#[path = "hold/proof.rs"]
mod proof;

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Output;
use std::time::{Duration, SystemTime};
use trusty_fleet::SessionId;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::pause::{Gate, Initiator, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::sys;
use trusty_records::store::PauseStore;
use trusty_tests::trusty::{connect, private_folder, run, serve};
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEventKind, ClientStage, KeyboardKey, MANUAL_MODE_ARGS, ProcessRef, Signal, TerminalShape,
    TestHome, TestStage, TestedClient, WAIT_TIMEOUT, printed_text, stderr_text,
};

/// A connected session in manual mode; `None` if the tests are to run without Claude Code.
fn open(shape: TerminalShape) -> Option<HeldSession> {
    let builder = TestStage::builder().hooks();
    let stage = builder.open(shape, "work", &MANUAL_MODE_ARGS)?;
    Some(HeldSession::of(stage))
}

/// A session in a plain terminal.
fn plain() -> Option<HeldSession> {
    open(TerminalShape::PtyDirect)
}

/// A session, and its pause on disk.
struct HeldSession {
    stage: ClientStage,
    store: PauseStore,
    record: PauseRecord,
}

impl Deref for HeldSession {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

impl HeldSession {
    fn of(stage: ClientStage) -> Self {
        let key = ProcessKey {
            pid: stage.client.pid,
            start: StartTime(stage.client.start_ticks),
        };
        let machine = sys::machine().expect("the machine");
        Self {
            store: PauseStore::from_env(&stage.home.environment()),
            record: PauseRecord {
                version: 1,
                session: machine.session_id(key),
                boot: machine.boot.clone(),
                domain: None,
                client: key,
                phase: PausePhase::Paused,
                since: SystemTime::now(),
                by: Initiator::Command,
                summary: "a test".into(),
                at_work: trusty_fleet::pause::InterruptedWork::Nothing,
                tty: None,
                means: PauseMethod::Hold,
            },
            stage,
        }
    }

    fn id(&self) -> SessionId {
        self.record.session
    }

    fn hold(&self) {
        self.store.write(&self.record).expect("written");
    }

    fn release(&self) {
        self.store.remove(self.id()).expect("removed");
    }

    /// Waits for a waiting hook that matches.
    #[track_caller]
    fn gate(&self, wanted: impl Fn(&Gate) -> bool) -> Gate {
        let mark = || {
            let gates = self.store.gates(self.id()).expect("listed").into_iter();
            gates.filter(is_alive).find(&wanted)
        };
        until(WAIT_TIMEOUT, "a gate that holds", mark)
    }

    /// Asks for a file to be made, and waits until the reply streams.
    fn begin(&self, name: &str) {
        let prompt = format!("stream 2s then bash: touch {name}");
        self.terminal.submit(&prompt);
        self.wait_begun(&prompt);
    }
}

fn is_alive(gate: &Gate) -> bool {
    let process = gate.process;
    ProcessRef::of_pid(process.pid)
        .is_some_and(|p| p.start_ticks == process.start.0 && p.is_alive())
}

fn is_tool(gate: &Gate) -> bool {
    gate.event == "PreToolUse" && gate.tool.as_deref() == Some("Bash")
}

/// A tool and then a prompt are held and released; Escape works meanwhile; at the end a hold is
/// refused.
fn check_hold(shape: TerminalShape) {
    let Some(session) = open(shape) else { return };
    let terminal = &session.terminal;

    // The engine ends meanwhile: only the record counts.
    let serving = serve(&session.home);
    session.begin("first");
    session.hold();
    let gate = session.gate(is_tool);
    assert_eq!(gate.agent, None);
    terminal.wait_screen(WAIT_TIMEOUT, "running PreToolUse hook");
    drop(serving);
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    assert!(is_alive(&gate) && !terminal.screen().contains("Do you want to proceed?"));
    session.release();
    session.approve_making("first");
    assert!(!is_alive(&gate));

    session.hold();
    terminal.submit("say later");
    let gate = session.gate(|g| g.event == "UserPromptSubmit");
    assert!(!session.was_asked("say later"));
    session.release();
    session.wait_answered("say later");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert!(!is_alive(&gate));

    session.begin("second");
    session.hold();
    let gate = session.gate(is_tool);
    terminal.wait_screen(WAIT_TIMEOUT, "running PreToolUse hook");
    terminal.press(KeyboardKey::Escape);
    terminal.wait_screen(WAIT_TIMEOUT, "Interrupted");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    until(WAIT_TIMEOUT, "the end of the hook", || {
        (!is_alive(&gate)).then_some(())
    });
    session.release();
    assert!(!session.made("second"));

    // Ending a session runs nothing that was held.
    session.begin("third");
    session.hold();
    let gate = session.gate(is_tool);
    let ending = PauseRecord {
        phase: PausePhase::Ending,
        ..session.record.clone()
    };
    session.store.write(&ending).expect("written");
    until(WAIT_TIMEOUT, "the refusal", || {
        (!is_alive(&gate)).then_some(())
    });
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.submit("say refused");
    terminal.wait_screen(WAIT_TIMEOUT, "Trusty Bar is stopping this session");
    session.release();
    assert!(!session.made("third") && !session.was_asked("say refused"));
    terminal.submit("say goes on");
    session.wait_answered("say goes on");
}

#[test]
fn a_session_in_tmux_is_held_and_let_go() {
    check_hold(TerminalShape::TmuxBash);
}

#[test]
fn a_session_in_a_plain_terminal_is_held_and_let_go() {
    check_hold(TerminalShape::PtyDirect);
}

#[test]
fn a_sub_agent_is_held_at_its_own_tool() {
    let Some(session) = open(TerminalShape::TmuxBash) else {
        return;
    };
    session
        .terminal
        .submit("agents 1 bg stream 3s then bash: touch made");
    session.api.wait(WAIT_TIMEOUT, |events| {
        let agent = |e: &&trusty_tests::ApiEvent| {
            e.prompt.starts_with("agent 1:") && e.kind == ApiEventKind::FirstDelta
        };
        events.iter().find(agent).cloned()
    });
    session.hold();
    let gate = session.gate(|g| is_tool(g) && g.agent.is_some());
    assert!(!session.made("made"));
    session.release();
    session.approve_making("made");
    assert!(!is_alive(&gate));
}

#[test]
fn a_gate_ends_with_its_client() {
    let Some(session) = plain() else { return };
    session.begin("made");
    session.hold();
    let gate = session.gate(is_tool);
    assert!(session.terminal.client().signal(Signal::KILL));
    until(WAIT_TIMEOUT, "the end of the gate", || {
        (!is_alive(&gate)).then_some(())
    });
    assert!(!session.made("made"));
    session.release();
}

/// Whatever is wrong with the hook program, Claude Code's tools run, and the conversation shows no
/// message of the hook.
#[test]
fn p8_the_hook_never_blocks_or_forbids_wrongly() {
    let Some(session) = plain() else { return };
    let terminal = &session.terminal;
    let program = trusty_integration::program(&session.home.environment());
    let aside = program.with_file_name("aside");
    let mut turns = 0;
    let mut turn = |case: &str| {
        let said = format!("turn-{turns}");
        terminal.run_turn(WAIT_TIMEOUT, &format!("bash: echo {said}-$((1+1))"));
        turns += 1;
        until(WAIT_TIMEOUT, &format!("{case}: the tool ran"), || {
            let text = session.transcripts();
            text.contains(&format!("{said}-2")).then_some(())
        });
    };

    turn("no engine");

    let folder = private_folder(session.home.runtime().join("trusty"));
    let silent = UnixListener::bind(folder.join("hooks.sock")).expect("socket");
    turn("an engine that hangs");
    drop(silent);
    turn("an engine that was killed");

    session.hold();
    let path = session.store.path(session.id());
    for garbage in ["", "{", "{\"version\": 1}", "\u{0}\u{0}"] {
        fs::write(&path, garbage).expect("written");
        turn("a record of garbage");
    }
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("folder");
    turn("a folder in place of the record");
    fs::remove_dir(&path).expect("removed");
    let other = PauseRecord {
        means: PauseMethod::Stop {
            shells: Vec::new(),
            group: Vec::new(),
            tools: Vec::new(),
        },
        ..session.record.clone()
    };
    session.store.write(&other).expect("written");
    turn("a pause of another kind");
    session.release();

    let mode = |mode| fs::set_permissions(&program, fs::Permissions::from_mode(mode));
    mode(0o644).expect("chmod");
    turn("a program that may not run");
    mode(0o755).expect("chmod");
    fs::rename(&program, &aside).expect("moved");
    turn("a program that was moved");
    fs::create_dir(&program).expect("folder");
    turn("a folder in place of the program");
    fs::remove_dir(&program).expect("removed");
    fs::write(&program, "#!/nowhere/at/all\n").expect("written");
    mode(0o755).expect("chmod");
    turn("a program that cannot be started");
    fs::write(&program, "#!/bin/sh\nkill -SEGV $$\n").expect("written");
    turn("a program that crashes");
    fs::write(&program, &fs::read(&aside).expect("read")[..5000]).expect("written");
    turn("half a program");
    fs::remove_file(&program).expect("removed");
    turn("a program that was deleted");

    // Claude Code writes this record after each turn with hooks, so their entries are in force. The
    // record follows the end of the turn by a moment.
    let summary = "\"stop_hook_summary\"";
    let text = until(WAIT_TIMEOUT, "a summary of each turn", || {
        let text = session.transcripts();
        (text.matches(summary).count() == turns).then_some(text)
    });
    for noise in [
        "hook_non_blocking_error",
        "hook_blocking_error",
        "hook_cancelled",
        "hook_stopped_continuation",
        "hook_permission_decision",
        "\"preventedContinuation\":true",
        "\"hasOutput\":true",
    ] {
        let told: Vec<&str> = text.lines().filter(|l| l.contains(noise)).collect();
        assert_eq!(told, [""; 0]);
    }
    let summaries = text.lines().filter(|l| l.contains(summary));
    let failed: Vec<&str> = summaries
        .filter(|l| !l.contains("\"hookErrors\":[]"))
        .collect();
    assert_eq!(failed, [""; 0]);
    let screen = terminal.screen();
    assert!(!screen.contains("hook"), "{screen}");
}

/// Settings as an editor of another system writes them, with a byte order mark and CRLF: Claude
/// Code reads them, and so does `trusty connect`.
#[test]
fn settings_with_a_mark_of_the_byte_order_are_connected() {
    let text = "\u{feff}{\r\n\t\"model\": \"opus\"\r\n}\r\n";
    let write = |home: &mut TestHome| {
        fs::write(home.config_dir().join("settings.json"), text).expect("write");
    };
    let builder = TestStage::builder().home(write).hooks();
    let Some(stage) = builder.open(TerminalShape::PtyDirect, "work", &MANUAL_MODE_ARGS) else {
        return;
    };
    let session = HeldSession::of(stage);
    session.hold();
    session.terminal.submit("say hi");
    session.gate(|g| g.event == "UserPromptSubmit");
    session.release();
    session.wait_answered("say hi");
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn an_older_client_that_understands_our_hooks_is_held() {
    let client = TestedClient::V2_1_120;
    let Some(stage) = TestStage::builder().client(client).build() else {
        return;
    };
    let (shape, mode) = (
        TerminalShape::TmuxBash,
        ["--permission-mode", client.asking()],
    );
    let terminal = stage.open(shape, "work", &mode);
    terminal.wait_screen(WAIT_TIMEOUT, "? for shortc");
    let output = connect_to_known_version(&stage.home);
    let told = stderr_text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    // A new session reads the settings at its start.
    drop(terminal);
    let session = HeldSession::of(stage.into_session(shape, "work", &mode));
    session.begin("made");
    session.hold();
    session.gate(is_tool);
    assert!(!session.made("made"));
    session.release();
    session.approve_making("made");
    assert!(!session.transcripts().contains("hook_non_blocking_error"));
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn an_older_client_that_does_not_understand_our_hooks_is_not_connected() {
    let client = TestedClient::V2_0_77;
    let Some(stage) = TestStage::builder().client(client).build() else {
        return;
    };
    let mode = ["--permission-mode", client.asking()];
    let terminal = stage.open(TerminalShape::TmuxBash, "work", &mode);
    terminal.wait_screen(WAIT_TIMEOUT, "? for shortc");
    let output = connect_to_known_version(&stage.home);
    let told = stderr_text(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("too old"), "{told}");
    assert!(!stage.home.config_dir().join("settings.json").exists());
}

/// `trusty connect`, as soon as Claude Code has reported its version.
fn connect_to_known_version(home: &TestHome) -> Output {
    until(WAIT_TIMEOUT, "the version", || {
        let output = run(home, ["connect"]);
        let told = stderr_text(&output);
        (!told.contains("has not reported its version yet")).then_some(output)
    })
}
