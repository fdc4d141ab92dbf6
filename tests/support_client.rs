//! The test support with the real Claude Code.
#![cfg(target_os = "linux")]

use std::time::Duration;
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEventKind, ClientStage, KeyboardKey, MANUAL_MODE_ARGS, Signal, TerminalShape, TestStage,
    TestTerminal, Value, WAIT_TIMEOUT, client,
};

/// A session in a plain terminal; `None` if the tests are to run without Claude Code.
fn session() -> Option<ClientStage> {
    session_in(TerminalShape::PtyDirect)
}

fn session_in(shape: TerminalShape) -> Option<ClientStage> {
    TestStage::builder().open(shape, "work", &MANUAL_MODE_ARGS)
}

fn waits_for(what: &str) -> impl Fn(&Value) -> bool {
    move |session| session["status"] == "waiting" && session["waitingFor"] == what
}

fn exercise(shape: TerminalShape) {
    let Some(stage) = session_in(shape) else {
        return;
    };
    let terminal = &stage.terminal;

    let client = terminal.client();
    let session = terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert_eq!(session["pid"], client.pid);
    assert_eq!(session["procStart"], client.start_ticks.to_string());
    assert_eq!(session["tmux"].is_string(), shape.is_tmux());
    assert_eq!(terminal.root() == client, !shape.has_shell());

    terminal.submit("stream 3s");
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    stage.wait_answered("stream 3s");
    terminal.wait_status(WAIT_TIMEOUT, "idle");

    terminal.submit("bash: touch x1");
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to proceed?");
    assert!(!stage.made("x1"));
    terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("x1");
    terminal.wait_status(WAIT_TIMEOUT, "idle");

    let long = "say begun then stream 30s";
    terminal.submit(long);
    terminal.wait_screen(WAIT_TIMEOUT, "● begun");
    terminal.press(KeyboardKey::Escape);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage
        .api
        .wait_for(WAIT_TIMEOUT, long, ApiEventKind::Disconnected);

    terminal.submit("/exit");
    terminal.wait_end(WAIT_TIMEOUT, client);
    until(WAIT_TIMEOUT, "an empty registry", || {
        stage.home.registries().is_empty().then_some(())
    });
}

#[test]
fn client_in_a_tmux_pane() {
    exercise(TerminalShape::TmuxDirect);
}

#[test]
fn client_in_bash_in_tmux() {
    exercise(TerminalShape::TmuxBash);
}

#[test]
fn client_in_zsh_in_tmux() {
    exercise(TerminalShape::TmuxZsh);
}

#[test]
fn client_in_a_plain_terminal() {
    exercise(TerminalShape::PtyDirect);
}

#[test]
fn client_in_bash_in_a_plain_terminal() {
    exercise(TerminalShape::PtyBash);
}

#[test]
fn client_in_zsh_in_a_plain_terminal() {
    exercise(TerminalShape::PtyZsh);
}

#[test]
fn an_untrusted_folder_shows_the_trust_dialog() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let folder = stage.home.untrusted_project("stranger");
    let terminal = stage.open_at(TerminalShape::TmuxDirect, &folder, &MANUAL_MODE_ARGS);
    terminal.wait_screen(WAIT_TIMEOUT, "Quick safety check");
    assert_eq!(terminal.registry(), None);
}

#[test]
fn a_question_is_answered() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("ask");
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("input needed"));
    terminal.wait_screen(WAIT_TIMEOUT, "Enter to select");
    terminal.answer(KeyboardKey::Char('2'));
    terminal.wait_screen(WAIT_TIMEOUT, "Blue");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    stage.api.wait(WAIT_TIMEOUT, |events| {
        events
            .iter()
            .find(|event| event.step == 1 && event.kind == ApiEventKind::MessageStop)
            .map(|_| ())
    });
}

#[test]
fn two_questions_are_asked() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("ask multi");
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("input needed"));
    terminal.wait_screen(WAIT_TIMEOUT, "Sizes");
    terminal.answer(KeyboardKey::Escape);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn a_plan_is_put_forward() {
    let arguments = ["--permission-mode", "plan"];
    let builder = TestStage::builder();
    let Some(stage) = builder.open(TerminalShape::PtyDirect, "work", &arguments) else {
        return;
    };
    let terminal = &stage.terminal;
    terminal.submit("plan");
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
    terminal.wait_screen(WAIT_TIMEOUT, "Exit plan mode?");
    terminal.answer(KeyboardKey::Escape);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn files_are_written_and_edited() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    let file = stage.folder.join("f1.txt");

    terminal.submit(&format!("write: {}", file.display()));
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to create f1.txt?");
    terminal.answer(KeyboardKey::Char('1'));
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "new\n");

    std::fs::write(&file, "old\n").expect("the file");
    terminal.submit(&format!("edit: {}", file.display()));
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to make this edit to f1.txt?");
    terminal.answer(KeyboardKey::Char('1'));
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "new\n");
}

#[test]
fn two_agents_stream_in_the_background() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("agents 2 bg");
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    for agent in ["agent 1: stream 4s", "agent 2: stream 4s"] {
        stage.wait_begun(agent);
    }
    assert_eq!(terminal.wait_status(WAIT_TIMEOUT, "busy")["status"], "busy");
    for agent in ["agent 1: stream 4s", "agent 2: stream 4s"] {
        stage.wait_answered(agent);
    }
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn two_agents_ask_for_permission() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("agents 2 fg bash: touch made");
    terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
    terminal.wait_screen(WAIT_TIMEOUT, "from the general-purpose agent");
    terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("made");
}

#[test]
fn a_command_goes_on_in_the_background() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("bash-bg: while ! test -e go; do sleep 0.1; done");
    terminal.wait_status(WAIT_TIMEOUT, "shell");
    std::fs::write(stage.folder.join("go"), "").expect("a file");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn calls_in_one_message_are_asked_for_one_by_one() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("parallel bash: touch a1 || touch a2");
    for file in ["a1", "a2"] {
        terminal.wait_screen(WAIT_TIMEOUT, &format!("touch {file}"));
        terminal.wait_registry(WAIT_TIMEOUT, waits_for("permission prompt"));
        terminal.approve();
        stage.wait_made(file);
    }
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn an_overloaded_api_is_asked_again() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    let prompt = "error 529 x2 then say recovered at last";
    stage.ask_model(prompt);
    terminal.wait_screen(WAIT_TIMEOUT, "● recovered at last");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let failures = stage.api.events();
    let failures = failures
        .iter()
        .filter(|event| event.kind == ApiEventKind::Failed(529));
    assert_eq!(failures.count(), 2);
}

#[test]
fn a_bad_request_ends_the_turn() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    terminal.submit("error 400");
    stage
        .api
        .wait_for(WAIT_TIMEOUT, "error 400", ApiEventKind::Failed(400));
    terminal.wait_screen(WAIT_TIMEOUT, "scripted 400");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn thinking_and_a_stall_keep_it_busy() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    let prompt = "think 2s then stall 2s then say the end";
    terminal.submit(prompt);
    terminal.wait_status(WAIT_TIMEOUT, "busy");
    let first = stage
        .api
        .wait_for(WAIT_TIMEOUT, prompt, ApiEventKind::FirstDelta);
    let stop = stage
        .api
        .wait_for(WAIT_TIMEOUT, prompt, ApiEventKind::MessageStop);
    let took = stop.at.duration_since(first.at).expect("time goes on");
    assert!(took >= Duration::from_secs(4), "{took:?}");
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn a_full_context_is_compacted() {
    let Some(stage) = session() else { return };
    let terminal = &stage.terminal;
    for prompt in ["say one", "say two", "full"] {
        terminal.run_turn(WAIT_TIMEOUT, prompt);
    }
    terminal.run_turn(WAIT_TIMEOUT, "say after");
    stage.wait_answered("(compact)");
    stage.wait_answered("say after");
}

#[test]
fn clear_changes_the_session_id() {
    let Some(stage) = session_in(TerminalShape::TmuxDirect) else {
        return;
    };
    let terminal = &stage.terminal;
    let first = terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.run_turn(WAIT_TIMEOUT, "say one");
    terminal.submit("/clear");
    let second = terminal.wait_registry(WAIT_TIMEOUT, |session| {
        session["sessionId"] != first["sessionId"]
    });
    assert_eq!(first["pid"], second["pid"]);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.run_turn(WAIT_TIMEOUT, "say two");
    let event = stage
        .api
        .wait_for(WAIT_TIMEOUT, "say two", ApiEventKind::MessageStop);
    assert_eq!(event.session.as_deref(), second["sessionId"].as_str());
}

#[test]
fn a_closed_terminal_ends_the_client() {
    for shape in [
        TerminalShape::TmuxBash,
        TerminalShape::PtyBash,
        TerminalShape::PtyDirect,
    ] {
        let Some(mut stage) = session_in(shape) else {
            return;
        };
        let terminal = &mut stage.terminal;
        let client = terminal.client();
        terminal.hang_up();
        terminal.wait_end(WAIT_TIMEOUT, client);
        assert_eq!(stage.home.registry(client.pid), None);
    }
}

/// Waits until the shell has printed this many prompts since it reported the kill. Input typed
/// before a prompt goes to the program that sets the terminal up meanwhile.
fn wait_prompts(terminal: &TestTerminal, count: usize) {
    until(WAIT_TIMEOUT, "a prompt of the shell", || {
        let screen = terminal.screen();
        let (_, since) = screen.split_once("Killed")?;
        (since.matches("tb>").count() >= count).then_some(())
    });
}

#[test]
fn a_killed_client_leaves_its_registry_file() {
    let Some(stage) = session_in(TerminalShape::PtyBash) else {
        return;
    };
    let terminal = &stage.terminal;
    let client = terminal.client();
    terminal.signal(Signal::KILL);
    terminal.wait_end(WAIT_TIMEOUT, client);
    assert!(stage.home.registry(client.pid).is_some());

    // The terminal may have answered a query of Claude Code after its end; the shell receives that
    // answer.
    wait_prompts(terminal, 1);
    terminal.press(KeyboardKey::CtrlC);
    wait_prompts(terminal, 2);
    terminal.run_client(&["--permission-mode", "manual"]);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert_ne!(terminal.client(), client);
}

#[test]
fn control_z_suspends_under_a_shell() {
    for shape in [TerminalShape::TmuxZsh, TerminalShape::PtyBash] {
        let Some(stage) = session_in(shape) else {
            return;
        };
        let terminal = &stage.terminal;
        let client = terminal.client();
        terminal.press(KeyboardKey::CtrlZ);
        until(WAIT_TIMEOUT, "a stopped client", || {
            (client.state()? == 'T').then_some(())
        });
        terminal.wait_screen(WAIT_TIMEOUT, "suspended");
        terminal.type_text("fg");
        terminal.press(KeyboardKey::Enter);
        until(WAIT_TIMEOUT, "a running client", || {
            (client.state()? != 'T').then_some(())
        });
        terminal.wait_screen(WAIT_TIMEOUT, "? for shortcuts");
        stage.ask_model("say back again");
    }
}

#[test]
fn a_tmux_session_is_looked_at_and_left() {
    let Some(mut stage) = session_in(TerminalShape::TmuxDirect) else {
        return;
    };
    let terminal = &mut stage.terminal;
    terminal.attach();
    let clients = ["list-clients", "-F", "#{session_name}"];
    assert_eq!(terminal.tmux_command(&clients).trim(), "work");
    terminal.detach();
    assert_eq!(terminal.tmux_command(&clients).trim(), "");
    assert_eq!(
        terminal.wait_status(WAIT_TIMEOUT, "idle")["pid"],
        terminal.client().pid
    );
}

#[test]
fn a_headless_call_answers() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
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
