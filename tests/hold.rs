//! Connected sessions of the real client: held by a record on disk, and never in the way.
#![cfg(target_os = "linux")]

#[path = "hold/proof.rs"]
mod proof;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Output;
use std::time::SystemTime;
use trusty_fleet::SessionId;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::pause::{Gate, Initiator, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::sys;
use trusty_records::store::PauseStore;
use trusty_tests::trusty::{connect, run, serve};
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEventKind, FakeApi, KeyboardKey, ProcessRef, Signal, TerminalShape, TestHome, TestTerminal,
    TestedClient, WAIT_TIMEOUT,
};
use trusty_wire::Environment;

struct HoldFixture {
    api: FakeApi,
    home: TestHome,
}

impl HoldFixture {
    /// Connected; `None` if the tests are to run without the client.
    fn new() -> Option<Self> {
        trusty_tests::require_client()?;
        let (api, home) = (FakeApi::start(), TestHome::new());
        connect(&home);
        Some(Self { api, home })
    }

    fn open(&self, shape: TerminalShape) -> HeldSession<'_> {
        self.open_with(shape, &[])
    }

    fn open_with(&self, shape: TerminalShape, more: &[&str]) -> HeldSession<'_> {
        let folder = self.home.project("work");
        let arguments = [&["--permission-mode", "manual"], more].concat();
        let terminal = TestTerminal::open(shape, &self.home, &self.api, &folder, &arguments);
        terminal.wait_status(WAIT_TIMEOUT, "idle");
        self.held(terminal, folder)
    }

    fn held(&self, terminal: TestTerminal, folder: PathBuf) -> HeldSession<'_> {
        let client = terminal.client();
        let key = ProcessKey {
            pid: client.pid,
            start: StartTime(client.start_ticks),
        };
        let machine = sys::machine().expect("the machine");
        HeldSession {
            stage: self,
            terminal,
            folder,
            store: PauseStore::of(&self.around()),
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
        }
    }

    fn around(&self) -> Environment {
        Environment {
            home: self.home.path().to_path_buf(),
            data_home: Some(self.home.xdg_data()),
            ..Environment::default()
        }
    }

    /// Everything that the clients wrote into their transcripts.
    fn transcripts(&self) -> String {
        let mut text = String::new();
        let projects = self.home.config_dir().join("projects");
        for folder in fs::read_dir(projects).into_iter().flatten().flatten() {
            for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                text += &fs::read_to_string(file.path()).unwrap_or_default();
            }
        }
        text
    }
}

/// A session, and what is on disk of its pause.
struct HeldSession<'a> {
    stage: &'a HoldFixture,
    terminal: TestTerminal,
    folder: PathBuf,
    store: PauseStore,
    record: PauseRecord,
}

impl HeldSession<'_> {
    fn id(&self) -> SessionId {
        self.record.session
    }

    fn hold(&self) {
        self.store.write(&self.record).expect("written");
    }

    fn release(&self) {
        self.store.remove(self.id()).expect("removed");
    }

    /// Waits for a hook that waits.
    #[track_caller]
    fn gate(&self, wanted: impl Fn(&Gate) -> bool) -> Gate {
        let mark = || {
            let gates = self.store.gates(self.id()).expect("listed").into_iter();
            gates.filter(is_alive).find(&wanted)
        };
        until(WAIT_TIMEOUT, "a gate that holds", mark)
    }

    fn made(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Asks for a file to be made, and waits until it is streaming towards that.
    fn begin(&self, name: &str) {
        let prompt = format!("stream 2s then bash: touch {name}");
        self.terminal.submit(&prompt);
        self.stage
            .api
            .wait_for(WAIT_TIMEOUT, &prompt, ApiEventKind::FirstDelta);
    }

    #[track_caller]
    fn allow(&self, name: &str) {
        self.terminal.approve();
        until(WAIT_TIMEOUT, "the file", || self.made(name).then_some(()));
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
    }
}

fn is_alive(gate: &Gate) -> bool {
    let process = gate.process;
    ProcessRef::of(process.pid).is_some_and(|p| p.start_ticks == process.start.0 && p.is_alive())
}

fn is_tool(gate: &Gate) -> bool {
    gate.event == "PreToolUse" && gate.tool.as_deref() == Some("Bash")
}

/// A tool and then a prompt are held and let go; Escape works meanwhile; and at the end a refusal.
fn held(shape: TerminalShape) {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(shape);
    let (terminal, api) = (&session.terminal, &stage.api);

    // The engine ends meanwhile: only the record counts.
    let serving = serve(&stage.home);
    session.begin("first");
    session.hold();
    let gate = session.gate(is_tool);
    assert_eq!(gate.agent, None);
    terminal.wait_screen(WAIT_TIMEOUT, "running PreToolUse hook");
    drop(serving);
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    assert!(is_alive(&gate) && !terminal.screen().contains("Do you want to proceed?"));
    session.release();
    session.allow("first");
    assert!(!is_alive(&gate));

    // A prompt.
    session.hold();
    terminal.submit("say later");
    let gate = session.gate(|g| g.event == "UserPromptSubmit");
    let asked = |events: &[trusty_tests::ApiEvent]| events.iter().any(|e| e.prompt == "say later");
    assert!(!asked(&api.events()));
    session.release();
    api.wait_for(WAIT_TIMEOUT, "say later", ApiEventKind::MessageStop);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert!(!is_alive(&gate));

    // Escape.
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

    // The end of a session runs nothing that was held.
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
    assert!(!session.made("third") && !asked_for(&stage, "say refused"));
    terminal.submit("say goes on");
    api.wait_for(WAIT_TIMEOUT, "say goes on", ApiEventKind::MessageStop);
}

fn asked_for(stage: &HoldFixture, prompt: &str) -> bool {
    stage.api.events().iter().any(|e| e.prompt == prompt)
}

#[test]
fn a_session_in_tmux_is_held_and_let_go() {
    held(TerminalShape::TmuxBash);
}

#[test]
fn a_session_in_a_plain_terminal_is_held_and_let_go() {
    held(TerminalShape::PtyDirect);
}

#[test]
fn a_sub_agent_is_held_at_its_own_tool() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::TmuxBash);
    session
        .terminal
        .submit("agents 1 bg stream 3s then bash: touch made");
    stage.api.wait(WAIT_TIMEOUT, |events| {
        let agent = |e: &&trusty_tests::ApiEvent| {
            e.prompt.starts_with("agent 1:") && e.kind == ApiEventKind::FirstDelta
        };
        events.iter().find(agent).cloned()
    });
    session.hold();
    let gate = session.gate(|g| is_tool(g) && g.agent.is_some());
    assert!(!session.made("made"));
    session.release();
    session.allow("made");
    assert!(!is_alive(&gate));
}

#[test]
fn a_gate_ends_with_its_client() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
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

/// Whatever is wrong with us, the client's tools run, and nothing is said in its conversation.
#[test]
fn p8_the_hook_never_blocks_or_forbids_wrongly() {
    let Some(stage) = HoldFixture::new() else {
        return;
    };
    let session = stage.open(TerminalShape::PtyDirect);
    let terminal = &session.terminal;
    let program = trusty_integration::program(&stage.around());
    let aside = program.with_file_name("aside");
    let mut turns = 0;
    let mut turn = |case: &str| {
        let said = format!("turn-{turns}");
        terminal.run_turn(WAIT_TIMEOUT, &format!("bash: echo {said}-$((1+1))"));
        turns += 1;
        until(WAIT_TIMEOUT, &format!("{case}: the tool ran"), || {
            let text = stage.transcripts();
            text.contains(&format!("{said}-2")).then_some(())
        });
    };

    turn("no engine");

    let folder = stage.home.runtime().join("trusty");
    fs::create_dir_all(&folder).expect("folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("chmod");
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

    // What the client notes at the end of a turn with hooks; so they are in force. It writes a
    // moment later.
    let summary = "\"stop_hook_summary\"";
    let text = until(WAIT_TIMEOUT, "a summary of each turn", || {
        let text = stage.transcripts();
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

/// What an editor of another system writes is read by the client, and by us as it is.
#[test]
fn settings_with_a_mark_of_the_byte_order_are_connected() {
    if trusty_tests::require_client().is_none() {
        return;
    }
    let (api, home) = (FakeApi::start(), TestHome::new());
    let text = "\u{feff}{\r\n\t\"model\": \"opus\"\r\n}\r\n";
    fs::write(home.config_dir().join("settings.json"), text).expect("write");
    connect(&home);
    let stage = HoldFixture { api, home };
    let session = stage.open(TerminalShape::PtyDirect);
    session.hold();
    session.terminal.submit("say hi");
    session.gate(|g| g.event == "UserPromptSubmit");
    session.release();
    stage.wait_answered("say hi");
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn an_older_client_that_understands_our_hooks_is_held() {
    let client = TestedClient::V2_1_120;
    let (api, home) = (FakeApi::start(), TestHome::new());
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let shape = TerminalShape::TmuxBash;
    let terminal = TestTerminal::open_client(client, shape, &home, &api, &folder, &mode);
    terminal.wait_screen(WAIT_TIMEOUT, "? for shortc");
    let output = connect_to_known_version(&home);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    // A new one reads the settings at its start.
    drop(terminal);
    let terminal = TestTerminal::open_client(client, shape, &home, &api, &folder, &mode);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let stage = HoldFixture { api, home };
    let session = stage.held(terminal, folder);
    session.begin("made");
    session.hold();
    session.gate(is_tool);
    assert!(!session.made("made"));
    session.release();
    session.allow("made");
    assert!(!stage.transcripts().contains("hook_non_blocking_error"));
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn an_older_client_that_does_not_understand_our_hooks_is_not_connected() {
    let client = TestedClient::V2_0_77;
    let (api, home) = (FakeApi::start(), TestHome::new());
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let terminal =
        TestTerminal::open_client(client, TerminalShape::TmuxBash, &home, &api, &folder, &mode);
    terminal.wait_screen(WAIT_TIMEOUT, "? for shortc");
    let output = connect_to_known_version(&home);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("too old"), "{told}");
    assert!(!home.config_dir().join("settings.json").exists());
}

/// `trusty connect`, as soon as the client has told its version.
fn connect_to_known_version(home: &TestHome) -> Output {
    until(WAIT_TIMEOUT, "the version", || {
        let output = run(home, ["connect"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (!told.contains("has not reported its version yet")).then_some(output)
    })
}
