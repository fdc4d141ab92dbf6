//! Notices of the real client's sessions on a real notification server.

#[path = "notices/crowd.rs"]
mod crowd;
#[path = "notices/fronts.rs"]
mod fronts;
#[path = "notices/fussy.rs"]
mod fussy;
#[path = "notices/kinds.rs"]
mod kinds;
#[path = "notices/servers.rs"]
mod servers;
#[path = "notices/wishes.rs"]
mod wishes;

use super::WAIT_TIMEOUT;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trusty_tests::desktop::{
    OwnedProcess, RunningApp, TestDesktop, WindowMapListener, artefact, require_desktop, until_is,
};
use trusty_tests::trusty::connect;
use trusty_tests::wait::until;
use trusty_tests::{FakeApi, KeyboardKey, TerminalShape, TestHome, TestTerminal};

/// Longer than the app takes a notice to be unread.
pub(crate) const READ_DELAY: Duration = Duration::from_secs(2);

/// It asks before it acts.
const MANUAL_MODE_ARGS: [&str; 2] = ["--permission-mode", "manual"];

/// A session that asks before it acts, the app, and a desktop whose bus is listened to.
struct DesktopNoticeFixture {
    terminal: TestTerminal,
    app: RunningApp,
    windows: WindowMapListener,
    _monitor: OwnedProcess,
    desktop: TestDesktop,
    folder: PathBuf,
    api: FakeApi,
    home: TestHome,
}

/// Whether the client's hooks are ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HookConnection {
    Apart,
    Connected,
}

impl DesktopNoticeFixture {
    /// None where the tests are to run without a desktop or the client.
    fn new(hooks: HookConnection) -> Option<Self> {
        Self::within(hooks, TerminalShape::PtyBash)
    }

    /// The same in another kind of terminal.
    fn within(hooks: HookConnection, shape: TerminalShape) -> Option<Self> {
        if !require_desktop() {
            return None;
        }
        trusty_tests::require_client()?;
        let (home, api) = (TestHome::new(), FakeApi::start());
        if hooks == HookConnection::Connected {
            connect(&home);
        }
        let folder = home.project("payments");
        home.project("orders");
        let desktop = TestDesktop::start(&home);
        let windows = desktop.windows_shown();
        let monitor = desktop.monitor_notices();
        let app = desktop.app(&[]);
        desktop.icon();
        let terminal = TestTerminal::open(shape, &home, &api, &folder, &MANUAL_MODE_ARGS);
        terminal.wait_status(WAIT_TIMEOUT, "idle");
        Some(Self {
            terminal,
            app,
            windows,
            _monitor: monitor,
            desktop,
            folder,
            api,
            home,
        })
    }

    /// A second session, which no window shows.
    fn beside(&self) -> TestTerminal {
        let folder = self.home.path().join("code/orders");
        let other = TestTerminal::open(
            TerminalShape::PtyBash,
            &self.home,
            &self.api,
            &folder,
            &MANUAL_MODE_ARGS,
        );
        other.wait_status(WAIT_TIMEOUT, "idle");
        other
    }

    /// Lets the session ask for leave.
    fn ask(&self, command: &str) {
        ask(&self.terminal, command);
    }

    /// The session gets its leave, and has ended its turn.
    fn let_it(&self) {
        self.terminal.approve();
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
    }

    /// Waits until the app knows so many that need their owner.
    fn wait_needs(&self, number: usize) {
        let words = format!("{number} need");
        until(WAIT_TIMEOUT, "the needs in the icon", || {
            self.desktop
                .tray("ToolTip")
                .filter(|told| told.contains(&words))
        });
    }

    fn wait_displayed(&self, number: usize) {
        until_is("so many notices", &Some(number), || {
            self.desktop.displayed()
        });
    }
}

fn ask(terminal: &TestTerminal, command: &str) {
    terminal.submit(&format!("bash: {command} finally say done"));
    terminal.wait_status(WAIT_TIMEOUT, "waiting");
}

#[test]
fn a_need_is_told_once_and_taken_back_when_the_terminal_answers() {
    let Some(scene) = DesktopNoticeFixture::new(HookConnection::Apart) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    let told = scene.desktop.wait_notice("a need", |_| true);
    assert_eq!(told.title, "payments");
    until_is(
        "its words",
        &"Permission · Bash: touch paid".to_owned(),
        || scene.desktop.notices().pop().expect("told").body,
    );
    // Without hooks nothing can be answered from here.
    assert_eq!(told.actions, ["default", "Show", "show", "Show"]);
    scene.wait_displayed(1);
    scene.desktop.screenshot(&artefact("notice.png"));

    scene.terminal.approve();
    scene.wait_displayed(0);
    until(WAIT_TIMEOUT, "the end of the command", || {
        scene.folder.join("paid").exists().then_some(())
    });
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");

    // The next one is told anew, and nothing else was told between.
    scene.ask("touch again");
    scene
        .desktop
        .wait_notice("the next need", |told| told.body.contains("again"));
    let all = scene.desktop.notices();
    // The words of a need may follow a moment later.
    let others = all
        .iter()
        .filter(|told| !told.body.starts_with("Permission"));
    assert_eq!(others.count(), 0, "{all:?}");
    assert_eq!(scene.desktop.popover(), None);
}

#[test]
fn a_click_leads_to_the_session() {
    let Some(scene) = DesktopNoticeFixture::new(HookConnection::Apart) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    scene.wait_displayed(1);
    scene.desktop.click_notice();
    // No window shows this terminal, so the popover opens and says so.
    scene.desktop.wait_popover();
    scene.wait_displayed(0);
    assert!(!scene.folder.join("paid").exists());
}

#[test]
fn a_request_that_is_read_whole_is_answered_from_its_notice() {
    let Some(scene) = DesktopNoticeFixture::new(HookConnection::Connected) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    let answerable = |command: &str| {
        scene.ask(command);
        let told = scene.desktop.wait_notice("buttons", |told| {
            told.body.contains(command) && told.actions.contains(&"Approve".to_owned())
        });
        assert!(told.body.starts_with("Permission · Bash\n"), "{told:?}");
        scene.wait_displayed(1);
    };
    answerable("touch paid");
    scene.desktop.screenshot(&artefact("notice-approve.png"));
    // Who approves sooner than anybody can read is shown the session instead.
    let shown = Instant::now();
    until(WAIT_TIMEOUT, "time to read it", || {
        (shown.elapsed() > READ_DELAY).then_some(())
    });
    scene.desktop.press_notice("Approve");
    until(WAIT_TIMEOUT, "the command to have run", || {
        scene.folder.join("paid").exists().then_some(())
    });
    scene.wait_displayed(0);
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");

    answerable("touch denied");
    scene.desktop.press_notice("Deny");
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");
    scene.wait_displayed(0);
    assert!(!scene.folder.join("denied").exists());

    // What does not fit is not answered from there.
    let long = format!("touch {}", "x".repeat(220));
    scene.ask(&long);
    let told = scene
        .desktop
        .wait_notice("a long one", |told| told.body.contains("touch xxx"));
    assert!(!told.actions.contains(&"Approve".to_owned()), "{told:?}");
}

#[test]
fn a_killed_session_is_told_of_and_one_that_leaves_is_not() {
    let Some(scene) = DesktopNoticeFixture::new(HookConnection::Apart) else {
        return;
    };
    let _dunst = scene.desktop.start_notifications();
    let client = scene.terminal.client();
    scene.terminal.run_turn(WAIT_TIMEOUT, "say hello");
    scene.terminal.submit("/exit");
    scene.terminal.wait_end(WAIT_TIMEOUT, client);
    scene.terminal.run_client(&["--permission-mode", "manual"]);
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");
    // One that was never seen alive is no news.
    until(WAIT_TIMEOUT, "the session in the app", || {
        let all = trusty_tests::trusty::list(&scene.home);
        let session = trusty_tests::trusty::session_of(&all, scene.terminal.client().pid)?;
        (session["activity"]["kind"] == "Idle").then_some(())
    });
    assert!(scene.terminal.client().signal(trusty_tests::Signal::KILL));
    let told = scene.desktop.wait_notice("the end of a session", |_| true);
    assert_eq!(told.body, "Stopped · killed or crashed");
    assert_eq!(scene.desktop.notices().len(), 1);
}
