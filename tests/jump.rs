//! The terminal of a real session comes to the front, with real tmux, xterm and X server.
#![cfg(target_os = "linux")]

#[path = "jump/opening.rs"]
mod opening;
#[path = "jump/stage.rs"]
mod stage;

use stage::{WAIT_TIMEOUT, stage};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use trusty_actions::jump::x11::{X11Display, read_display};
use trusty_tests::desktop::require_desktop;
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;
use trusty_tests::{ProcessRef, Signal, TerminalShape, TestHome, block_on, client, stderr_text};

#[test]
fn the_window_and_the_pane_of_the_session_come_to_the_front() {
    let Some(stage) = stage() else { return };
    let (first, second) = (stage.pid(), stage.second("other"));
    let (one, window_one) = stage.xterm("same", "work");
    let (two, window_two) = stage.xterm("same", "other");
    // The session's window is split, and its tmux session shows another window.
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

    // The same through an engine that knows no display of its own.
    let serving = serve(&stage.home);
    let raised = stage.post(second);
    assert_eq!(raised.status, 204, "{raised:?}");
    assert_eq!(stage.desktop.active_window(), Some(window_two));
    stage.jump(first);
    assert_eq!(stage.desktop.active_window(), Some(window_one));
    stage.jump(first);
    assert_eq!(stage.shown_in(&one), wanted);
    drop(serving);

    // Another pane of the window is active, so the session is not in front.
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
    words.push(stage.folder.to_string_lossy().into_owned());
    let env = stage.home.env(&stage.api).into_iter();
    words.extend(env.map(|(name, value)| format!("{name}={value}")));
    words.push(exe.to_string_lossy().into_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (xterm, window) = stage.plain("same", &words);
    let (_other, covering) = stage.plain("same", &["sleep", "600"]);
    let client = until(WAIT_TIMEOUT, "the client", || {
        xterm.process().find_exe(&exe)
    });
    until(WAIT_TIMEOUT, "its prompt", || {
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
fn a_session_whose_window_has_gone_is_refused_with_words() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    let (xterm, window) = stage.xterm("one", "work");
    stage.jump(pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    drop(xterm);
    until(WAIT_TIMEOUT, "no client", || {
        stage.clients().is_empty().then_some(())
    });
    let serving = serve(&stage.home);
    let refused = stage.post(pid);
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(refused.code(), "no-display");
    let row = stage.session(pid).pending.expect("its row says why");
    assert!(
        row.failure
            .is_some_and(|why| why.contains("Trusty Bar runs without a display"))
    );
    drop(serving);

    // A terminal that no window shows: the test's own pty.
    let bare = stage.open_at(TerminalShape::PtyDirect, &stage.folder, &[]);
    bare.wait_status(WAIT_TIMEOUT, "idle");
    let refused = stage.jump_with(bare.client().pid, Some(stage.desktop.display()), "");
    let told = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("it has no window on"), "{told}");
    let client = ProcessRef::of_pid(bare.client().pid).expect("alive");
    assert!(client.signal(Signal::KILL));
    until(WAIT_TIMEOUT, "its end", || {
        (!client.is_alive()).then_some(())
    });
    let ended = stage.jump_with(client.pid, None, "");
    assert_eq!(ended.status.code(), Some(1), "{}", stderr_text(&ended));
}

/// An X server that requires an authorization cookie.
struct LockedDisplay(std::process::Child);

impl Drop for LockedDisplay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_display_is_asked_with_its_key() {
    if !require_desktop() {
        return;
    }
    let home = TestHome::new();
    let keys = |name: &str, byte: u8| {
        let part = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
            [&length[..], bytes].concat()
        };
        let parts = [&b""[..], b"", b"MIT-MAGIC-COOKIE-1", &[byte; 16]].map(part);
        let entry = [vec![0xff, 0xff], parts.concat()].concat();
        let path = home.path().join(name);
        fs::write(&path, entry).expect("a file with a key");
        path
    };
    let (right, wrong) = (keys("right", 7), keys("wrong", 8));
    let mut server = Command::new("Xvfb");
    server.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-auth"]);
    server
        .arg(&right)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut server = LockedDisplay(server.spawn().expect("Xvfb"));
    let mut number = String::new();
    let out = server.0.stdout.take().expect("piped");
    BufReader::new(out)
        .read_line(&mut number)
        .expect("a number");
    let ask = |keys: Option<PathBuf>| {
        let name = format!(":{}", number.trim());
        let display = X11Display { name, keys };
        let asked = block_on(read_display(&display));
        asked.expect_err("no window manager").to_string()
    };
    // The server has answered: only a window manager is missing.
    assert_eq!(ask(Some(right)), "has no window manager that lists windows");
    for refused in [Some(wrong), Some("/nowhere".into()), None] {
        let told = ask(refused);
        assert!(told.starts_with("cannot be reached: "), "{told}");
    }
    assert!(ProcessRef::of_pid(server.0.id()).is_some_and(|p| p.signal(Signal::STOP)));
    let right = home.path().join("right");
    assert_eq!(ask(Some(right)), "does not respond");
}
