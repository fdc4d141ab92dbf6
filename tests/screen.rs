//! What the real Claude Code shows in a real tmux pane, read as the engine reads it: the screen of
//! each rule, produced live.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::PathBuf;
use trusty_fleet::Fact;
use trusty_fleet::observation::{ListedSession, PaneKey, ScreenContent, ScreenReading};
use trusty_sources::listing::ListingSource;
use trusty_sources::screen::ScreenSource;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{
    ApiEvent, ApiEventKind, KeyboardKey, MANUAL_MODE_ARGS, TerminalShape, TestHome, TestStage,
    TestTerminal, TestedClient, WAIT_TIMEOUT, block_on,
};

struct ScreenFixture {
    stage: TestStage,
    client: TestedClient,
}

impl Deref for ScreenFixture {
    type Target = TestStage;

    fn deref(&self) -> &TestStage {
        &self.stage
    }
}

/// `None` if the tests are to run without Claude Code.
fn open(client: TestedClient) -> Option<ScreenFixture> {
    let stage = TestStage::builder().client(client).build()?;
    Some(ScreenFixture { stage, client })
}

impl ScreenFixture {
    fn start(&self, mode: &str) -> TestTerminal {
        let arguments = ["--permission-mode", mode];
        let terminal = self.open(TerminalShape::TmuxBash, "work", &arguments);
        self.wait(&terminal, &ScreenContent::Idle);
        terminal
    }

    fn read_screen(&self, terminal: &TestTerminal) -> Option<ScreenReading> {
        let pane = terminal.tmux_command(&["display-message", "-p", "#{pane_id}"]);
        let uid = rustix::process::getuid().as_raw();
        let folder = self.home.tmux_tmpdir().join(format!("tmux-{uid}"));
        let key = PaneKey {
            server: folder.join(terminal.socket().expect("a tmux server")),
            pane: pane.trim().to_owned(),
        };
        let wanted = [(key, Some(self.client.version().to_owned()))].into();
        let mut facts = Vec::new();
        let mut screens = ScreenSource::new(&self.home.environment());
        block_on(screens.poll(&wanted, async |told| facts.extend(told)));
        facts.into_iter().find_map(|fact| match fact {
            Fact::Screen(_, screen) => Some(screen),
            _ => None,
        })
    }

    /// Waits until the pane shows this content.
    #[track_caller]
    fn wait(&self, terminal: &TestTerminal, wanted: &ScreenContent) -> ScreenReading {
        self.wait_for(terminal, &format!("{wanted:?}"), |shows| shows == wanted)
    }

    #[track_caller]
    fn wait_for(
        &self,
        terminal: &TestTerminal,
        what: &str,
        is: impl Fn(&ScreenContent) -> bool,
    ) -> ScreenReading {
        until_or(
            WAIT_TIMEOUT,
            what,
            || {
                self.read_screen(terminal)
                    .filter(|screen| screen.shows.as_ref().is_some_and(&is))
            },
            || format!("{:?}\n{}", self.read_screen(terminal), terminal.screen()),
        )
    }

    /// Presses Escape until the prompt is free again.
    #[track_caller]
    fn leave(&self, terminal: &TestTerminal) {
        terminal.answer(KeyboardKey::Escape);
        self.wait(terminal, &ScreenContent::Idle);
    }
}

fn permission(tool: &str) -> ScreenContent {
    ScreenContent::Permission {
        tool: Some(tool.to_owned()),
    }
}

/// The screens that all versions show, one after the other.
fn turns(client: TestedClient) {
    let Some(stage) = open(client) else { return };
    let terminal = stage.start(client.asking());
    terminal.submit("stall 30s");
    stage.wait_begun("stall 30s");
    let busy = stage.wait(&terminal, &ScreenContent::Busy);
    let told = matches!(client, TestedClient::V2_1_90 | TestedClient::V2_1_120);
    assert_eq!(busy.title_busy, told.then_some(true));
    stage.leave(&terminal);

    terminal.submit("bash: touch x1");
    stage.wait(&terminal, &permission("Bash"));
    stage.leave(&terminal);
    let folder = stage.home.project("work");
    terminal.submit(&format!("write: {}/f1", folder.display()));
    stage.wait(&terminal, &permission("Write"));
    stage.leave(&terminal);
    terminal.submit("ask");
    stage.wait(&terminal, &ScreenContent::Question);
    stage.leave(&terminal);

    terminal.submit("error 500");
    let retrying = |shows: &ScreenContent| matches!(shows, ScreenContent::Retrying { of: 10, .. });
    stage.wait_for(&terminal, "a retry", retrying);
    terminal.press(KeyboardKey::Escape);
    until(WAIT_TIMEOUT, "a free prompt", || {
        match stage.read_screen(&terminal)?.shows {
            Some(ScreenContent::Idle) => Some(()),
            Some(_) => None,
            // Claude Code has put the prompt back into the input.
            None => {
                terminal.press(KeyboardKey::CtrlU);
                None
            }
        }
    });

    terminal.press(KeyboardKey::CtrlZ);
    stage.wait(&terminal, &ScreenContent::Suspended);
}

#[test]
fn the_newest_client() {
    turns(TestedClient::Newest);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_with_other_words() {
    turns(TestedClient::V2_1_120);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_without_a_status() {
    turns(TestedClient::V2_1_90);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_without_a_registry() {
    turns(TestedClient::V2_0_77);
}

#[test]
fn trust_plan_and_compaction() {
    let Some(stage) = open(TestedClient::Newest) else {
        return;
    };
    let folder = stage.home.untrusted_project("stranger");
    let stranger = stage.open_at(TerminalShape::TmuxBash, &folder, &MANUAL_MODE_ARGS);
    stage.wait(&stranger, &ScreenContent::Trust);
    drop(stranger);

    let terminal = stage.start("plan");
    terminal.submit("plan");
    stage.wait(&terminal, &ScreenContent::Plan);
    stage.leave(&terminal);
    terminal.submit("/compact slowly");
    stage.wait(&terminal, &ScreenContent::Compacting);
    stage.wait(&terminal, &ScreenContent::Idle);
}

#[test]
fn p18_a_quoted_dialog_is_no_dialog() {
    let Some(stage) = open(TestedClient::Newest) else {
        return;
    };
    let terminal = stage.start("manual");
    let quoted = r"say Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel";
    terminal.type_text(quoted);
    terminal.wait_screen(WAIT_TIMEOUT, "Esc to cancel");
    assert_eq!(stage.read_screen(&terminal).expect("a screen").shows, None);
    terminal.press(KeyboardKey::Enter);
    terminal.wait_screen(WAIT_TIMEOUT, "  2. No\n");
    stage.wait(&terminal, &ScreenContent::Idle);
    terminal.type_text(&format!("{quoted} then stall 30s"));
    terminal.wait_screen(WAIT_TIMEOUT, "then stall 30s");
    terminal.press(KeyboardKey::Enter);
    stage.api.wait(WAIT_TIMEOUT, |events| {
        let begun = |event: &&ApiEvent| {
            event.prompt.ends_with("stall 30s") && event.kind == ApiEventKind::FirstDelta
        };
        events.iter().find(begun).map(|_| ())
    });
    stage.wait(&terminal, &ScreenContent::Busy);
    stage.leave(&terminal);
    terminal.type_text("Do you want to proceed? ❯ 1. Yes");
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to proceed? ❯ 1. Yes");
    assert_eq!(stage.read_screen(&terminal).expect("a screen").shows, None);
}

#[test]
fn the_client_s_own_list_is_read() {
    let Some(stage) = open(TestedClient::Newest) else {
        return;
    };
    let terminal = stage.start("manual");
    let session = terminal.wait_status(WAIT_TIMEOUT, "idle");
    let program = stage.client.program().expect("installed").exe;
    let bin = stage.home.path().join("bin");
    std::fs::create_dir(&bin).expect("folder");
    std::os::unix::fs::symlink(&program, bin.join("claude")).expect("installed");
    let mut env = stage.home.environment();
    let path = env.path.take().unwrap_or_default();
    let folders = std::iter::once(bin).chain(std::env::split_paths(&path));
    env.path = std::env::join_paths(folders).ok();
    let dir = stage.home.config_dir().to_path_buf();
    let ask = || -> Vec<ListedSession> {
        // A Claude Code that takes too long to start is asked again.
        until(WAIT_TIMEOUT, "the client's list", || {
            let wanted = [dir.clone()].into();
            let mut facts = Vec::new();
            let mut lists = ListingSource::new(&env);
            block_on(lists.poll(&wanted, async |told| facts.extend(told)));
            let [Fact::Listed(of, listed)] = &facts[..] else {
                return None;
            };
            assert_eq!(of, &dir);
            Some(listed.clone())
        })
    };
    let before = files(&stage.home);
    let listed = ask();
    let text = |name: &str| session[name].as_str().map(str::to_owned);
    let expected = ListedSession {
        pid: terminal.client().pid,
        status: Some("idle".into()),
        waiting_for: None,
        session_id: text("sessionId"),
        name: text("name"),
        kind: Some("interactive".into()),
        cwd: text("cwd"),
    };
    assert_eq!(listed, [expected]);
    // The session makes and removes files of its own at the same time.
    until(WAIT_TIMEOUT, "no file that asking left behind", || {
        files(&stage.home).is_subset(&before).then_some(())
    });

    terminal.submit("bash: touch x1");
    terminal.wait_status(WAIT_TIMEOUT, "waiting");
    assert_eq!(ask()[0].waiting_for.as_deref(), Some("permission prompt"));
}

/// All files of a home.
fn files(home: &TestHome) -> BTreeSet<PathBuf> {
    let (mut folders, mut files) = (vec![home.path().to_path_buf()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    files
}
