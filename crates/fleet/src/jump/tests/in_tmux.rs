//! Sessions in panes of tmux servers.

use super::*;

fn client(tty: &str, session: &str, activity: u64, ancestors: &str) -> Client {
    let (window, pane) = if session == "$0" {
        ("@0", "%0")
    } else {
        ("@9", "%9")
    };
    Client {
        tty: tty.into(),
        session: session.into(),
        session_name: "other".into(),
        window: window.into(),
        pane: pane.into(),
        activity,
        sight: Sight::Whole,
        holder: holder(ancestors),
    }
}

fn link(session: &str, name: &str, current: bool) -> Link {
    Link {
        session: session.into(),
        name: name.into(),
        current,
    }
}

fn pane(clients: Vec<Client>) -> Pane {
    Pane {
        socket: "/tmp/tmux-1/default".into(),
        pane: "%0".into(),
        window: "@0".into(),
        active: true,
        links: vec![link("$0", "work", true)],
        clients,
        home: screen(),
    }
}

fn tmux(pane: Pane) -> Place {
    place(Runs::Tmux(Box::new(pane)))
}

fn switch(client: &str) -> Step {
    Step::SwitchClient {
        client: client.into(),
        session: "$0".into(),
    }
}

const X1: &str = "99:bash 10:xterm";
const X2: &str = "98:bash 20:xterm";

#[test]
fn the_client_that_shows_the_session_is_taken() {
    // The other one was used later, and goes on showing what it shows.
    let both = vec![client("/1", "$0", 1, X2), client("/2", "$5", 9, X1)];
    assert_eq!(steps(&tmux(pane(both.clone()))), [raise(2)]);
    assert!(!is_in_front(&tmux(pane(both))));
    let first = vec![client("/1", "$0", 1, X1), client("/2", "$0", 9, X2)];
    assert_eq!(steps(&tmux(pane(first.clone()))), [raise(2)], "used later");
    assert!(is_in_front(&tmux(pane(first))), "the other shows it, too");
    // One that shows the very pane before one used later that shows another window.
    let mut aside = client("/2", "$4", 9, X2);
    aside.window = "@7".into();
    let linked = Pane {
        links: vec![link("$0", "work", true), link("$4", "linked", false)],
        ..pane(vec![aside.clone(), client("/1", "$0", 1, X1)])
    };
    assert_eq!(steps(&tmux(linked)), [raise(1)]);
    // A session that only links the window shows it as well.
    let linked = Pane {
        links: vec![link("$0", "work", true), link("$4", "linked", false)],
        active: false,
        ..pane(vec![aside])
    };
    let select = Step::SelectWindow {
        session: "$4".into(),
        window: "@0".into(),
    };
    assert_eq!(
        steps(&tmux(linked)),
        [select, Step::SelectPane("%0".into()), raise(2)]
    );
}

#[test]
fn another_client_is_switched_only_if_none_shows_the_session() {
    let others = vec![
        client("/1", "$5", 3, X1),
        client("/2", "$5", 9, "97:bash 96:sshd"),
        client("/3", "$5", 4, X2),
    ];
    let hidden = Pane {
        links: vec![link("$0", "work", false)],
        ..pane(others)
    };
    let select = Step::SelectWindow {
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
    // Neither one put aside, nor one whose terminal draws tmux's windows itself.
    let mut clients = vec![client("/1", "$5", 3, X1), client("/3", "$5", 4, X2)];
    clients[0].sight = Sight::Suspended;
    clients[1].sight = Sight::Control;
    assert!(matches!(steps(&tmux(pane(clients)))[..], [Step::Open(_)]));
}

#[test]
fn a_detached_one_gets_a_terminal() {
    let words = "/usr/bin/xterm -e /usr/bin/tmux -S /tmp/tmux-1/default attach -t $0";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    assert_eq!(steps(&tmux(pane(Vec::new()))), [Step::Open(words.clone())]);
    // The only client that shows it is far away, one near shows something else: that stays.
    let far = vec![
        client("/1", "$0", 1, "97:bash 96:sshd"),
        client("/2", "$5", 9, X1),
    ];
    assert_eq!(steps(&tmux(pane(far.clone()))), [Step::Open(words)]);
    let nowhere = Pane {
        home: Screen::default(),
        ..pane(far)
    };
    assert_eq!(
        told(&tmux(nowhere)),
        "tmux shows the session on /1, but the session's terminal is on another machine (SSH)"
    );
    let nowhere = Pane {
        home: Screen::default(),
        ..pane(Vec::new())
    };
    assert_eq!(
        told(&tmux(nowhere)),
        "no window shows the session, and no display is available; attach with: /usr/bin/tmux -S \
         /tmp/tmux-1/default attach -t '=work'"
    );
    let none = Place {
        opener: None,
        ..tmux(pane(Vec::new()))
    };
    assert!(told(&none).contains("[jump] terminal = "));
    assert_eq!(
        plan_jump(&none).expect_err("none").code().as_str(),
        "no-opener"
    );
}

#[test]
fn what_shows_it_but_cannot_be_raised_is_named_and_not_doubled() {
    let wayland = Screen {
        x11: X11::None,
        wayland: Some("wayland-0".into()),
    };
    let on = |screen: Screen, ancestors: &str| {
        let mut client = client("/1", "$0", 1, ancestors);
        client.holder.screen = screen;
        client
    };
    let beside = |name: &str| Screen {
        x11: X11::Shown {
            display: name.into(),
            windows: Vec::new(),
            active: None,
        },
        wayland: None,
    };
    let dead = Screen {
        x11: X11::Unreachable(":9".into(), "cannot be reached".into()),
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
        (on(beside(":7.0"), X1), Some("no-window")),
        // Nobody at this desk sees those.
        (on(screen(), "99:bash 12:sshd"), None),
        (on(dead, X1), None),
        (on(beside(":8"), X1), None),
        (on(Screen::default(), X1), None),
    ] {
        // One far away hides nothing.
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
    let strange = Pane {
        links: vec![link("$0", "a; rm -rf ~ \"x\"", true)],
        ..pane(Vec::new())
    };
    let Some(Step::Open(words)) = steps(&tmux(strange)).pop() else {
        panic!("opened");
    };
    assert_eq!(words.last().expect("a word"), "$0");
    for (name, typed) in [
        ("a; rm -rf ~ \"x\"", "'=a; rm -rf ~ \"x\"'"),
        ("it's", "'=it'\\''s'"),
        ("$5", "'$0'"),
    ] {
        let nowhere = Pane {
            links: vec![link("$0", name, true)],
            home: Screen::default(),
            ..pane(Vec::new())
        };
        let told = told(&tmux(nowhere));
        assert!(told.ends_with(&format!("attach -t {typed}")), "{told}");
    }
}
