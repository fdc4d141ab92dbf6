//! What the real client shows in a real tmux pane, read as the engine reads it: each rule's
//! screen, brought about live.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_fleet::Fact;
use trusty_fleet::observation::{Listed, PaneKey, Screen, Shows};
use trusty_sources::listing::Lists;
use trusty_sources::screen::Screens;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{ApiEvent, Client, FakeApi, Home, Key, Kind, Shape, Terminal, require_client};
use trusty_wire::Surroundings;

const LONG: Duration = Duration::from_mins(1);

struct Stage {
    api: FakeApi,
    home: Home,
    client: Client,
}

impl Stage {
    /// `None` if the tests are to run without the client.
    fn new(client: Client) -> Option<Self> {
        if client == Client::Newest {
            require_client()?;
        }
        Some(Self {
            api: FakeApi::start(),
            home: Home::new(),
            client,
        })
    }

    fn start(&self, mode: &str) -> Terminal {
        let folder = self.home.project("work");
        let terminal = self.open(&folder, mode);
        self.wait(&terminal, &Shows::Idle);
        terminal
    }

    fn open(&self, folder: &Path, mode: &str) -> Terminal {
        let (home, api) = (&self.home, &self.api);
        let mode = ["--permission-mode", mode];
        Terminal::open_client(self.client, Shape::TmuxBash, home, api, folder, &mode)
    }

    fn look(&self, terminal: &Terminal) -> Option<Screen> {
        let pane = terminal.tmux_command(&["display-message", "-p", "#{pane_id}"]);
        let uid = rustix::process::getuid().as_raw();
        let folder = self.home.tmux_tmpdir().join(format!("tmux-{uid}"));
        let key = PaneKey {
            server: folder.join(terminal.socket().expect("a tmux server")),
            pane: pane.trim().to_owned(),
        };
        let wanted = [(key, Some(self.client.version().to_owned()))].into();
        let mut facts = Vec::new();
        let mut screens = Screens::new(&around(&self.home));
        block_on(screens.look(&wanted, async |told| facts.extend(told)));
        facts.into_iter().find_map(|fact| match fact {
            Fact::Screen(_, screen) => Some(screen),
            _ => None,
        })
    }

    /// Waits until the pane shows this.
    #[track_caller]
    fn wait(&self, terminal: &Terminal, wanted: &Shows) -> Screen {
        self.wait_for(terminal, &format!("{wanted:?}"), |shows| shows == wanted)
    }

    #[track_caller]
    fn wait_for(&self, terminal: &Terminal, what: &str, is: impl Fn(&Shows) -> bool) -> Screen {
        until_or(
            LONG,
            what,
            || {
                self.look(terminal)
                    .filter(|screen| screen.shows.as_ref().is_some_and(&is))
            },
            || format!("{:?}\n{}", self.look(terminal), terminal.screen()),
        )
    }

    /// Escape, until the prompt is free again.
    #[track_caller]
    fn leave(&self, terminal: &Terminal) {
        terminal.answer(Key::Escape);
        self.wait(terminal, &Shows::Idle);
    }
}

fn around(home: &Home) -> Surroundings {
    Surroundings {
        home: home.path().to_path_buf(),
        path: std::env::var_os("PATH"),
        ..Surroundings::default()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

fn permission(tool: &str) -> Shows {
    Shows::Permission {
        tool: Some(tool.to_owned()),
    }
}

/// What all clients show, one after the other.
fn turns(client: Client) {
    let Some(stage) = Stage::new(client) else {
        return;
    };
    let terminal = stage.start(client.asking());
    terminal.submit("stall 30s");
    stage.api.wait_for(LONG, "stall 30s", Kind::FirstDelta);
    let busy = stage.wait(&terminal, &Shows::Busy);
    let told = matches!(client, Client::V2_1_90 | Client::V2_1_120);
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
    stage.wait(&terminal, &Shows::Question);
    stage.leave(&terminal);

    terminal.submit("error 500");
    let retrying = |shows: &Shows| matches!(shows, Shows::Retrying { of: 10, .. });
    stage.wait_for(&terminal, "a retry", retrying);
    terminal.press(Key::Escape);
    until(LONG, "a free prompt", || {
        match stage.look(&terminal)?.shows {
            Some(Shows::Idle) => Some(()),
            Some(_) => None,
            // It has put the prompt back.
            None => {
                terminal.press(Key::CtrlU);
                None
            }
        }
    });

    terminal.press(Key::CtrlZ);
    stage.wait(&terminal, &Shows::Suspended);
}

#[test]
fn the_newest_client() {
    turns(Client::Newest);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_with_other_words() {
    turns(Client::V2_1_120);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_without_a_status() {
    turns(Client::V2_1_90);
}

#[test]
#[ignore = "an older client: make older-clients-check"]
fn a_client_without_a_registry() {
    turns(Client::V2_0_77);
}

#[test]
fn trust_plan_and_compaction() {
    let Some(stage) = Stage::new(Client::Newest) else {
        return;
    };
    let folder = stage.home.untrusted_project("stranger");
    let stranger = stage.open(&folder, "manual");
    stage.wait(&stranger, &Shows::Trust);
    drop(stranger);

    let terminal = stage.start("plan");
    terminal.submit("plan");
    stage.wait(&terminal, &Shows::Plan);
    stage.leave(&terminal);
    terminal.submit("/compact slowly");
    stage.wait(&terminal, &Shows::Compacting);
    stage.wait(&terminal, &Shows::Idle);
}

#[test]
fn p18_a_quoted_dialog_is_no_dialog() {
    let Some(stage) = Stage::new(Client::Newest) else {
        return;
    };
    let terminal = stage.start("manual");
    let quoted = r"say Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel";
    terminal.type_text(quoted);
    terminal.wait_screen(LONG, "Esc to cancel");
    assert_eq!(stage.look(&terminal).expect("a screen").shows, None);
    terminal.press(Key::Enter);
    terminal.wait_screen(LONG, "  2. No\n");
    stage.wait(&terminal, &Shows::Idle);
    terminal.type_text(&format!("{quoted} then stall 30s"));
    terminal.wait_screen(LONG, "then stall 30s");
    terminal.press(Key::Enter);
    stage.api.wait(LONG, |events| {
        let begun = |event: &&ApiEvent| {
            event.prompt.ends_with("stall 30s") && event.kind == Kind::FirstDelta
        };
        events.iter().find(begun).map(|_| ())
    });
    stage.wait(&terminal, &Shows::Busy);
    stage.leave(&terminal);
    terminal.type_text("Do you want to proceed? ❯ 1. Yes");
    terminal.wait_screen(LONG, "Do you want to proceed? ❯ 1. Yes");
    assert_eq!(stage.look(&terminal).expect("a screen").shows, None);
}

#[test]
fn the_client_s_own_list_is_read() {
    let Some(stage) = Stage::new(Client::Newest) else {
        return;
    };
    let terminal = stage.start("manual");
    let session = terminal.wait_status(LONG, "idle");
    let program = stage.client.program().expect("installed").exe;
    let bin = stage.home.path().join("bin");
    std::fs::create_dir(&bin).expect("folder");
    std::os::unix::fs::symlink(&program, bin.join("claude")).expect("installed");
    let mut around = around(&stage.home);
    let path = around.path.take().unwrap_or_default();
    let folders = std::iter::once(bin).chain(std::env::split_paths(&path));
    around.path = std::env::join_paths(folders).ok();
    let dir = stage.home.config_dir().to_path_buf();
    let ask = || -> Vec<Listed> {
        // A client that needs too long to start is asked again.
        until(LONG, "the client's list", || {
            let wanted = [dir.clone()].into();
            let mut facts = Vec::new();
            let mut lists = Lists::new(&around);
            block_on(lists.look(&wanted, async |told| facts.extend(told)));
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
    let expected = Listed {
        pid: terminal.client().pid,
        status: Some("idle".into()),
        waiting_for: None,
        session_id: text("sessionId"),
        name: text("name"),
        kind: Some("interactive".into()),
        cwd: text("cwd"),
    };
    assert_eq!(listed, [expected]);
    // The session itself makes and removes files at the same time.
    until(LONG, "no file that asking left behind", || {
        files(&stage.home).is_subset(&before).then_some(())
    });

    terminal.submit("bash: touch x1");
    terminal.wait_status(LONG, "waiting");
    assert_eq!(ask()[0].waiting_for.as_deref(), Some("permission prompt"));
}

/// All files of a home.
fn files(home: &Home) -> BTreeSet<PathBuf> {
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
