use super::*;
use crate::terminal::Ancestor;

/// A chain of parents: `pid:name` or `pid:/its/executable`.
fn chain(words: &str) -> Vec<Ancestor> {
    let one = |word: &str| {
        let (pid, name) = word.split_once(':').expect("pid:name");
        Ancestor {
            pid: pid.parse().expect("a pid"),
            name: name.rsplit('/').next().expect("a name").into(),
            exe: name.starts_with('/').then(|| name.into()),
            start: None,
            uid: None,
            seat: None,
        }
    };
    words.split_whitespace().map(one).collect()
}

fn window(id: u32, pid: u32, title: &str) -> Window {
    Window {
        id,
        pid: (pid > 0).then_some(pid),
        title: title.into(),
    }
}

/// Two xterms (10, 20), GNOME Terminal with two windows (30) and VS Code with two (40).
fn screen() -> Screen {
    Screen {
        x11: X11::Shown {
            display: ":7".into(),
            windows: vec![
                window(1, 10, "one"),
                window(2, 20, "two"),
                window(3, 30, "✳ payments"),
                window(4, 30, "◐ web"),
                window(5, 40, "a.rs - api - Visual Studio Code"),
                window(6, 40, "b.rs - web - Visual Studio Code"),
                window(7, 50, "kitty"),
                window(8, 0, "silent"),
            ],
            active: Some(1),
        },
        wayland: false,
    }
}

fn holder(ancestors: &str) -> Holder {
    Holder {
        tty: Some("/dev/pts/3".into()),
        ancestors: chain(ancestors),
        screen: screen(),
        terminals: 1,
        ..Holder::default()
    }
}

fn place(runs: Runs) -> Place {
    Place {
        runs,
        name: Some("payments".into()),
        folder: "/home/dev/payments".into(),
        system: System::Desktop,
        opener: Some(vec!["/usr/bin/xterm".into(), "-e".into()]),
        tmux: Some("/usr/bin/tmux".into()),
    }
}

fn plain(holder: Holder) -> Place {
    place(Runs::Plain(Box::new(holder)))
}

fn raise(id: u32) -> Step {
    Step::Window {
        display: ":7".into(),
        id,
    }
}

fn steps(place: &Place) -> Vec<Step> {
    plan_jump(place).expect("a route").steps
}

fn told(place: &Place) -> String {
    plan_jump(place).expect_err("none").to_string()
}

#[test]
fn a_plain_terminal_is_found_by_process_variable_and_title() {
    for (ancestors, hint, title, expected) in [
        ("99:bash 10:xterm", None, "", Some(1)),
        // What the variable names is another's, or long closed.
        ("99:bash 10:xterm", Some(2), "", Some(1)),
        ("99:bash 10:xterm", Some(77), "", Some(1)),
        // What started the terminal has a window, too.
        ("99:bash 12:xterm 20:xterm 40:code", None, "", Some(2)),
        ("99:bash 12:st 20:xterm", None, "", None),
        ("99:bash 20:unheard-of", None, "", Some(2)),
        ("99:bash 30:gnome-terminal-", Some(4), "payments", Some(4)),
        ("99:bash 30:gnome-terminal-", Some(1), "payments", Some(3)),
        ("99:bash 30:gnome-terminal-", None, "nothing", None),
        ("99:bash 12:urxvt", Some(8), "", Some(8)),
        ("99:bash 12:urxvt", Some(1), "", None),
        ("99:bash", None, "", None),
        ("", None, "", None),
    ] {
        let mut holder = holder(ancestors);
        holder.hints.window = hint;
        let place = Place {
            name: Some(title.into()),
            ..plain(holder)
        };
        let found = plan_jump(&place).ok().map(|route| route.steps);
        assert_eq!(found, expected.map(|id| vec![raise(id)]), "{ancestors}");
        assert_eq!(is_in_front(&place), expected == Some(1), "{ancestors}");
    }
}

#[test]
fn two_windows_of_one_title_are_not_guessed() {
    let mut holder = holder("99:bash 30:gnome-terminal-server");
    let X11::Shown { windows, .. } = &mut holder.screen.x11 else {
        panic!("shown");
    };
    windows.push(window(9, 30, "◐ payments"));
    assert_eq!(
        told(&plain(holder)),
        "could not raise GNOME Terminal: it has 3 windows and does not tell which of them shows \
         this session"
    );
}

#[test]
fn tabs_are_told_of() {
    let tabs = Holder {
        terminals: 3,
        ..holder("99:bash 10:xterm")
    };
    let route = plan_jump(&plain(tabs.clone())).expect("a route");
    assert_eq!(route.steps, [raise(1)]);
    assert!(route.doubt.expect("said").contains("several tabs"));
    assert!(!is_in_front(&plain(tabs)));
}

#[test]
fn terminals_with_a_way_of_their_own_are_asked_first() {
    let kitty = Kitty {
        listens: "unix:/tmp/kitty".into(),
        window: 3,
    };
    let wezterm = WezTerm {
        socket: "/run/wezterm".into(),
        pane: 5,
    };
    let hinted = |ancestors: &str| {
        let mut holder = holder(ancestors);
        holder.hints = Hints {
            window: None,
            kitty: Some(kitty.clone()),
            wezterm: Some(wezterm.clone()),
        };
        holder.terminals = 4;
        holder
    };
    let route = plan_jump(&plain(hinted("99:bash 50:kitty"))).expect("a route");
    assert_eq!(route.steps, [Step::Kitty(kitty.clone()), raise(7)]);
    assert_eq!(route.doubt, None);
    let wayland = Holder {
        screen: Screen {
            x11: X11::None,
            wayland: true,
        },
        ..hinted("99:bash 51:wezterm-gui")
    };
    assert_eq!(steps(&plain(wayland)), [Step::WezTerm(wezterm.clone())]);
    // An xterm that was started in kitty.
    assert_eq!(
        steps(&plain(hinted("99:bash 10:xterm 98:bash 50:kitty"))),
        [raise(1)]
    );
    let code = Holder {
        editor: Some("/usr/share/code/bin/code".into()),
        ..holder("99:bash 41:/usr/share/code/code 40:/usr/share/code/code")
    };
    assert_eq!(
        steps(&plain(code)),
        [Step::Folder {
            program: "/usr/share/code/bin/code".into(),
            folder: "/home/dev/payments".into()
        }]
    );
}

#[test]
fn what_cannot_be_raised_is_said() {
    let on = |screen: Screen| Holder {
        screen,
        ..holder("99:bash 10:foot")
    };
    let wayland = Screen {
        x11: X11::None,
        wayland: true,
    };
    let silent = Screen {
        x11: X11::Unreachable(":7".into(), "does not answer".into()),
        wayland: false,
    };
    let console = Holder {
        tty: Some("/dev/tty2".into()),
        ..holder("99:bash 98:login")
    };
    for (runs, code, words) in [
        (Runs::Ended, "ended", "it has ended"),
        (Runs::Headless, "headless", "it runs without a terminal"),
        (Runs::Background, "background", "claude attach shows it"),
        (Runs::Nowhere, "no-terminal", "no terminal any more"),
        (
            Runs::Plain(Box::new(on(wayland))),
            "wayland",
            "could not raise foot: Wayland lets",
        ),
        (
            Runs::Plain(Box::new(on(silent))),
            "display-unreachable",
            "the display :7 does not answer",
        ),
        (
            Runs::Plain(Box::new(on(Screen::default()))),
            "no-display",
            "there is no display here",
        ),
        (
            Runs::Plain(Box::new(holder("99:bash 98:sshd"))),
            "remote",
            "on another machine",
        ),
        (
            Runs::Plain(Box::new(console)),
            "console",
            "the text console /dev/tty2",
        ),
        (
            Runs::Plain(Box::new(holder("99:bash 98:xterm"))),
            "no-window",
            "could not raise xterm: it has no window on :7",
        ),
    ] {
        let obstacle = plan_jump(&place(runs)).expect_err(words);
        assert_eq!(obstacle.code(), code);
        assert!(obstacle.to_string().contains(words), "{obstacle}");
    }
}

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
    let words = "/usr/bin/xterm -e /usr/bin/tmux -S /tmp/tmux-1/default attach -t =work";
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
        "tmux shows it on /1, but its terminal is on another machine, over SSH"
    );
    let nowhere = Pane {
        home: Screen::default(),
        ..pane(Vec::new())
    };
    assert_eq!(
        told(&tmux(nowhere)),
        "no window shows it, and there is no display here; attach to it with: /usr/bin/tmux -S \
         /tmp/tmux-1/default attach -t =work"
    );
    let none = Place {
        opener: None,
        ..tmux(pane(Vec::new()))
    };
    assert!(told(&none).contains("[jump] terminal = "));
    assert_eq!(plan_jump(&none).expect_err("none").code(), "no-opener");
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
    assert_eq!(words.last().expect("a word"), "=a; rm -rf ~ \"x\"");
}

#[test]
fn macs_raise_by_device() {
    let mac = |ancestors: &str, editor: Option<&str>| Place {
        system: System::Mac,
        ..plain(Holder {
            tty: Some("/dev/ttys003".into()),
            screen: Screen::default(),
            editor: editor.map(PathBuf::from),
            ..holder(ancestors)
        })
    };
    let tty = || "/dev/ttys003".to_owned();
    let ghostty = Tab::Ghostty {
        tty: tty(),
        folder: "/home/dev/payments".into(),
    };
    for (ancestors, tab) in [
        ("9:zsh 8:Terminal", Tab::Terminal(tty())),
        ("9:zsh 8:iTermServer-3.5", Tab::ITerm(tty())),
        ("9:zsh 8:Ghostty", ghostty),
    ] {
        assert_eq!(steps(&mac(ancestors, None)), [Step::Tab(tab)]);
    }
    let code = steps(&mac("9:zsh 8:Code", Some("/A/code")));
    assert!(matches!(code[..], [Step::Folder { .. }]));
    assert_eq!(
        told(&mac("9:zsh 8:Warp", None)),
        "could not raise Warp: it takes no commands that say which window is meant"
    );
}

#[test]
fn a_terminal_is_opened_as_it_wants_it() {
    for (program, expected) in [
        ("xterm", "xterm -e"),
        ("/usr/bin/gnome-terminal", "/usr/bin/gnome-terminal --"),
        ("kitty", "kitty"),
        ("wezterm", "wezterm start --"),
        ("/opt/mine", "/opt/mine -e"),
    ] {
        assert_eq!(with_arguments(program).join(" "), expected);
    }
}
