//! The app quits or is killed while it holds a request: the dialog stays usable.

use super::{AppAnswerFixture, EFFECT_TIMEOUT, UNTIL_ANSWERED_SETTINGS, WAIT_TIMEOUT, connected};
use std::time::Instant;
use trusty_tests::desktop::RunningApp;
use trusty_tests::wait::until_or;
use trusty_tests::{LocalApi, PERMISSION_DIALOG_TEXT, Signal};

impl AppAnswerFixture {
    /// Has a sub-agent ask, which shows no dialog until its request is returned to the terminal.
    #[track_caller]
    fn held_by_the_app(&self, prompt: &str) -> RunningApp {
        let app = self.desktop.app(&[]);
        self.desktop.icon();
        let local = LocalApi::for_home(&self.home);
        self.terminal.submit(prompt);
        local.wait_held(self.terminal.client().pid);
        assert!(!self.terminal.screen().contains(PERMISSION_DIALOG_TEXT));
        app
    }
}

#[test]
fn an_app_that_is_quit_or_killed_while_it_holds_leaves_the_dialog_usable() {
    let builder = connected(UNTIL_ANSWERED_SETTINGS);
    let Some(stage) = AppAnswerFixture::open(builder, "manual") else {
        return;
    };
    let mut app = stage.held_by_the_app("agents 1 bg bash: touch first");
    let (icon, windows) = (stage.desktop.icon(), stage.desktop.windows_shown());
    // Quit is the last line of the menu, which may be redrawn under the keys.
    let quit = || {
        let begun = Instant::now();
        stage.desktop.right_click(icon);
        windows.shown_within(begun, EFFECT_TIMEOUT)?;
        stage.desktop.key("Up");
        stage.desktop.key("Return");
        Some(())
    };
    until_or(
        WAIT_TIMEOUT,
        "the app to quit",
        || {
            quit();
            trusty_tests::wait::poll(EFFECT_TIMEOUT, || (!app.is_running()).then_some(()))
        },
        || stage.terminal.screen(),
    );
    stage.approve_making("first");

    let mut app = stage.held_by_the_app("agents 1 bg bash: touch second");
    assert!(app.process().signal(Signal::KILL));
    app.wait_exit(WAIT_TIMEOUT);
    stage.approve_making("second");
}
