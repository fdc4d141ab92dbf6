use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::mpsc;
use tempfile::TempDir;

/// Programs that stand in for those of a Mac, and write their arguments to `calls`.
struct FakeMac {
    folder: TempDir,
    terminals: MacTerminals,
}

impl FakeMac {
    /// A Mac whose `osascript` prints this, and whose user has this answer (a status).
    fn new(printed: &str, consent: i32) -> Self {
        let ask: AskConsent = Arc::new(move |_| Ok(consent));
        Self::asking(printed, ask, Duration::from_mins(10))
    }

    fn asking(printed: &str, ask: AskConsent, grace: Duration) -> Self {
        let folder = crate::test_files::private_tempdir();
        let calls = folder.path().join("calls");
        let program = |name: &str, print: &str| {
            let path = folder.path().join(name);
            let script = format!(
                "#!/bin/sh\n[ \"$1\" != -l ] || shift 4\necho {name} \"$@\" >> '{}'\n{print}\n",
                calls.display()
            );
            fs::write(&path, script).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
            path
        };
        let terminals = MacTerminals {
            script_runner: Some(program("osascript", printed)),
            opener: program("open", ":"),
            consents: AutomationConsents::new(ask, grace),
        };
        Self { folder, terminals }
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }
}

fn tab() -> TerminalTab {
    TerminalTab::Terminal("/dev/ttys003".into())
}

#[test]
fn the_scripts_work_on_a_mock_object_model() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mac_terminals/scripts");
    let node = |words: &[&str]| {
        let mut command = Command::new("node");
        command.args(words).current_dir(folder).output()
    };
    if node(&["--version"]).is_err() {
        crate::skip::skip("node is not installed");
        return;
    }
    for script in fs::read_dir(folder).expect("scripts").flatten() {
        let path = script.path();
        if path.extension().is_some_and(|ending| ending == "js") {
            let checked = node(&["--check", path.to_str().expect("text")]).expect("runs");
            assert!(checked.status.success(), "{}", path.display());
        }
    }
    let tested = node(&["--test", "tests/scripts.test.mjs"]).expect("runs");
    let told = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{told}");
}

#[test]
fn scripts_take_all_they_need_as_arguments_and_activate_last() {
    let comment = |line: &&str| !line.trim_start().starts_with("//");
    for script in [
        TERMINAL_SCRIPT,
        ITERM_SCRIPT,
        GHOSTTY_SCRIPT,
        OPEN_WINDOW_SCRIPT,
    ] {
        let code: Vec<&str> = script.lines().filter(comment).collect();
        let code = code.join("\n");
        assert!(code.contains("function run("), "{script}");
        assert!(!code.contains("doShellScript"), "{script}");
        let activated = code.rfind("activate()").expect("the script activates");
        for before in ["select()", "focus()", "index = 1", "doScript("] {
            assert!(!code[activated..].contains(before), "{script}");
        }
    }
}

#[test]
fn only_devices_are_handed_over() {
    assert!(is_device("/dev/ttys003"));
    for odd in [
        "/dev/ttys",
        "/dev/pts/3",
        "/dev/ttys003\n",
        "/dev/ttys003' & quit",
        "ttys003",
        "",
    ] {
        assert!(!is_device(odd), "{odd}");
    }
}

#[tokio::test]
async fn a_tab_is_asked_for_by_bundle_and_device() {
    let ghostty = TerminalTab::Ghostty {
        tty: "/dev/ttys003".into(),
        folder: "/work".into(),
    };
    for (tab, call) in [
        (tab(), "osascript com.apple.Terminal /dev/ttys003\n"),
        (
            TerminalTab::ITerm("/dev/ttys004".into()),
            "osascript com.googlecode.iterm2 /dev/ttys004\n",
        ),
        (
            ghostty,
            "osascript com.mitchellh.ghostty /dev/ttys003 /work\n",
        ),
    ] {
        let mac = FakeMac::new("echo '{\"outcome\":\"shown\"}'", 0);
        let shown = mac.terminals.show_tab(&tab).await;
        assert_eq!(shown, Ok(TabOutcome::Shown));
        assert_eq!(mac.calls(), call);
    }
}

#[tokio::test]
async fn no_script_runs_before_the_user_has_agreed() {
    let (answers, given) = mpsc::channel::<i32>();
    let given = std::sync::Mutex::new(given);
    let ask: AskConsent = Arc::new(move |_| {
        let answer = given.lock().expect("one asks").recv();
        answer.map_err(std::io::Error::other)
    });
    let mac = FakeMac::asking("echo '{\"outcome\":\"shown\"}'", ask, Duration::ZERO);
    for _ in 0..2 {
        let told = mac.terminals.show_tab(&tab()).await;
        assert_eq!(told, Err(ScriptError::ConsentPending));
    }
    assert_eq!(mac.calls(), "");
    answers.send(0).expect("asked");
    mac.terminals.consents().wait_answers().await;
    let shown = mac.terminals.show_tab(&tab()).await;
    assert_eq!(shown, Ok(TabOutcome::Shown));
}

#[tokio::test]
async fn a_denial_is_known_from_macos_and_from_the_app() {
    let denied = FakeMac::new("echo never", -1743);
    let told = denied.terminals.show_tab(&tab()).await;
    assert_eq!(told, Err(ScriptError::ConsentDenied));
    assert_eq!(denied.calls(), "");

    let refusal = "echo '{\"outcome\":\"failed\",\"number\":-1743,\"message\":\"Not authorized\"}'";
    let revoked = FakeMac::new(refusal, 0);
    let told = revoked.terminals.show_tab(&tab()).await;
    assert_eq!(told, Err(ScriptError::ConsentDenied));
    let state = revoked.terminals.consents().state("com.apple.Terminal");
    assert_eq!(state, AutomationConsent::Denied);
}

#[tokio::test]
async fn what_a_script_prints_decides() {
    let failed =
        |number: i32| format!("{{\"outcome\":\"failed\",\"number\":{number},\"message\":\"no\"}}");
    for (printed, expected) in [
        ("{\"outcome\":\"no-tab\"}".into(), Ok(TabOutcome::NoTab)),
        ("{\"outcome\":\"tie\"}".into(), Ok(TabOutcome::Tie)),
        (
            "{\"outcome\":\"not-running\"}".into(),
            Err(ScriptError::NotRunning),
        ),
        (failed(-600), Err(ScriptError::NotRunning)),
        (failed(-609), Err(ScriptError::NotRunning)),
        (failed(-1744), Err(ScriptError::ConsentPending)),
        (failed(-1712), Err(ScriptError::Failed("no (-1712)".into()))),
        (
            "syntax".into(),
            Err(ScriptError::Failed("the script printed \"syntax\"".into())),
        ),
    ] {
        let mac = FakeMac::new(&format!("echo '{printed}'"), 0);
        assert_eq!(mac.terminals.show_tab(&tab()).await, expected, "{printed}");
    }
    let mac = FakeMac::new("echo 'execution error: no (-2700)' >&2; exit 1", 0);
    let told = mac.terminals.show_tab(&tab()).await.expect_err("fails");
    assert_eq!(told.to_string(), "osascript: execution error: no (-2700)");
}

#[tokio::test]
async fn an_app_is_brought_forward_without_any_consent() {
    let mac = FakeMac::new("echo never", -1743);
    let identifier = Some("net.kovidgoyal.kitty");
    for (path, call) in [
        (Some("/opt/kitty.app".into()), "open -a /opt/kitty.app\n"),
        (
            None,
            "open -a /opt/kitty.app\nopen -b net.kovidgoyal.kitty\n",
        ),
    ] {
        let app = MacApp {
            name: "kitty".into(),
            path,
            identifier,
        };
        mac.terminals.bring_forward(&app).await.expect("in front");
        assert_eq!(mac.calls(), call);
    }
}

#[tokio::test]
async fn terminal_app_is_launched_before_it_opens_a_window() {
    let mac = FakeMac::new("echo '{\"outcome\":\"shown\"}'", 0);
    let command = ["/opt/tmux".to_owned(), "attach".to_owned()];
    mac.terminals.open_window(&command).await.expect("opened");
    let calls = "osascript com.apple.Terminal\nosascript com.apple.Terminal /opt/tmux attach\n";
    assert_eq!(mac.calls(), calls);
}

#[tokio::test]
async fn a_command_that_would_press_keys_is_not_typed_into_a_terminal() {
    let mac = FakeMac::new("echo '{\"outcome\":\"shown\"}'", 0);
    for word in [
        "/tmp/tmux-501/a\u{3}touch pwned\r",
        "a\nb",
        "\u{1b}b",
        "\u{9b}1~",
    ] {
        let command = ["/opt/tmux".to_owned(), "-S".to_owned(), word.to_owned()];
        let refused = mac.terminals.open_window(&command).await;
        assert_eq!(refused, Err(ScriptError::ControlCharacters));
    }
    assert_eq!(mac.calls(), "");
}

#[tokio::test]
async fn the_app_in_front_is_asked_for_its_tab_only_where_the_user_agreed() {
    let print = "echo '{\"outcome\":\"in-front\",\"pid\":7,\"bundle\":\"com.apple.Terminal\",\
                 \"tty\":\"/dev/ttys003\"}'";
    let mac = FakeMac::new(print, 0);
    let front = mac.terminals.read_frontmost().await.expect("in front");
    assert_eq!(
        (front.pid, front.bundle.as_deref()),
        (7, Some("com.apple.Terminal"))
    );
    assert_eq!(front.selected_tty.as_deref(), Some("/dev/ttys003"));
    assert_eq!(mac.calls(), "osascript\n");
    mac.terminals.consents().request("com.apple.Terminal").await;
    mac.terminals.read_frontmost().await.expect("in front");
    assert_eq!(mac.calls(), "osascript\nosascript com.apple.Terminal\n");
    let none = FakeMac::new("echo '{\"outcome\":\"none-in-front\"}'", 0);
    assert_eq!(none.terminals.read_frontmost().await, None);
}

#[tokio::test]
async fn nothing_is_run_where_there_are_no_scripts() {
    if sys::SCRIPT_RUNNER.is_some() {
        return;
    }
    let terminals = MacTerminals::of_this_system();
    let app = MacApp {
        name: "kitty".into(),
        path: None,
        identifier: Some("net.kovidgoyal.kitty"),
    };
    assert_eq!(terminals.show_tab(&tab()).await, Err(ScriptError::NotOnMac));
    assert_eq!(
        terminals.bring_forward(&app).await,
        Err(ScriptError::NotOnMac)
    );
    assert_eq!(terminals.open_window(&[]).await, Err(ScriptError::NotOnMac));
    assert_eq!(terminals.read_frontmost().await, None);
}
