//! Terminals on a Mac.

use super::*;

const MAC_TTY: &str = "/dev/ttys003";
const CODE_HELPER: &str =
    "/Applications/Code.app/Contents/Frameworks/CodeHelper.app/Contents/MacOS/code";

/// A process on a Mac whose app has this many terminals.
fn mac_holder(ancestors: &str, terminals: usize) -> TerminalProcess {
    TerminalProcess {
        tty: Some(MAC_TTY.into()),
        screen: ProcessDisplay::default(),
        terminals,
        ..holder(ancestors)
    }
}

fn on_mac(runs: JumpTarget) -> JumpContext {
    JumpContext {
        system: System::Mac,
        opener: None,
        ..place(runs)
    }
}

fn mac(holder: TerminalProcess) -> JumpContext {
    on_mac(JumpTarget::Plain(Box::new(holder)))
}

fn forward(name: &str, path: Option<&str>, identifier: Option<&'static str>) -> JumpStep {
    JumpStep::BringForward(MacApp {
        name: name.into(),
        path: path.map(PathBuf::from),
        identifier,
    })
}

fn by_identifier(name: &str, id: &'static str) -> JumpStep {
    forward(name, None, Some(id))
}

#[test]
fn terminals_that_can_be_asked_for_a_tab_are_asked_by_device() {
    let tty = || MAC_TTY.to_owned();
    let ghostty = TerminalTab::Ghostty {
        tty: tty(),
        folder: "/home/dev/payments/api".into(),
    };
    for (ancestors, tab, bundle) in [
        (
            "9:zsh 8:login 7:/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal",
            TerminalTab::Terminal(tty()),
            "com.apple.Terminal",
        ),
        (
            "9:zsh 8:iTermServer-3.5",
            TerminalTab::ITerm(tty()),
            "com.googlecode.iterm2",
        ),
        ("9:zsh 8:Ghostty", ghostty, "com.mitchellh.ghostty"),
    ] {
        assert_eq!((tab.bundle(), tab.tty()), (bundle, MAC_TTY));
        let route = plan_jump(&mac(mac_holder(ancestors, 7))).expect("a route");
        assert_eq!((route.steps, route.doubt), (vec![JumpStep::Tab(tab)], None));
    }
}

#[test]
fn of_other_apps_only_the_app_comes_to_the_front_and_the_user_is_told_so() {
    let tab = |app: &str| Some(format!("{app} is in front; find its tab yourself"));
    let terminal = |app: &str| Some(format!("{app} is in front; find its terminal yourself"));
    for (ancestors, terminals, step, doubt) in [
        (
            "9:zsh 8:/Applications/Alacritty.app/Contents/MacOS/alacritty",
            2,
            forward(
                "Alacritty",
                Some("/Applications/Alacritty.app"),
                Some("org.alacritty"),
            ),
            tab("Alacritty"),
        ),
        // The app has one terminal, so its window shows the session.
        (
            "9:zsh 8:/Applications/Alacritty.app/Contents/MacOS/alacritty",
            1,
            forward(
                "Alacritty",
                Some("/Applications/Alacritty.app"),
                Some("org.alacritty"),
            ),
            None,
        ),
        (
            "9:zsh 8:kitty",
            0,
            by_identifier("kitty", "net.kovidgoyal.kitty"),
            tab("kitty"),
        ),
        (
            "9:zsh 8:/Applications/Zed.app/Contents/MacOS/zed",
            1,
            forward("Zed", Some("/Applications/Zed.app"), Some("dev.zed.Zed")),
            terminal("Zed"),
        ),
        // An editor without its command for folders.
        (
            &format!("9:zsh 8:{CODE_HELPER}"),
            1,
            forward(
                "VS Code",
                Some("/Applications/Code.app"),
                Some("com.microsoft.VSCode"),
            ),
            terminal("VS Code"),
        ),
        (
            "9:zsh 8:/Users/dev/Apps/PyCharm.app/Contents/MacOS/pycharm",
            1,
            forward(
                "PyCharm",
                Some("/Users/dev/Apps/PyCharm.app"),
                Some("com.jetbrains.pycharm"),
            ),
            terminal("PyCharm"),
        ),
        // An app that is not known.
        (
            "9:zsh 8:/opt/Unheard.app/Contents/Helpers/Inner.app/Contents/MacOS/inner",
            3,
            forward("Unheard", Some("/opt/Unheard.app"), None),
            tab("Unheard"),
        ),
    ] {
        let route = plan_jump(&mac(mac_holder(ancestors, terminals))).expect("a route");
        assert_eq!(
            (route.steps, route.doubt),
            (vec![step], doubt),
            "{ancestors}"
        );
    }
    let refused = plan_jump(&mac(mac_holder("9:zsh 8:unheard-of", 1))).expect_err("no app");
    assert_eq!(refused.code().as_str(), "no-script");
}

#[test]
fn kitty_and_wezterm_select_the_tab_before_the_app_comes_to_the_front() {
    let kitty = KittyWindow {
        listens: "unix:/tmp/kitty".into(),
        window: 3,
        beside: None,
    };
    let wezterm = WezTermPane {
        socket: "/tmp/wezterm".into(),
        pane: 5,
        beside: None,
    };
    for (ancestors, step, raise) in [
        (
            "9:zsh 8:kitty",
            JumpStep::Kitty(kitty.clone()),
            by_identifier("kitty", "net.kovidgoyal.kitty"),
        ),
        (
            "9:zsh 8:/Applications/WezTerm.app/Contents/MacOS/wezterm-gui",
            JumpStep::WezTerm(wezterm.clone()),
            forward(
                "WezTerm",
                Some("/Applications/WezTerm.app"),
                Some("com.github.wez.wezterm"),
            ),
        ),
    ] {
        let mut holder = mac_holder(ancestors, 4);
        holder.hints.kitty = Some(kitty.clone());
        holder.hints.wezterm = Some(wezterm.clone());
        let route = plan_jump(&mac(holder)).expect("a route");
        assert_eq!((route.steps, route.doubt), (vec![step, raise], None));
    }
}

#[test]
fn an_editor_shows_the_window_of_the_folder() {
    let holder = TerminalProcess {
        editor: Some("/A/code".into()),
        ..mac_holder(&format!("9:zsh 8:{CODE_HELPER}"), 1)
    };
    let route = plan_jump(&mac(holder)).expect("a route");
    assert!(
        matches!(
            &route.steps[..],
            [JumpStep::Folder { folder, .. }, JumpStep::BringForward(_)]
                if folder == Path::new("/home/dev/payments")
        ),
        "{route:?}"
    );
    let doubt = route.doubt.expect("a doubt");
    assert_eq!(doubt, "VS Code is in front; find its terminal yourself");
}

fn tmux_client(sight: TmuxClientMode, ancestors: &str) -> TmuxClient {
    TmuxClient {
        tty: MAC_TTY.into(),
        session: "$0".into(),
        session_name: "work".into(),
        window: "@0".into(),
        pane: "%0".into(),
        activity: 1,
        sight,
        holder: mac_holder(ancestors, 1),
    }
}

fn in_pane(clients: Vec<TmuxClient>) -> JumpContext {
    on_mac(JumpTarget::Tmux(Box::new(TmuxLocation {
        socket: "/private/tmp/tmux-501/default".into(),
        pane: "%0".into(),
        window: "@0".into(),
        active: true,
        links: vec![LinkedTmuxSession {
            session: "$0".into(),
            name: "work".into(),
            current: false,
        }],
        clients,
        home: ProcessDisplay::default(),
    })))
}

#[test]
fn a_client_in_control_mode_has_no_tab_of_its_own_device() {
    let iterm = tmux_client(TmuxClientMode::Control, "9:zsh 8:iTermServer-3.5");
    let route = plan_jump(&in_pane(vec![iterm.clone()])).expect("a route");
    let select = JumpStep::SelectWindow {
        session: "$0".into(),
        window: "@0".into(),
    };
    let iterm2 = by_identifier("iTerm2", "com.googlecode.iterm2");
    assert_eq!(route.steps, [select.clone(), iterm2]);
    let doubt = route.doubt.expect("a doubt");
    assert!(doubt.starts_with("iTerm2 is in front and draws tmux's windows itself (`tmux -CC`)"));
    // A client that shows the pane on its own device is preferred.
    let whole = tmux_client(TmuxClientMode::Whole, "9:zsh 8:Terminal");
    let route = plan_jump(&in_pane(vec![iterm, whole])).expect("a route");
    let tab = JumpStep::Tab(TerminalTab::Terminal(MAC_TTY.into()));
    assert_eq!((route.steps, route.doubt), (vec![select, tab], None));
}

#[test]
fn a_program_in_control_mode_shows_the_session_to_no_user() {
    for (ancestors, system) in [
        ("9:zsh 8:Terminal", System::Mac),
        ("99:bash 10:xterm", System::Linux),
    ] {
        let program = tmux_client(TmuxClientMode::Control, ancestors);
        let JumpTarget::Tmux(pane) = in_pane(vec![program]).runs else {
            panic!("a pane");
        };
        let pane = TmuxLocation {
            home: screen(),
            ..*pane
        };
        let context = JumpContext {
            system,
            opener: (system == System::Linux).then(|| vec!["/usr/bin/xterm".into()]),
            ..on_mac(JumpTarget::Tmux(Box::new(pane)))
        };
        let route = plan_jump(&context).expect("a route");
        assert!(route.opens(), "{route:?}");
        assert!(!is_in_front(&context));
    }
}

#[test]
fn without_a_setting_terminal_app_opens_the_window() {
    let words = "/usr/bin/tmux -S /private/tmp/tmux-501/default attach -t $0";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let detached = in_pane(Vec::new());
    let opened = steps(&detached);
    assert_eq!(opened.last(), Some(&JumpStep::OpenOnMac(words.clone())));
    let set = JumpContext {
        opener: Some(vec!["/opt/kitty".into()]),
        ..detached
    };
    let own = [vec!["/opt/kitty".to_owned()], words].concat();
    assert_eq!(steps(&set).last(), Some(&JumpStep::Open(own)));
}

#[test]
fn a_terminal_is_in_front_if_its_app_is_and_nothing_else_can_be_meant() {
    const TERMINAL_CHAIN: &str = "9:zsh 8:login 7:Terminal";
    const ITERM_CHAIN: &str = "9:zsh 8:login 7:iTermServer-3.5";
    let front = |pid: u32, bundle: &str, tty: Option<&str>| FrontmostApp {
        pid,
        bundle: Some(bundle.into()).filter(|b: &String| !b.is_empty()),
        selected_tty: tty.map(str::to_owned),
    };
    let terminal = "com.apple.Terminal";
    let iterm = "com.googlecode.iterm2";
    for (ancestors, terminals, front, expected) in [
        (TERMINAL_CHAIN, 1, Some(front(7, terminal, None)), true),
        // Another tab may be selected.
        (TERMINAL_CHAIN, 2, Some(front(7, terminal, None)), false),
        (TERMINAL_CHAIN, 0, Some(front(7, terminal, None)), false),
        (
            TERMINAL_CHAIN,
            2,
            Some(front(7, terminal, Some(MAC_TTY))),
            true,
        ),
        (
            TERMINAL_CHAIN,
            1,
            Some(front(7, terminal, Some("/dev/ttys009"))),
            false,
        ),
        (
            TERMINAL_CHAIN,
            1,
            Some(front(50, "com.apple.Safari", None)),
            false,
        ),
        (TERMINAL_CHAIN, 1, Some(front(50, "", None)), false),
        (TERMINAL_CHAIN, 1, None, false),
        // iTerm2's server is no child of iTerm2, so the count does not cover all tabs.
        (ITERM_CHAIN, 1, Some(front(50, iterm, None)), false),
        (ITERM_CHAIN, 1, Some(front(50, iterm, Some(MAC_TTY))), true),
        (
            ITERM_CHAIN,
            1,
            Some(front(50, iterm, Some("/dev/ttys009"))),
            false,
        ),
        // The terminal of an editor may be hidden.
        (
            "9:zsh 8:code",
            1,
            Some(front(8, "com.microsoft.VSCode", None)),
            false,
        ),
        (
            "9:zsh 8:kitty",
            1,
            Some(front(8, "net.kovidgoyal.kitty", None)),
            true,
        ),
        ("9:zsh 8:unheard-of", 1, Some(front(8, "", None)), false),
    ] {
        let plain = JumpContext {
            frontmost: front.clone(),
            ..mac(mac_holder(ancestors, terminals))
        };
        assert_eq!(is_in_front(&plain), expected, "{ancestors} {front:?}");
        let client = TmuxClient {
            holder: mac_holder(ancestors, terminals),
            ..tmux_client(TmuxClientMode::Whole, ancestors)
        };
        let tmux = JumpContext {
            frontmost: front.clone(),
            ..in_pane(vec![client])
        };
        assert_eq!(is_in_front(&tmux), expected, "tmux: {ancestors} {front:?}");
    }
}

#[test]
fn a_missing_consent_names_its_remedy() {
    let denied = JumpObstacle::ConsentDenied("iTerm2".into());
    assert_eq!(denied.code().as_str(), "consent-denied");
    assert_eq!(
        denied.to_string(),
        "macOS does not let Trusty Bar control iTerm2; turn on iTerm2 in System Settings, Privacy \
         & Security, Automation"
    );
    let pending = JumpObstacle::ConsentPending("Terminal".into());
    assert_eq!(pending.code().as_str(), "consent-pending");
    assert!(
        pending
            .to_string()
            .contains("whether Trusty Bar may control Terminal")
    );
}
