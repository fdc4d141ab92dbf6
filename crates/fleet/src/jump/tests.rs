mod in_tmux;
mod on_mac;

use super::*;
use crate::terminal::ProcessAncestor;

/// A chain of parents, each written `pid:name` or `pid:/its/executable`.
fn chain(words: &str) -> Vec<ProcessAncestor> {
    let one = |word: &str| {
        let (pid, name) = word.split_once(':').expect("pid:name");
        ProcessAncestor {
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

fn window(id: u32, pid: u32, title: &str) -> WindowInfo {
    WindowInfo {
        id,
        pid: (pid > 0).then_some(pid),
        title: title.into(),
    }
}

/// Two xterms (10, 20), GNOME Terminal with two windows (30) and VS Code with two (40).
fn screen() -> ProcessDisplay {
    ProcessDisplay {
        x11: X11Server::Shown {
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
        wayland: None,
    }
}

fn holder(ancestors: &str) -> TerminalProcess {
    TerminalProcess {
        tty: Some("/dev/pts/3".into()),
        ancestors: chain(ancestors),
        screen: screen(),
        terminals: 1,
        ..TerminalProcess::default()
    }
}

fn place(runs: JumpTarget) -> JumpContext {
    JumpContext {
        runs,
        name: Some("payments".into()),
        folder: "/home/dev/payments".into(),
        workdir: "/home/dev/payments/api".into(),
        system: System::Linux,
        frontmost: None,
        opener: Some(vec!["/usr/bin/xterm".into(), "-e".into()]),
        tmux: Some("/usr/bin/tmux".into()),
    }
}

fn plain(holder: TerminalProcess) -> JumpContext {
    place(JumpTarget::Plain(Box::new(holder)))
}

fn raise(id: u32) -> JumpStep {
    JumpStep::Window {
        display: ":7".into(),
        id,
    }
}

fn steps(place: &JumpContext) -> Vec<JumpStep> {
    plan_jump(place).expect("a route").steps
}

fn told(place: &JumpContext) -> String {
    plan_jump(place).expect_err("no route").to_string()
}

#[test]
fn a_plain_terminal_is_found_by_process_variable_and_title() {
    for (ancestors, hint, title, expected) in [
        ("99:bash 10:xterm", None, "", Some(1)),
        // The variable names another program's window, or one long closed.
        ("99:bash 10:xterm", Some(2), "", Some(1)),
        ("99:bash 10:xterm", Some(77), "", Some(1)),
        // What started the terminal has a window too.
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
        let place = JumpContext {
            name: Some(title.into()),
            ..plain(holder)
        };
        let found = plan_jump(&place).ok().map(|route| route.steps);
        assert_eq!(found, expected.map(|id| vec![raise(id)]), "{ancestors}");
        assert_eq!(is_in_front(&place), expected == Some(1), "{ancestors}");
    }
}

#[test]
fn a_title_alone_is_no_certainty() {
    for (hint, certain) in [(Some(3), true), (None, false)] {
        let mut holder = holder("99:bash 30:gnome-terminal-");
        holder.hints.window = hint;
        let X11Server::Shown { active, .. } = &mut holder.screen.x11 else {
            panic!("no X server");
        };
        *active = Some(3);
        let place = plain(holder);
        let route = plan_jump(&place).expect("a route");
        assert_eq!(route.steps, [raise(3)]);
        assert_eq!(is_in_front(&place), certain);
        assert_eq!(
            route.doubt, None,
            "a title is certain enough to raise a window"
        );
    }
}

#[test]
fn two_windows_of_one_title_are_not_guessed() {
    let mut holder = holder("99:bash 30:gnome-terminal-server");
    let X11Server::Shown { windows, .. } = &mut holder.screen.x11 else {
        panic!("no X server");
    };
    windows.push(window(9, 30, "◐ payments"));
    assert_eq!(
        told(&plain(holder)),
        "could not raise GNOME Terminal: 3 windows may show this session, and nothing \
         distinguishes them; switch to the right one yourself"
    );
}

#[test]
fn tabs_are_told_of() {
    let tabs = TerminalProcess {
        terminals: 3,
        ..holder("99:bash 10:xterm")
    };
    let route = plan_jump(&plain(tabs.clone())).expect("a route");
    assert_eq!(route.steps, [raise(1)]);
    assert!(
        route
            .doubt
            .expect("a doubt")
            .contains("another of its tabs")
    );
    assert!(!is_in_front(&plain(tabs)));
}

#[test]
fn terminals_with_a_way_of_their_own_are_asked_first() {
    let kitty = KittyWindow {
        listens: "unix:/tmp/kitty".into(),
        window: 3,
        beside: None,
    };
    let wezterm = WezTermPane {
        socket: "/run/wezterm".into(),
        pane: 5,
        beside: None,
    };
    let hinted = |ancestors: &str| {
        let mut holder = holder(ancestors);
        holder.hints = TerminalHints {
            window: None,
            kitty: Some(kitty.clone()),
            wezterm: Some(wezterm.clone()),
        };
        holder.terminals = 4;
        holder
    };
    let route = plan_jump(&plain(hinted("99:bash 50:kitty"))).expect("a route");
    assert_eq!(route.steps, [JumpStep::Kitty(kitty.clone()), raise(7)]);
    assert_eq!(route.doubt, None);
    // WezTerm activates a pane, but no window; kitty does both, except under Wayland.
    let wayland = || ProcessDisplay {
        x11: X11Server::None,
        wayland: Some("wayland-0".into()),
    };
    for (ancestors, screen, step, doubt) in [
        (
            "99:bash 51:wezterm-gui",
            screen(),
            JumpStep::WezTerm(wezterm.clone()),
            Some("no window on :7"),
        ),
        (
            "99:bash 51:wezterm-gui",
            wayland(),
            JumpStep::WezTerm(wezterm.clone()),
            Some("Wayland does not let a program"),
        ),
        (
            "99:bash 52:kitty",
            screen(),
            JumpStep::Kitty(kitty.clone()),
            None,
        ),
        (
            "99:bash 52:kitty",
            wayland(),
            JumpStep::Kitty(kitty.clone()),
            Some("Wayland does not let a program"),
        ),
    ] {
        let mut holder = hinted(ancestors);
        holder.screen = screen;
        let route = plan_jump(&plain(holder)).expect("a route");
        assert_eq!(route.steps, [step]);
        match doubt {
            Some(words) => assert!(route.doubt.expect("a doubt").contains(words)),
            None => assert_eq!(route.doubt, None),
        }
    }
    // An xterm that was started in kitty.
    assert_eq!(
        steps(&plain(hinted("99:bash 10:xterm 98:bash 50:kitty"))),
        [raise(1)]
    );
    let code = TerminalProcess {
        editor: Some("/usr/share/code/bin/code".into()),
        ..holder("99:bash 41:/usr/share/code/code 40:/usr/share/code/code")
    };
    assert_eq!(
        steps(&plain(code)),
        [JumpStep::Folder {
            program: "/usr/share/code/bin/code".into(),
            folder: "/home/dev/payments".into(),
            display: Some(":7".into()),
            wayland: None,
        }]
    );
}

#[test]
fn what_cannot_be_raised_is_said() {
    let on = |screen: ProcessDisplay| TerminalProcess {
        screen,
        ..holder("99:bash 10:foot")
    };
    let wayland = ProcessDisplay {
        x11: X11Server::None,
        wayland: Some("wayland-0".into()),
    };
    let silent = ProcessDisplay {
        x11: X11Server::Unreachable(":7".into(), "does not respond".into()),
        wayland: None,
    };
    let console = TerminalProcess {
        tty: Some("/dev/tty2".into()),
        ..holder("99:bash 98:login")
    };
    for (runs, code, words) in [
        (
            JumpTarget::Ended,
            "no-such-session",
            "the session has exited",
        ),
        (JumpTarget::Headless, "headless", "runs without a terminal"),
        (JumpTarget::Background, "background", "run `claude attach`"),
        (JumpTarget::NoTerminal, "no-terminal", "terminal was closed"),
        (
            JumpTarget::SilentServer(JumpObstacle::NoTmux),
            "no-tmux",
            "tmux is not installed",
        ),
        (
            JumpTarget::SilentServer(JumpObstacle::Silent(
                "tmux did not answer within 1 s".into(),
            )),
            "tmux-silent",
            "tmux did not answer within 1 s",
        ),
        (
            JumpTarget::Plain(Box::new(holder("99:bash 97:mosh-server"))),
            "remote",
            "on another machine",
        ),
        (
            JumpTarget::Plain(Box::new(on(wayland))),
            "wayland",
            "could not raise foot: Wayland does not let",
        ),
        (
            JumpTarget::Plain(Box::new(on(silent))),
            "display-unreachable",
            "the display :7 does not respond",
        ),
        (
            JumpTarget::Plain(Box::new(on(ProcessDisplay::default()))),
            "no-display",
            "Trusty Bar runs without a display",
        ),
        (
            JumpTarget::Plain(Box::new(holder("99:bash 98:sshd"))),
            "remote",
            "on another machine",
        ),
        (
            JumpTarget::Plain(Box::new(console)),
            "console",
            "the text console /dev/tty2",
        ),
        (
            JumpTarget::Plain(Box::new(holder("99:bash 98:xterm"))),
            "no-window",
            "could not raise xterm: it has no window on :7",
        ),
    ] {
        let obstacle = plan_jump(&place(runs)).expect_err(words);
        assert_eq!(obstacle.code().as_str(), code);
        assert!(obstacle.to_string().contains(words), "{obstacle}");
    }
}

#[test]
fn a_terminal_is_opened_as_it_wants_it() {
    for (program, expected) in [
        ("xterm", "xterm -e"),
        ("/usr/bin/gnome-terminal", "/usr/bin/gnome-terminal --"),
        ("kitty", "kitty"),
        ("wezterm", "wezterm start --"),
        ("terminator", "terminator -x"),
        ("/opt/mine", "/opt/mine -e"),
    ] {
        assert_eq!(with_arguments(program).join(" "), expected);
    }
}
