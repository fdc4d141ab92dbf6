//! A terminal is opened only where none shows the session.

use crate::stage::stage;
use std::fs;
use trusty_tests::stderr_text;
use trusty_tests::trusty::{configure, serve_with};

#[test]
fn a_detached_session_gets_a_terminal_of_the_owner_s_choice() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    // Nothing names a display.
    let refused = stage.jump_with(pid, None, "");
    let told = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("Trusty Bar runs without a display; attach with: "));
    assert!(told.ends_with("attach -t '=work'"), "{told}");
    // A display that no server has.
    let refused = stage.jump_with(pid, Some(":65001"), "");
    let told = stderr_text(&refused);
    assert!(
        told.contains("the display :65001 cannot be reached"),
        "{told}"
    );
    let display = stage.desktop.display();
    let missing = stage.jump_with(pid, Some(display), "terminal = ['/nowhere/term', '-e']");
    assert_eq!(missing.status.code(), Some(3));
    assert!(stderr_text(&missing).contains("[jump] terminal ="));
    let broken = stage.jump_with(pid, Some(display), "terminal = ['false', '-e']");
    assert_eq!(broken.status.code(), Some(1));
    assert!(stderr_text(&broken).contains("false: the program exited at once"));
    assert!(stage.clients().is_empty());

    let (_cover, covering) = stage.plain("cover", &["sleep", "600"]);
    stage.desktop.activate(covering);
    let settings = "terminal = ['xterm', '-title', 'chosen', '-e']";
    let opened = stage.jump_with(pid, Some(display), settings);
    assert!(opened.status.success(), "{}", stderr_text(&opened));
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
    // Another jump raises the window that is there.
    stage.desktop.activate(covering);
    stage.jump(pid);
    assert_eq!(stage.desktop.active_window(), Some(window));
    assert_eq!(stage.clients(), clients);
}

#[test]
fn a_session_whose_display_is_gone_gets_a_terminal_on_ours() {
    let Some(stage) = stage() else { return };
    let pid = stage.second_with("$left", "DISPLAY=:65001");
    let told = stderr_text(&stage.jump_with(pid, None, ""));
    assert!(told.contains("the display :65001 cannot be reached"));
    let display = stage.desktop.display();
    let settings = "terminal = ['xterm', '-e']";
    let opened = stage.jump_with(pid, Some(display), settings);
    assert!(opened.status.success(), "{}", stderr_text(&opened));
    let clients = stage.clients();
    assert_eq!(clients.len(), 1, "{clients:?}");
    assert!(clients[0].ends_with(&format!("$left {pid}")), "{clients:?}");
}

#[test]
fn two_clicks_open_one_terminal() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    let settings = "[jump]\nterminal = ['xterm', '-e']\n";
    configure(&stage.home, settings);
    let serving = serve_with(&stage.home, [("DISPLAY", stage.desktop.display())]);
    let id = stage.session(pid).id;
    let told = std::thread::scope(|scope| {
        let click = || scope.spawn(|| stage.post_to(&id.to_string()));
        [click(), click(), click()].map(|click| click.join().expect("answered"))
    });
    for response in told {
        assert_eq!(response.status, 204, "{response:?}");
    }
    assert_eq!(stage.clients().len(), 1, "{:?}", stage.clients());
    drop(serving);
}

#[test]
fn what_shows_it_in_another_tmux_is_named_and_not_doubled() {
    let Some(stage) = stage() else { return };
    let pid = stage.pid();
    // A terminal that cannot be raised: a pane of a tmux server without clients.
    let words = "'tmux', '-L', 'outer', 'new-session', '-d', '--', 'env', '-u', 'TMUX'";
    let settings = format!("terminal = [{words}]");
    let display = Some(stage.desktop.display());
    let opened = stage.jump_with(pid, display, &settings);
    let told = stderr_text(&opened);
    assert_eq!(opened.status.code(), Some(1), "{told}");
    let why = "the session's tmux runs inside another tmux";
    let expected = format!("opened a terminal that shows the session, but {why}");
    assert!(told.contains(&expected), "{told}");
    let clients = stage.clients();
    assert_eq!(clients.len(), 1, "{clients:?}");

    let refused = stage.jump_with(pid, display, &settings);
    let told = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("tmux shows the session on /dev/"), "{told}");
    assert!(told.contains(why), "{told}");
    assert_eq!(stage.clients(), clients, "no other one is opened");
}
