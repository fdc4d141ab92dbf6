//! Connected sessions of the real client: held by a record on disk, and never in the way.
#![cfg(target_os = "linux")]

#[path = "hold/proof.rs"]
mod proof;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, SystemTime};
use trusty_fleet::SessionId;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::pause::{Asker, Gate, Means, PauseRecord, Phase};
use trusty_platform::sys;
use trusty_records::store::Store;
use trusty_tests::trusty::{connect, run, serve};
use trusty_tests::wait::until;
use trusty_tests::{Client, FakeApi, Home, Key, Kind, ProcessRef, Shape, Signal, Terminal};
use trusty_wire::Surroundings;

const LONG: Duration = Duration::from_mins(1);

struct Stage {
    api: FakeApi,
    home: Home,
}

impl Stage {
    /// Connected; `None` if the tests are to run without the client.
    fn new() -> Option<Self> {
        trusty_tests::require_client()?;
        let (api, home) = (FakeApi::start(), Home::new());
        connect(&home);
        Some(Self { api, home })
    }

    fn open(&self, shape: Shape) -> Held<'_> {
        self.open_with(shape, &[])
    }

    fn open_with(&self, shape: Shape, more: &[&str]) -> Held<'_> {
        let folder = self.home.project("work");
        let arguments = [&["--permission-mode", "manual"], more].concat();
        let terminal = Terminal::open(shape, &self.home, &self.api, &folder, &arguments);
        terminal.wait_status(LONG, "idle");
        self.held(terminal, folder)
    }

    fn held(&self, terminal: Terminal, folder: PathBuf) -> Held<'_> {
        let client = terminal.client();
        let key = ProcessKey {
            pid: client.pid,
            start: StartTime(client.start_ticks),
        };
        let machine = sys::machine().expect("the machine");
        Held {
            stage: self,
            terminal,
            folder,
            store: Store::of(&self.around()),
            record: PauseRecord {
                version: 1,
                session: machine.session_id(key),
                boot: machine.boot.clone(),
                domain: None,
                client: key,
                phase: Phase::Paused,
                since: SystemTime::now(),
                by: Asker::Command,
                summary: "a test".into(),
                at_work: trusty_fleet::pause::AtWork::Nothing,
                tty: None,
                means: Means::Hold,
            },
        }
    }

    fn around(&self) -> Surroundings {
        Surroundings {
            home: self.home.path().to_path_buf(),
            data_home: Some(self.home.xdg_data()),
            ..Surroundings::default()
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
struct Held<'a> {
    stage: &'a Stage,
    terminal: Terminal,
    folder: PathBuf,
    store: Store,
    record: PauseRecord,
}

impl Held<'_> {
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
        until(LONG, "a gate that holds", mark)
    }

    fn made(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Asks for a file to be made, and waits until it is streaming towards that.
    fn begin(&self, name: &str) {
        let prompt = format!("stream 2s then bash: touch {name}");
        self.terminal.submit(&prompt);
        self.stage.api.wait_for(LONG, &prompt, Kind::FirstDelta);
    }

    #[track_caller]
    fn allow(&self, name: &str) {
        self.terminal.wait_screen(LONG, "Do you want to proceed?");
        self.terminal.answer(Key::Char('1'));
        until(LONG, "the file", || self.made(name).then_some(()));
        self.terminal.wait_status(LONG, "idle");
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
fn held(shape: Shape) {
    let Some(stage) = Stage::new() else { return };
    let session = stage.open(shape);
    let (terminal, api) = (&session.terminal, &stage.api);

    // The engine ends meanwhile: only the record counts.
    let serving = serve(&stage.home);
    session.begin("first");
    session.hold();
    let gate = session.gate(is_tool);
    assert_eq!(gate.agent, None);
    terminal.wait_screen(LONG, "running PreToolUse hook");
    drop(serving);
    terminal.wait_status(LONG, "busy");
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
    api.wait_for(LONG, "say later", Kind::MessageStop);
    terminal.wait_status(LONG, "idle");
    assert!(!is_alive(&gate));

    // Escape.
    session.begin("second");
    session.hold();
    let gate = session.gate(is_tool);
    terminal.wait_screen(LONG, "running PreToolUse hook");
    terminal.press(Key::Escape);
    terminal.wait_screen(LONG, "Interrupted");
    terminal.wait_status(LONG, "idle");
    until(LONG, "the end of the hook", || {
        (!is_alive(&gate)).then_some(())
    });
    session.release();
    assert!(!session.made("second"));

    // The end of a session runs nothing that was held.
    session.begin("third");
    session.hold();
    let gate = session.gate(is_tool);
    let ending = PauseRecord {
        phase: Phase::Ending,
        ..session.record.clone()
    };
    session.store.write(&ending).expect("written");
    until(LONG, "the refusal", || (!is_alive(&gate)).then_some(()));
    terminal.wait_status(LONG, "idle");
    terminal.submit("say refused");
    terminal.wait_screen(LONG, "Trusty Bar is stopping this session");
    session.release();
    assert!(!session.made("third") && !asked_for(&stage, "say refused"));
    terminal.submit("say goes on");
    api.wait_for(LONG, "say goes on", Kind::MessageStop);
}

fn asked_for(stage: &Stage, prompt: &str) -> bool {
    stage.api.events().iter().any(|e| e.prompt == prompt)
}

#[test]
fn a_session_in_tmux_is_held_and_let_go() {
    held(Shape::TmuxBash);
}

#[test]
fn a_session_in_a_plain_terminal_is_held_and_let_go() {
    held(Shape::PtyDirect);
}

#[test]
fn a_sub_agent_is_held_at_its_own_tool() {
    let Some(stage) = Stage::new() else { return };
    let session = stage.open(Shape::TmuxBash);
    session
        .terminal
        .submit("agents 1 bg stream 3s then bash: touch made");
    stage.api.wait(LONG, |events| {
        let agent = |e: &&trusty_tests::ApiEvent| {
            e.prompt.starts_with("agent 1:") && e.kind == Kind::FirstDelta
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
    let Some(stage) = Stage::new() else { return };
    let session = stage.open(Shape::PtyDirect);
    session.begin("made");
    session.hold();
    let gate = session.gate(is_tool);
    assert!(session.terminal.client().signal(Signal::KILL));
    until(LONG, "the end of the gate", || {
        (!is_alive(&gate)).then_some(())
    });
    assert!(!session.made("made"));
    session.release();
}

/// Whatever is wrong with us, the client's tools run, and nothing is said in its conversation.
#[test]
fn p8_the_hook_never_blocks_or_forbids_wrongly() {
    let Some(stage) = Stage::new() else { return };
    let session = stage.open(Shape::PtyDirect);
    let terminal = &session.terminal;
    let program = trusty_integration::program(&stage.around());
    let aside = program.with_file_name("aside");
    let mut turns = 0;
    let mut turn = |case: &str| {
        let said = format!("turn-{turns}");
        terminal.run_turn(LONG, &format!("bash: echo {said}-$((1+1))"));
        turns += 1;
        until(LONG, &format!("{case}: the tool ran"), || {
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
        means: Means::Stop {
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
    let text = until(LONG, "a summary of each turn", || {
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
    let (api, home) = (FakeApi::start(), Home::new());
    let text = "\u{feff}{\r\n\t\"model\": \"opus\"\r\n}\r\n";
    fs::write(home.config_dir().join("settings.json"), text).expect("write");
    connect(&home);
    let stage = Stage { api, home };
    let session = stage.open(Shape::PtyDirect);
    session.hold();
    session.terminal.submit("say hi");
    session.gate(|g| g.event == "UserPromptSubmit");
    session.release();
    stage.api.wait_for(LONG, "say hi", Kind::MessageStop);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn an_older_client_that_understands_our_hooks_is_held() {
    let client = Client::V2_1_120;
    let (api, home) = (FakeApi::start(), Home::new());
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let shape = Shape::TmuxBash;
    let terminal = Terminal::open_client(client, shape, &home, &api, &folder, &mode);
    terminal.wait_screen(LONG, "? for shortc");
    let output = connect_to_known_version(&home);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    // A new one reads the settings at its start.
    drop(terminal);
    let terminal = Terminal::open_client(client, shape, &home, &api, &folder, &mode);
    terminal.wait_status(LONG, "idle");
    let stage = Stage { api, home };
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
    let client = Client::V2_0_77;
    let (api, home) = (FakeApi::start(), Home::new());
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let terminal = Terminal::open_client(client, Shape::TmuxBash, &home, &api, &folder, &mode);
    terminal.wait_screen(LONG, "? for shortc");
    let output = connect_to_known_version(&home);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("too old"), "{told}");
    assert!(!home.config_dir().join("settings.json").exists());
}

/// `trusty connect`, as soon as the client has told its version.
fn connect_to_known_version(home: &Home) -> Output {
    until(LONG, "the version", || {
        let output = run(home, ["connect"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (!told.contains("has not reported its version yet")).then_some(output)
    })
}
