//! The test support with the real client in it.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::Duration;

use trusty_tests::wait::until;
use trusty_tests::{FakeApi, Home, Key, Kind, Shape, Signal, Terminal, Value, client};

const LONG: Duration = Duration::from_mins(1);

struct Stage {
    api: FakeApi,
    home: Home,
}

impl Stage {
    /// `None` if the tests are to run without the client.
    fn new() -> Option<Self> {
        trusty_tests::require_client()?;
        let (api, home) = (FakeApi::start(), Home::new());
        Some(Self { api, home })
    }

    fn open(&self, shape: Shape, folder: &Path, mode: &str) -> Terminal {
        let args = ["--permission-mode", mode];
        let terminal = Terminal::open(shape, &self.home, &self.api, folder, &args);
        terminal.wait_status(LONG, "idle");
        terminal
    }

    fn start(&self, shape: Shape, mode: &str) -> Terminal {
        let folder = self.home.project("work");
        self.open(shape, &folder, mode)
    }
}

fn waits_for(what: &str) -> impl Fn(&Value) -> bool {
    move |session| session["status"] == "waiting" && session["waitingFor"] == what
}

fn exercise(shape: Shape) {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let terminal = stage.open(shape, &folder, "manual");

    let client = terminal.client();
    let session = terminal.wait_status(LONG, "idle");
    assert_eq!(session["pid"], client.pid);
    assert_eq!(session["procStart"], client.start_ticks.to_string());
    assert_eq!(session["tmux"].is_string(), shape.is_tmux());
    assert_eq!(terminal.root() == client, !shape.has_shell());

    terminal.submit("stream 3s");
    terminal.wait_status(LONG, "busy");
    stage.api.wait_for(LONG, "stream 3s", Kind::MessageStop);
    terminal.wait_status(LONG, "idle");

    terminal.submit("bash: touch x1");
    terminal.wait_registry(LONG, waits_for("permission prompt"));
    terminal.wait_screen(LONG, "Do you want to proceed?");
    assert!(!folder.join("x1").exists());
    terminal.answer(Key::Char('1'));
    until(LONG, "the file x1", || {
        folder.join("x1").exists().then_some(())
    });
    terminal.wait_status(LONG, "idle");

    let long = "say begun then stream 30s";
    terminal.submit(long);
    terminal.wait_screen(LONG, "● begun");
    terminal.press(Key::Escape);
    terminal.wait_status(LONG, "idle");
    stage.api.wait_for(LONG, long, Kind::Disconnected);

    terminal.submit("/exit");
    terminal.wait_end(LONG, client);
    until(LONG, "an empty registry", || {
        stage.home.registries().is_empty().then_some(())
    });
}

#[test]
fn client_in_a_tmux_pane() {
    exercise(Shape::TmuxDirect);
}

#[test]
fn client_in_bash_in_tmux() {
    exercise(Shape::TmuxBash);
}

#[test]
fn client_in_zsh_in_tmux() {
    exercise(Shape::TmuxZsh);
}

#[test]
fn client_in_a_plain_terminal() {
    exercise(Shape::PtyDirect);
}

#[test]
fn client_in_bash_in_a_plain_terminal() {
    exercise(Shape::PtyBash);
}

#[test]
fn client_in_zsh_in_a_plain_terminal() {
    exercise(Shape::PtyZsh);
}

#[test]
fn an_untrusted_folder_shows_the_trust_dialog() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.untrusted_project("stranger");
    let args = ["--permission-mode", "manual"];
    let terminal = Terminal::open(Shape::TmuxDirect, &stage.home, &stage.api, &folder, &args);
    terminal.wait_screen(LONG, "Quick safety check");
    assert_eq!(terminal.registry(), None);
}

#[test]
fn a_question_is_answered() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    terminal.submit("ask");
    terminal.wait_registry(LONG, waits_for("input needed"));
    terminal.wait_screen(LONG, "Enter to select");
    terminal.answer(Key::Char('2'));
    terminal.wait_screen(LONG, "Blue");
    terminal.wait_status(LONG, "idle");
    stage.api.wait(LONG, |events| {
        events
            .iter()
            .find(|event| event.step == 1 && event.kind == Kind::MessageStop)
            .map(|_| ())
    });
}

#[test]
fn two_questions_are_asked() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    terminal.submit("ask multi");
    terminal.wait_registry(LONG, waits_for("input needed"));
    terminal.wait_screen(LONG, "Sizes");
    terminal.answer(Key::Escape);
    terminal.wait_status(LONG, "idle");
}

#[test]
fn a_plan_is_put_forward() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "plan");
    terminal.submit("plan");
    terminal.wait_registry(LONG, waits_for("permission prompt"));
    terminal.wait_screen(LONG, "Exit plan mode?");
    terminal.answer(Key::Escape);
    terminal.wait_status(LONG, "idle");
}

#[test]
fn files_are_written_and_edited() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let terminal = stage.open(Shape::PtyDirect, &folder, "manual");
    let file = folder.join("f1.txt");

    terminal.submit(&format!("write: {}", file.display()));
    terminal.wait_registry(LONG, waits_for("permission prompt"));
    terminal.wait_screen(LONG, "Do you want to create f1.txt?");
    terminal.answer(Key::Char('1'));
    terminal.wait_status(LONG, "idle");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "new\n");

    std::fs::write(&file, "old\n").expect("the file");
    terminal.submit(&format!("edit: {}", file.display()));
    terminal.wait_registry(LONG, waits_for("permission prompt"));
    terminal.wait_screen(LONG, "Do you want to make this edit to f1.txt?");
    terminal.answer(Key::Char('1'));
    terminal.wait_status(LONG, "idle");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "new\n");
}

#[test]
fn two_agents_stream_in_the_background() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    terminal.submit("agents 2 bg");
    terminal.wait_status(LONG, "busy");
    for agent in ["agent 1: stream 4s", "agent 2: stream 4s"] {
        stage.api.wait_for(LONG, agent, Kind::FirstDelta);
    }
    assert_eq!(terminal.wait_status(LONG, "busy")["status"], "busy");
    for agent in ["agent 1: stream 4s", "agent 2: stream 4s"] {
        stage.api.wait_for(LONG, agent, Kind::MessageStop);
    }
    terminal.wait_status(LONG, "idle");
}

#[test]
fn two_agents_ask_for_permission() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let terminal = stage.open(Shape::PtyDirect, &folder, "manual");
    terminal.submit("agents 2 fg bash: touch made");
    terminal.wait_registry(LONG, waits_for("permission prompt"));
    terminal.wait_screen(LONG, "from the general-purpose agent");
    terminal.answer(Key::Char('1'));
    until(LONG, "the file", || {
        folder.join("made").exists().then_some(())
    });
}

#[test]
fn a_command_goes_on_in_the_background() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let terminal = stage.open(Shape::PtyDirect, &folder, "manual");
    terminal.submit("bash-bg: while ! test -e go; do sleep 0.1; done");
    terminal.wait_status(LONG, "shell");
    std::fs::write(folder.join("go"), "").expect("a file");
    terminal.wait_status(LONG, "idle");
}

#[test]
fn calls_in_one_message_are_asked_for_one_by_one() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let terminal = stage.open(Shape::PtyDirect, &folder, "manual");
    terminal.submit("parallel bash: touch a1 || touch a2");
    for file in ["a1", "a2"] {
        terminal.wait_screen(LONG, &format!("touch {file}"));
        terminal.wait_registry(LONG, waits_for("permission prompt"));
        terminal.wait_screen(LONG, "Do you want to proceed?");
        terminal.answer(Key::Char('1'));
        until(LONG, file, || folder.join(file).exists().then_some(()));
    }
    terminal.wait_status(LONG, "idle");
}

#[test]
fn an_overloaded_api_is_asked_again() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    let prompt = "error 529 x2 then say recovered at last";
    terminal.submit(prompt);
    stage.api.wait_for(LONG, prompt, Kind::MessageStop);
    terminal.wait_screen(LONG, "● recovered at last");
    terminal.wait_status(LONG, "idle");
    let failures = stage.api.events();
    let failures = failures
        .iter()
        .filter(|event| event.kind == Kind::Failed(529));
    assert_eq!(failures.count(), 2);
}

#[test]
fn a_bad_request_ends_the_turn() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    terminal.submit("error 400");
    stage.api.wait_for(LONG, "error 400", Kind::Failed(400));
    terminal.wait_screen(LONG, "scripted 400");
    terminal.wait_status(LONG, "idle");
}

#[test]
fn thinking_and_a_stall_keep_it_busy() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    let prompt = "think 2s then stall 2s then say the end";
    terminal.submit(prompt);
    terminal.wait_status(LONG, "busy");
    let first = stage.api.wait_for(LONG, prompt, Kind::FirstDelta);
    let stop = stage.api.wait_for(LONG, prompt, Kind::MessageStop);
    let took = stop.at.duration_since(first.at).expect("time goes on");
    assert!(took >= Duration::from_secs(4), "{took:?}");
    terminal.wait_status(LONG, "idle");
}

#[test]
fn a_full_context_is_compacted() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyDirect, "manual");
    for prompt in ["say one", "say two", "full"] {
        terminal.run_turn(LONG, prompt);
    }
    terminal.run_turn(LONG, "say after");
    stage.api.wait_for(LONG, "(compact)", Kind::MessageStop);
    stage.api.wait_for(LONG, "say after", Kind::MessageStop);
}

#[test]
fn clear_changes_the_session_id() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::TmuxDirect, "manual");
    let first = terminal.wait_status(LONG, "idle");
    terminal.run_turn(LONG, "say one");
    terminal.submit("/clear");
    let second = terminal.wait_registry(LONG, |session| session["sessionId"] != first["sessionId"]);
    assert_eq!(first["pid"], second["pid"]);
    terminal.wait_status(LONG, "idle");
    terminal.run_turn(LONG, "say two");
    let event = stage.api.wait_for(LONG, "say two", Kind::MessageStop);
    assert_eq!(event.session.as_deref(), second["sessionId"].as_str());
}

#[test]
fn a_closed_terminal_ends_the_client() {
    for shape in [Shape::TmuxBash, Shape::PtyBash, Shape::PtyDirect] {
        let Some(stage) = Stage::new() else { return };
        let mut terminal = stage.start(shape, "manual");
        let client = terminal.client();
        terminal.hang_up();
        terminal.wait_end(LONG, client);
        assert_eq!(stage.home.registry(client.pid), None);
    }
}

/// Waits until the shell has printed so many prompts since it told that the client was killed. What
/// is typed before a prompt is taken by whoever sets the terminal up meanwhile.
fn wait_prompts(terminal: &Terminal, count: usize) {
    until(LONG, "a prompt of the shell", || {
        let screen = terminal.screen();
        let (_, since) = screen.split_once("Killed")?;
        (since.matches("tb>").count() >= count).then_some(())
    });
}

#[test]
fn a_killed_client_leaves_its_registry_file() {
    let Some(stage) = Stage::new() else { return };
    let terminal = stage.start(Shape::PtyBash, "manual");
    let client = terminal.client();
    terminal.signal(Signal::KILL);
    terminal.wait_end(LONG, client);
    assert!(stage.home.registry(client.pid).is_some());

    // The terminal may have answered a question of the client's after its end: the shell has it.
    wait_prompts(&terminal, 1);
    terminal.press(Key::CtrlC);
    wait_prompts(&terminal, 2);
    terminal.run_client(&["--permission-mode", "manual"]);
    terminal.wait_status(LONG, "idle");
    assert_ne!(terminal.client(), client);
}

#[test]
fn control_z_suspends_under_a_shell() {
    for shape in [Shape::TmuxZsh, Shape::PtyBash] {
        let Some(stage) = Stage::new() else { return };
        let terminal = stage.start(shape, "manual");
        let client = terminal.client();
        terminal.press(Key::CtrlZ);
        until(LONG, "a stopped client", || {
            (client.state()? == 'T').then_some(())
        });
        terminal.wait_screen(LONG, "suspended");
        terminal.type_text("fg");
        terminal.press(Key::Enter);
        until(LONG, "a running client", || {
            (client.state()? != 'T').then_some(())
        });
        terminal.wait_screen(LONG, "? for shortcuts");
        terminal.submit("say back again");
        stage
            .api
            .wait_for(LONG, "say back again", Kind::MessageStop);
    }
}

#[test]
fn a_tmux_session_is_looked_at_and_left() {
    let Some(stage) = Stage::new() else { return };
    let mut terminal = stage.start(Shape::TmuxDirect, "manual");
    terminal.attach();
    let clients = ["list-clients", "-F", "#{session_name}"];
    assert_eq!(terminal.tmux_command(&clients).trim(), "work");
    terminal.detach();
    assert_eq!(terminal.tmux_command(&clients).trim(), "");
    assert_eq!(
        terminal.wait_status(LONG, "idle")["pid"],
        terminal.client().pid
    );
}

#[test]
fn a_headless_call_answers() {
    let Some(stage) = Stage::new() else { return };
    let folder = stage.home.project("work");
    let output = client::command(&stage.home, &stage.api, &folder)
        .args(["-p", "say hello there"])
        .output()
        .expect("the client starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "hello there"
    );
}
