//! Sessions in panes of tmux servers.

use super::*;

fn client(tty: &str, session: &str, activity: u64, ancestors: &str) -> TmuxClient {
    let (window, pane) = if session == "$0" {
        ("@0", "%0")
    } else {
        ("@9", "%9")
    };
    TmuxClient {
        tty: tty.into(),
        session: session.into(),
        session_name: "other".into(),
        window: window.into(),
        pane: pane.into(),
        activity,
        sight: TmuxClientMode::Whole,
        holder: holder(ancestors),
    }
}

fn link(session: &str, name: &str, current: bool) -> LinkedTmuxSession {
    LinkedTmuxSession {
        session: session.into(),
        name: name.into(),
        current,
    }
}

fn pane(clients: Vec<TmuxClient>) -> TmuxLocation {
    TmuxLocation {
        socket: "/tmp/tmux-1/default".into(),
        pane: "%0".into(),
        window: "@0".into(),
        active: true,
        links: vec![link("$0", "work", true)],
        clients,
        home: screen(),
    }
}

fn tmux(pane: TmuxLocation) -> JumpContext {
    place(JumpTarget::Tmux(Box::new(pane)))
}

fn switch(client: &str) -> JumpStep {
    JumpStep::SwitchClient {
        client: client.into(),
        session: "$0".into(),
    }
}

const FIRST_XTERM_CHAIN: &str = "99:bash 10:xterm";
const SECOND_XTERM_CHAIN: &str = "98:bash 20:xterm";

#[test]
fn the_client_that_shows_the_session_is_taken() {
    // The other client was used later, and keeps showing what it shows.
    let both = vec![
        client("/1", "$0", 1, SECOND_XTERM_CHAIN),
        client("/2", "$5", 9, FIRST_XTERM_CHAIN),
    ];
    assert_eq!(steps(&tmux(pane(both.clone()))), [raise(2)]);
    assert!(!is_in_front(&tmux(pane(both))));
    let first = vec![
        client("/1", "$0", 1, FIRST_XTERM_CHAIN),
        client("/2", "$0", 9, SECOND_XTERM_CHAIN),
    ];
    assert_eq!(
        steps(&tmux(pane(first.clone()))),
        [raise(2)],
        "the client used later is raised"
    );
    assert!(
        is_in_front(&tmux(pane(first))),
        "the first client shows the pane too"
    );
    // A client that shows the very pane comes before one used later that shows another window.
    let mut aside = client("/2", "$4", 9, SECOND_XTERM_CHAIN);
    aside.window = "@7".into();
    let linked = TmuxLocation {
        links: vec![link("$0", "work", true), link("$4", "linked", false)],
        ..pane(vec![
            aside.clone(),
            client("/1", "$0", 1, FIRST_XTERM_CHAIN),
        ])
    };
    assert_eq!(steps(&tmux(linked)), [raise(1)]);
    // A session that only links the window shows the pane as well.
    let linked = TmuxLocation {
        links: vec![link("$0", "work", true), link("$4", "linked", false)],
        active: false,
        ..pane(vec![aside])
    };
    let select = JumpStep::SelectWindow {
        session: "$4".into(),
        window: "@0".into(),
    };
    assert_eq!(
        steps(&tmux(linked)),
        [select, JumpStep::SelectPane("%0".into()), raise(2)]
    );
}

#[test]
fn another_client_is_switched_only_if_none_shows_the_session() {
    let others = vec![
        client("/1", "$5", 3, FIRST_XTERM_CHAIN),
        client("/2", "$5", 9, "97:bash 96:sshd"),
        client("/3", "$5", 4, SECOND_XTERM_CHAIN),
    ];
    let hidden = TmuxLocation {
        links: vec![link("$0", "work", false)],
        ..pane(others)
    };
    let select = JumpStep::SelectWindow {
        session: "$0".into(),
        window: "@0".into(),
    };
    let route = plan_jump(&tmux(hidden)).expect("a route");
    assert_eq!(route.steps, [select, switch("/3"), raise(2)]);
    assert!(
        route.reason.contains("/3 was used last"),
        "{}",
        route.reason
    );
    // Neither a suspended client, nor one whose terminal draws tmux's windows itself.
    let mut clients = vec![
        client("/1", "$5", 3, FIRST_XTERM_CHAIN),
        client("/3", "$5", 4, SECOND_XTERM_CHAIN),
    ];
    clients[0].sight = TmuxClientMode::Suspended;
    clients[1].sight = TmuxClientMode::Control;
    assert!(matches!(
        steps(&tmux(pane(clients)))[..],
        [JumpStep::Open(_)]
    ));
}

#[test]
fn a_detached_one_gets_a_terminal() {
    let words = "/usr/bin/xterm -e /usr/bin/tmux -S /tmp/tmux-1/default attach -t $0";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    assert_eq!(
        steps(&tmux(pane(Vec::new()))),
        [JumpStep::Open(words.clone())]
    );
    // The only client that shows the session is remote; a local one shows something else and stays.
    let far = vec![
        client("/1", "$0", 1, "97:bash 96:sshd"),
        client("/2", "$5", 9, FIRST_XTERM_CHAIN),
    ];
    assert_eq!(steps(&tmux(pane(far.clone()))), [JumpStep::Open(words)]);
    let nowhere = TmuxLocation {
        home: ProcessDisplay::default(),
        ..pane(far)
    };
    assert_eq!(
        told(&tmux(nowhere)),
        "tmux shows the session on /1, but the session's terminal is on another machine (SSH)"
    );
    let nowhere = TmuxLocation {
        home: ProcessDisplay::default(),
        ..pane(Vec::new())
    };
    assert_eq!(
        told(&tmux(nowhere)),
        "no window shows the session, and Trusty Bar runs without a display; attach with: \
         /usr/bin/tmux -S /tmp/tmux-1/default attach -t '=work'"
    );
    let none = JumpContext {
        opener: None,
        ..tmux(pane(Vec::new()))
    };
    assert!(told(&none).contains("[jump] terminal = "));
    assert_eq!(
        plan_jump(&none).expect_err("no route").code().as_str(),
        "no-opener"
    );
}

#[test]
fn what_shows_it_but_cannot_be_raised_is_named_and_not_doubled() {
    let wayland = ProcessDisplay {
        x11: X11Server::None,
        wayland: Some("wayland-0".into()),
    };
    let on = |screen: ProcessDisplay, ancestors: &str| {
        let mut client = client("/1", "$0", 1, ancestors);
        client.holder.screen = screen;
        client
    };
    let beside = |name: &str| ProcessDisplay {
        x11: X11Server::Shown {
            display: name.into(),
            windows: Vec::new(),
            active: None,
        },
        wayland: None,
    };
    let dead = ProcessDisplay {
        x11: X11Server::Unreachable(":9".into(), "cannot be reached".into()),
        wayland: None,
    };
    for (shows, code) in [
        (on(wayland.clone(), "99:bash 12:foot"), Some("wayland")),
        (
            on(screen(), "99:bash 30:gnome-terminal-"),
            Some("ambiguous-window"),
        ),
        (on(screen(), "99:bash 12:xterm"), Some("no-window")),
        (on(screen(), "99:bash 12:tmux"), Some("nested")),
        (on(beside(":7.0"), FIRST_XTERM_CHAIN), Some("no-window")),
        // The user at this desk sees none of these.
        (on(screen(), "99:bash 12:sshd"), None),
        (on(dead, FIRST_XTERM_CHAIN), None),
        (on(beside(":8"), FIRST_XTERM_CHAIN), None),
        (on(ProcessDisplay::default(), FIRST_XTERM_CHAIN), None),
    ] {
        // A remote client hides nothing.
        let far = client("/2", "$0", 9, "97:bash 96:sshd");
        let place = tmux(pane(vec![far, shows]));
        match (plan_jump(&place), code) {
            (Err(why), Some(code)) => {
                assert_eq!(why.code().as_str(), code);
                assert!(
                    why.to_string()
                        .starts_with("tmux shows the session on /1, but")
                );
            }
            (Ok(route), None) => assert!(route.opens(), "{route:?}"),
            (other, code) => panic!("{other:?} for {code:?}"),
        }
    }
}

#[test]
fn names_of_tmux_sessions_are_one_argument() {
    let strange = TmuxLocation {
        links: vec![link("$0", "a; rm -rf ~ \"x\"", true)],
        ..pane(Vec::new())
    };
    let Some(JumpStep::Open(words)) = steps(&tmux(strange)).pop() else {
        panic!("no terminal is opened");
    };
    assert_eq!(words.last().expect("a word"), "$0");
    for (name, typed) in [
        ("a; rm -rf ~ \"x\"", "'=a; rm -rf ~ \"x\"'"),
        ("it's", "'=it'\\''s'"),
        ("$5", "'$0'"),
    ] {
        let nowhere = TmuxLocation {
            links: vec![link("$0", name, true)],
            home: ProcessDisplay::default(),
            ..pane(Vec::new())
        };
        let told = told(&tmux(nowhere));
        assert!(told.ends_with(&format!("attach -t {typed}")), "{told}");
    }
}
