//! The window that shows a session: a click on a notice raises that window, and while the window is
//! in front no notice is shown.

use super::{DesktopNoticeFixture, WAIT_TIMEOUT, ask, open_in};
use trusty_tests::TerminalShape;
use trusty_tests::desktop::{OwnedProcess, until_is};
use trusty_tests::wait::until;

impl DesktopNoticeFixture {
    /// An xterm that shows the session.
    fn xterm(&self) -> (OwnedProcess, u32) {
        let socket = self.terminal.socket().expect("tmux");
        let attach = ["-e", "tmux", "-u", "-L", socket, "attach", "-t", "work"];
        let program = self.desktop.tool("xterm", &attach);
        until(WAIT_TIMEOUT, "a tmux client", || {
            let told = self.terminal.tmux_command(&["list-clients"]);
            (!told.trim().is_empty()).then_some(())
        });
        let window = self.desktop.window_of(&program);
        (program, window)
    }

    /// An xterm that shows something else.
    fn cover(&self) -> (OwnedProcess, u32) {
        let program = self.desktop.tool("xterm", &["-e", "sleep", "600"]);
        let window = self.desktop.window_of(&program);
        (program, window)
    }
}

#[test]
fn a_click_raises_the_terminal_that_shows_the_session() {
    let Some(scene) = open_in(TerminalShape::TmuxDirect) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    let (_xterm, window) = scene.xterm();
    let (_cover, covering) = scene.cover();
    scene.desktop.activate(covering);
    scene.ask("touch paid");
    scene.wait_displayed(1);
    scene.desktop.click_notice();
    until_is("the terminal in front", &Some(window), || {
        scene.desktop.active_window()
    });
    scene.wait_displayed(0);
    assert_eq!(scene.desktop.popover(), None);
    // The keys reach the session: the click has answered nothing.
    assert!(!scene.made("paid"));
    scene
        .terminal
        .wait_screen(WAIT_TIMEOUT, "Do you want to proceed?");
    scene.desktop.key("1");
    scene.wait_made("paid");
}

#[test]
fn what_its_owner_looks_at_is_not_told() {
    let Some(scene) = open_in(TerminalShape::TmuxDirect) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    let other = scene.beside();
    let (_xterm, window) = scene.xterm();
    let (_cover, covering) = scene.cover();
    scene.desktop.activate(window);
    scene.ask("touch paid");
    scene.wait_needs(1);
    // A notice about the first session would come before that about the second.
    ask(&other, "touch shipped");
    let titles = || -> Vec<String> {
        let told = scene.desktop.notices().into_iter();
        told.map(|told| told.title).collect()
    };
    until(WAIT_TIMEOUT, "the other need", || {
        (!titles().is_empty()).then_some(())
    });
    assert!(
        titles().iter().all(|title| title == "orders"),
        "{:?}",
        titles()
    );

    // A need that the user has seen is not reported once they turn away; the next one is.
    scene.desktop.activate(covering);
    scene.let_it();
    other.approve();
    other.wait_status(WAIT_TIMEOUT, "idle");
    scene.wait_displayed(0);
    assert!(
        titles().iter().all(|title| title == "orders"),
        "{:?}",
        titles()
    );
    scene.ask("touch again");
    let told = scene
        .desktop
        .wait_notice("the next need", |told| told.title == "payments");
    assert!(
        told.body.contains("again") || told.body.contains("Permission"),
        "{told:?}"
    );
}
