//! The app goes while it holds what a session asks: its dialog stays usable.

use super::{LONG, SOON, Setting, Stage};
use std::time::Instant;
use trusty_tests::desktop::App;
use trusty_tests::trusty::session_of;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{Key, LocalApi, Signal};

const PROCEED: &str = "Do you want to proceed?";

impl Stage {
    /// Has a sub-agent ask, which has no dialog until it is let go.
    #[track_caller]
    fn held_by_the_app(&self, prompt: &str) -> App {
        let app = self.desktop.app(&[]);
        self.desktop.icon();
        let local = LocalApi::of(&self.home);
        self.terminal.submit(prompt);
        until(LONG, "a held request", || {
            let session = session_of(&local.get("/v1/sessions")?.1, self.terminal.client().pid)?;
            (session["requests"][0]["held"] == true).then_some(())
        });
        assert!(!self.terminal.screen().contains(PROCEED));
        app
    }

    #[track_caller]
    fn answered_in_its_terminal(&self, name: &str) {
        self.terminal.wait_screen(LONG, PROCEED);
        self.terminal.answer(Key::Char('1'));
        self.wait_made(name);
        self.terminal.wait_status(LONG, "idle");
    }
}

#[test]
fn an_app_that_is_quit_or_killed_while_it_holds_leaves_the_dialog_usable() {
    let setting = Setting {
        settings: "[answers]\nhold_agents = \"until-answered\"\n",
        ..Setting::default()
    };
    let Some(stage) = Stage::set(&setting) else {
        return;
    };
    let mut app = stage.held_by_the_app("agents 1 bg bash: touch first");
    let (icon, windows) = (stage.desktop.icon(), stage.desktop.windows_shown());
    // Quit is the last line of the menu, which may be drawn anew under the keys.
    let quit = || {
        let begun = Instant::now();
        stage.desktop.right_click(icon);
        windows.within(begun, SOON)?;
        stage.desktop.key("Up");
        stage.desktop.key("Return");
        Some(())
    };
    until_or(
        LONG,
        "the app to quit",
        || {
            quit();
            trusty_tests::wait::poll(SOON, || (!app.is_running()).then_some(()))
        },
        || stage.terminal.screen(),
    );
    stage.answered_in_its_terminal("first");

    let mut app = stage.held_by_the_app("agents 1 bg bash: touch second");
    assert!(app.process().signal(Signal::KILL));
    app.wait_exit(LONG);
    stage.answered_in_its_terminal("second");
}
