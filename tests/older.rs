//! The test support with older clients in it, which say less about themselves: what they do is
//! read from the screen.
#![cfg(target_os = "linux")]

use std::time::Duration;
use trusty_tests::wait::until;
use trusty_tests::{Client, FakeApi, Home, Key, Kind, Shape, Terminal};

const LONG: Duration = Duration::from_mins(1);
const IDLE: &str = "? for shortc";

fn exercise(client: Client, shape: Shape) {
    let program = client.program().expect("make older-clients installs it");
    let (api, home) = (FakeApi::start(), Home::new());
    let folder = home.project("work");
    let mode = ["--permission-mode", client.asking()];
    let terminal = Terminal::open_client(client, shape, &home, &api, &folder, &mode);
    let process = terminal.client();
    assert_eq!(process.exe(), Some(program.exe));
    let first = terminal.wait_screen(LONG, IDLE);
    assert!(first.contains(&format!("v{}", client.version())), "{first}");
    if client != Client::V2_0_77 {
        terminal.wait_registry(LONG, |said| {
            client.tells_status() == said["status"].is_string()
        });
    }

    terminal.submit("stream 3s");
    api.wait_for(LONG, "stream 3s", Kind::FirstDelta);
    terminal.wait_screen(LONG, "esc to interr");
    api.wait_for(LONG, "stream 3s", Kind::MessageStop);
    terminal.wait_screen(LONG, "line 30");
    terminal.wait_screen(LONG, IDLE);

    terminal.submit("bash: touch x1");
    terminal.wait_screen(LONG, "Do you want to proceed?");
    assert!(!folder.join("x1").exists());
    terminal.answer(Key::Char('1'));
    until(LONG, "the file x1", || {
        folder.join("x1").exists().then_some(())
    });
    terminal.wait_screen(LONG, "● Done.");

    let long = "say begun then stream 30s";
    terminal.submit(long);
    terminal.wait_screen(LONG, "● begun");
    terminal.wait_screen(LONG, "esc to interr");
    terminal.press(Key::Escape);
    terminal.wait_screen(LONG, "Interrupted");
    api.wait_for(LONG, long, Kind::Disconnected);

    if client == Client::V2_0_77 {
        assert_eq!(terminal.registry(), None);
    }
    terminal.submit("/exit");
    terminal.wait_end(LONG, process);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_registry() {
    exercise(Client::V2_0_77, Shape::TmuxBash);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_registry_as_the_pane_s_process() {
    exercise(Client::V2_0_77, Shape::TmuxDirect);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_status() {
    exercise(Client::V2_1_90, Shape::TmuxBash);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_of_node_without_a_status_as_the_pane_s_process() {
    exercise(Client::V2_1_90, Shape::TmuxDirect);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_with_other_words() {
    exercise(Client::V2_1_120, Shape::TmuxBash);
}
