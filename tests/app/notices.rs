//! Notifications about sessions of the real Claude Code, on a real notification server.

#[path = "notices/frontmost_window.rs"]
mod frontmost_window;
#[path = "notices/groups.rs"]
mod groups;
#[path = "notices/kinds.rs"]
mod kinds;
#[path = "notices/preferences.rs"]
mod preferences;
#[path = "notices/refusing_server.rs"]
mod refusing_server;
#[path = "notices/servers.rs"]
mod servers;

use super::WAIT_TIMEOUT;
use std::ops::Deref;
use std::time::{Duration, Instant};
use trusty_tests::desktop::{
    OwnedProcess, RunningApp, TestDesktop, WindowMapListener, artefact, until_is,
};
use trusty_tests::wait::until;
use trusty_tests::{
    ClientStage, DesktopKind, MANUAL_MODE_ARGS, StageBuilder, TerminalShape, TestStage,
    TestTerminal,
};

/// Longer than the time in which the app takes a notice to be unread.
pub(crate) const READ_DELAY: Duration = Duration::from_secs(2);

/// A session that asks before it acts, the app, and a desktop whose bus is monitored.
struct DesktopNoticeFixture {
    app: RunningApp,
    windows: WindowMapListener,
    _monitor: OwnedProcess,
    desktop: TestDesktop,
    stage: ClientStage,
}

impl Deref for DesktopNoticeFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

/// The fixture without hooks; none where the tests are to run without a desktop or Claude Code.
fn open() -> Option<DesktopNoticeFixture> {
    open_in(TerminalShape::PtyBash)
}

/// The fixture in another kind of terminal.
fn open_in(shape: TerminalShape) -> Option<DesktopNoticeFixture> {
    DesktopNoticeFixture::of(TestStage::builder(), shape)
}

/// The fixture with our hooks.
fn connected() -> Option<DesktopNoticeFixture> {
    DesktopNoticeFixture::of(TestStage::builder().hooks(), TerminalShape::PtyBash)
}

impl DesktopNoticeFixture {
    fn of(builder: StageBuilder<'_>, shape: TerminalShape) -> Option<Self> {
        let (stage, desktop) = builder.build_with_desktop(DesktopKind::Tray)?;
        stage.home.project("orders");
        let windows = desktop.windows_shown();
        let monitor = desktop.monitor_notices();
        let app = desktop.app(&[]);
        desktop.icon();
        Some(Self {
            stage: stage.into_session(shape, "payments", &MANUAL_MODE_ARGS),
            app,
            windows,
            _monitor: monitor,
            desktop,
        })
    }

    /// A second session, which no window shows.
    fn beside(&self) -> TestTerminal {
        let folder = self.home.path().join("code/orders");
        let other = self.open_at(TerminalShape::PtyBash, &folder, &MANUAL_MODE_ARGS);
        other.wait_status(WAIT_TIMEOUT, "idle");
        other
    }

    /// Has the session ask for a permission.
    fn ask(&self, command: &str) {
        ask(&self.terminal, command);
    }

    /// Grants the permission, and waits until the session has ended its turn.
    fn let_it(&self) {
        self.terminal.approve();
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
    }

    /// Waits until the app counts this many sessions that need the user.
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
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    let told = scene.desktop.wait_notice("a need", |_| true);
    assert_eq!(told.title, "payments");
    until_is(
        "the words of the notice",
        &"Permission · Bash: touch paid".to_owned(),
        || scene.desktop.notices().pop().expect("told").body,
    );
    // Without hooks no request can be answered from a notice.
    assert_eq!(told.actions, ["default", "Show", "show", "Show"]);
    scene.wait_displayed(1);
    scene.desktop.screenshot(&artefact("notice.png"));

    scene.terminal.approve();
    scene.wait_displayed(0);
    scene.wait_made("paid");
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");

    // The next need is reported anew, and nothing else was reported between.
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
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    scene.wait_displayed(1);
    scene.desktop.click_notice();
    // No window shows this terminal, so the popover opens and says so.
    scene.desktop.wait_popover();
    scene.wait_displayed(0);
    assert!(!scene.made("paid"));
}

#[test]
fn a_request_that_is_read_whole_is_answered_from_its_notice() {
    let Some(scene) = connected() else { return };
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
    // An approval that comes sooner than anyone can read shows the session instead.
    let shown = Instant::now();
    until(WAIT_TIMEOUT, "time to read it", || {
        (shown.elapsed() > READ_DELAY).then_some(())
    });
    scene.desktop.press_notice("Approve");
    scene.wait_made("paid");
    scene.wait_displayed(0);
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");

    answerable("touch denied");
    scene.desktop.press_notice("Deny");
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");
    scene.wait_displayed(0);
    assert!(!scene.made("denied"));

    // A request that does not fit into a notice is not answered from there.
    let long = format!("touch {}", "x".repeat(220));
    scene.ask(&long);
    let told = scene
        .desktop
        .wait_notice("a long one", |told| told.body.contains("touch xxx"));
    assert!(!told.actions.contains(&"Approve".to_owned()), "{told:?}");
}

#[test]
fn a_killed_session_is_told_of_and_one_that_leaves_is_not() {
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    let client = scene.terminal.client();
    scene.terminal.run_turn(WAIT_TIMEOUT, "say hello");
    scene.terminal.submit("/exit");
    scene.terminal.wait_end(WAIT_TIMEOUT, client);
    scene.terminal.run_client(&["--permission-mode", "manual"]);
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");
    // The end of a session that the app never saw alive is not reported.
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
