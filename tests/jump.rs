//! The terminal of a real session comes to the front: real tmux, xterm and X server.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Output;
use std::time::Duration;
use trusty_engine::Surroundings;
use trusty_engine::jump::in_front;
use trusty_fleet::Session;
use trusty_tests::desktop::{Desktop, Owned, require_desktop, until_is};
use trusty_tests::trusty::{list, serve, trusty};
use trusty_tests::wait::until;
use trusty_tests::{FakeApi, Home, ProcessRef, Shape, Signal, Terminal, client, require_client};

const LONG: Duration = Duration::from_mins(1);

struct Stage {
    // Dropped in this order: what has windows before the display.
    terminal: Terminal,
    desktop: Desktop,
    api: FakeApi,
    home: Home,
}

/// A real session, `work`, in tmux, which nothing shows; and a desktop.
fn stage() -> Option<Stage> {
    if !require_desktop() || require_client().is_none() {
        return None;
    }
    let (home, api) = (Home::new(), FakeApi::start());
    let desktop = Desktop::start_without_tray(&home);
    let folder = home.project("payments");
    let terminal = Terminal::open(Shape::TmuxDirect, &home, &api, &folder, &[]);
    terminal.wait_status(LONG, "idle");
    Some(Stage {
        terminal,
        desktop,
        api,
        home,
    })
}

impl Stage {
    /// An xterm with a client of the tmux server that shows this session.
    fn xterm(&self, title: &str, session: &str) -> (Owned, u32) {
        let socket = self.terminal.socket().expect("tmux");
        let attach = ["tmux", "-u", "-L", socket, "attach", "-t", session];
        let words = [&["-title", title, "-e"], &attach[..]].concat();
        let before = self.clients().len();
        let program = self.desktop.tool("xterm", &words);
        until(LONG, "a tmux client", || {
            (self.clients().len() > before).then_some(())
        });
        let window = self.desktop.window_of(&program);
        (program, window)
    }

    /// An xterm in which a command runs without tmux.
    fn plain(&self, title: &str, command: &[&str]) -> (Owned, u32) {
        let words = [&["-title", title, "-e"], command].concat();
        let program = self.desktop.tool("xterm", &words);
        let window = self.desktop.window_of(&program);
        (program, window)
    }

    /// A second real session, in a tmux session of this name; its pid.
    fn second(&self, name: &str) -> u32 {
        let exe = client::binary().expect("installed");
        let folder = self.home.path().join("code/payments");
        let (exe, folder) = (exe.to_string_lossy(), folder.to_string_lossy());
        let told = self.terminal.tmux_command(&[
            "new-session",
            "-d",
            "-P",
            "-F",
            "#{pane_pid}",
            "-s",
            name,
            "-c",
            &folder,
            "--",
            &exe,
        ]);
        let pid = told.trim().parse().expect("a pid");
        until(LONG, "the second session", || {
            let status = self.home.registry(pid)?["status"].clone();
            (status == "idle").then_some(())
        });
        pid
    }

    /// What each tmux client shows: `pid session pane`.
    fn clients(&self) -> Vec<String> {
        let format = "#{client_pid} #{session_name} #{pane_pid}";
        let told = self.terminal.tmux_command(&["list-clients", "-F", format]);
        told.lines().map(str::to_owned).collect()
    }

    /// What the client in an xterm shows: `session pane-pid`.
    fn shown_in(&self, xterm: &Owned) -> Option<String> {
        let below: Vec<u32> = xterm.process().tree().iter().map(|p| p.pid).collect();
        self.clients().iter().find_map(|line| {
            let (pid, shown) = line.split_once(' ')?;
            let pid: u32 = pid.parse().ok()?;
            below.contains(&pid).then(|| shown.to_owned())
        })
    }

    fn pid(&self) -> u32 {
        self.terminal.client().pid
    }

    /// `trusty jump`, with more in its environment and these settings.
    fn jump_with(&self, pid: u32, display: Option<&str>, jump: &str) -> Output {
        let mut command = trusty(&self.home);
        let settings = self.home.xdg_config().join("trusty/settings.toml");
        let text = format!("[discovery]\nconfine = true\n[jump]\n{jump}\n");
        fs::write(settings, text).expect("settings");
        command.args(["jump", &pid.to_string()]);
        command.envs(display.map(|display| ("DISPLAY", display)));
        command.output().expect("runs")
    }

    #[track_caller]
    fn jump(&self, pid: u32) {
        let output = self.jump_with(pid, None, "");
        assert!(output.status.success(), "{}", complaint(&output));
    }

    /// `POST /v1/sessions/{id}/jump`: the status line and the body.
    fn post(&self, pid: u32) -> (String, String) {
        let id = self.session(pid).id;
        let socket = self.home.runtime().join("trusty/trusty.sock");
        let mut stream = UnixStream::connect(socket).expect("served");
        write!(
            stream,
            "POST /v1/sessions/{id}/jump HTTP/1.1\r\nHost: trusty\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        )
        .expect("asked");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("answered");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let line = head.lines().next().unwrap_or_default().to_owned();
        (line, body.to_owned())
    }

    #[track_caller]
    fn session(&self, pid: u32) -> Session {
        let all = list(&self.home);
        let found = trusty_tests::trusty::session_of(&all, pid);
        serde_json::from_value(found.expect("listed")).expect("a session")
    }

    /// Whether its terminal is what its owner looks at.
    fn in_front(&self, pid: u32) -> bool {
        let around = Surroundings {
            home: self.home.path().into(),
            path: std::env::var_os("PATH"),
            tmux_folder: Some(self.home.tmux_tmpdir()),
            ..Surroundings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let session = self.session(pid);
        runtime
            .expect("a runtime")
            .block_on(in_front(&session, &around))
    }

    #[track_caller]
    fn wait_active(&self, window: u32) {
        until_is("the window in front", &Some(window), || {
            self.desktop.active_window()
        });
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn the_window_and_the_pane_of_the_session_come_to_the_front() {
    let Some(stage) = stage() else { return };
    let (first, second) = (stage.pid(), stage.second("other"));
    let (one, window_one) = stage.xterm("same", "work");
    let (two, window_two) = stage.xterm("same", "other");
    // Its session shows another window, and a split one at that.
    stage
        .terminal
        .tmux_command(&["split-window", "-t", "work", "sleep 600"]);
    stage
        .terminal
        .tmux_command(&["new-window", "-t", "work", "sleep 600"]);
    stage.desktop.activate(window_two);
    let wanted = Some(format!("work {first}"));
    let beside = Some(format!("other {second}"));
    assert_ne!(stage.shown_in(&one), wanted);
    assert!(!stage.in_front(first) && stage.in_front(second));

    stage.jump(first);
    assert_eq!(stage.desktop.active_window(), Some(window_one));
    assert_eq!(stage.shown_in(&one), wanted);
    assert_eq!(stage.shown_in(&two), beside, "the other one is left alone");
    assert!(stage.in_front(first) && !stage.in_front(second));

    // The same by an engine that knows no display of its own.
    let serving = serve(&stage.home);
    let (line, body) = stage.post(second);
    assert!(line.contains("204"), "{line} {body}");
    assert_eq!(stage.desktop.active_window(), Some(window_two));
    stage.jump(first);
    assert_eq!(stage.desktop.active_window(), Some(window_one));
    stage.jump(first);
    assert_eq!(stage.shown_in(&one), wanted);
    drop(serving);

    // Another pane of its window is active: nobody looks at it.
    stage
        .terminal
        .tmux_command(&["select-pane", "-t", "work:0.1"]);
    assert!(!stage.in_front(first));
    stage.jump(first);
    assert!(stage.in_front(first));
}

#[test]
fn the_client_used_last_is_switched_if_none_shows_the_session() {
    let Some(stage) = stage() else { return };
    let (first, second) = (stage.pid(), stage.second("other"));
    let (xterm, window) = stage.xterm("two", "other");
    let (_cover, covering) = stage.plain("cover", &["sleep", "600"]);
    stage.desktop.activate(covering);
    stage.jump(first);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert_eq!(stage.shown_in(&xterm), Some(format!("work {first}")));
    stage.jump(second);
    assert_eq!(stage.shown_in(&xterm), Some(format!("other {second}")));
}

#[test]
fn a_window_comes_out_of_its_icon_and_from_another_desktop() {
    let Some(stage) = stage() else { return };
    let exe = client::binary().expect("installed");
    let mut words = vec!["env".to_owned(), "-C".to_owned()];
    let folder = stage.home.path().join("code/payments");
    words.push(folder.to_string_lossy().into_owned());
    let env = stage.home.env(&stage.api).into_iter();
    words.extend(env.map(|(name, value)| format!("{name}={value}")));
    words.push(exe.to_string_lossy().into_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (xterm, window) = stage.plain("same", &words);
    let (_other, covering) = stage.plain("same", &["sleep", "600"]);
    let client = until(LONG, "the client", || xterm.process().find_exe(&exe));
    until(LONG, "its prompt", || {
        (stage.home.registry(client.pid)?["status"] == "idle").then_some(())
    });
    stage.desktop.activate(covering);
    stage.jump(client.pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert!(stage.in_front(client.pid));

    stage.desktop.minimise(window);
    stage.desktop.activate(covering);
    assert!(!stage.in_front(client.pid));
    stage.jump(client.pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert!(!stage.desktop.is_minimised(window));

    stage.desktop.move_to(window, 2);
    stage.desktop.activate(covering);
    assert_eq!(stage.desktop.shown_desktop(), Some(0));
    stage.jump(client.pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert_eq!(stage.desktop.shown_desktop(), Some(2));
    client.signal(Signal::KILL);
}

#[test]
fn a_detached_session_gets_a_terminal_of_the_owner_s_choice() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    // Nothing says where there is a display.
    let refused = stage.jump_with(pid, None, "");
    let told = complaint(&refused);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("there is no display here; attach to it with: "));
    assert!(told.ends_with("attach -t =work"), "{told}");
    // One that is nobody's.
    let refused = stage.jump_with(pid, Some(":65001"), "");
    let told = complaint(&refused);
    assert!(
        told.contains("the display :65001 cannot be reached"),
        "{told}"
    );
    let display = stage.desktop.display();
    let missing = stage.jump_with(pid, Some(display), "terminal = ['/nowhere/term', '-e']");
    assert_eq!(missing.status.code(), Some(3));
    assert!(complaint(&missing).contains("[jump] terminal ="));
    let broken = stage.jump_with(pid, Some(display), "terminal = ['false', '-e']");
    assert_eq!(broken.status.code(), Some(1));
    assert!(complaint(&broken).contains("false: it ended at once"));
    assert!(stage.clients().is_empty());

    let (_cover, covering) = stage.plain("cover", &["sleep", "600"]);
    stage.desktop.activate(covering);
    let settings = "terminal = ['xterm', '-title', 'chosen', '-e']";
    let opened = stage.jump_with(pid, Some(display), settings);
    assert!(opened.status.success(), "{}", complaint(&opened));
    let clients = stage.clients();
    assert_eq!(clients.len(), 1, "{clients:?}");
    assert!(clients[0].ends_with(&format!("work {pid}")), "{clients:?}");
    let viewer: u32 = clients[0]
        .split(' ')
        .next()
        .and_then(|w| w.parse().ok())
        .expect("a pid");
    let parent = fs::read_to_string(format!("/proc/{viewer}/stat")).expect("alive");
    let parent = parent
        .rsplit(')')
        .next()
        .and_then(|s| s.split_whitespace().nth(1)?.parse().ok());
    let window = stage
        .desktop
        .window_with(parent.expect("a parent"))
        .expect("a window");
    stage.wait_active(window);
    // Another jump takes what is there.
    stage.desktop.activate(covering);
    stage.jump(pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert_eq!(stage.clients(), clients);
}

#[test]
fn a_session_whose_window_has_gone_is_refused_with_words() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    let (xterm, window) = stage.xterm("one", "work");
    stage.jump(pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    drop(xterm);
    until(LONG, "no client", || {
        stage.clients().is_empty().then_some(())
    });
    let serving = serve(&stage.home);
    let (line, body) = stage.post(pid);
    assert!(line.contains("409"), "{line}");
    assert!(body.contains("\"code\":\"no-display\""), "{body}");
    let row = stage.session(pid).pending.expect("its row says why");
    assert!(
        row.failure
            .is_some_and(|why| why.contains("no display here"))
    );
    drop(serving);

    // A terminal that no window shows: this test's own.
    let folder = stage.home.path().join("code/payments");
    let bare = Terminal::open(Shape::PtyDirect, &stage.home, &stage.api, &folder, &[]);
    bare.wait_status(LONG, "idle");
    let refused = stage.jump_with(bare.client().pid, Some(stage.desktop.display()), "");
    let told = complaint(&refused);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("it has no window on"), "{told}");
    let client = ProcessRef::of(bare.client().pid).expect("alive");
    assert!(client.signal(Signal::KILL));
    until(LONG, "its end", || (!client.is_alive()).then_some(()));
    let ended = stage.jump_with(client.pid, None, "");
    assert_eq!(ended.status.code(), Some(1), "{}", complaint(&ended));
}
