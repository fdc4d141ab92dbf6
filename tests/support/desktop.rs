//! An isolated desktop: a display, a bus, a window manager and a panel with a real tray.

pub mod notices;
mod program;
mod screen;
mod shown;
mod text_size;
pub mod webdriver;
mod windows;

pub use notices::ReceivedNotice;
pub use program::{OwnedProcess, RunningApp};
pub use screen::WindowArea;
pub use shown::WindowMapListener;
pub use text_size::SettingsDaemon;
pub use webdriver::WebDriver;

use crate::skip::skip;
use crate::trusty::{confine, environment_variables};
use crate::wait::{until, until_or};
use crate::{TestHome, WAIT_TIMEOUT};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The programs that have to be installed for tests with a desktop.
const REQUIRED_TOOLS: [&str; 12] = [
    "Xvfb",
    "dbus-daemon",
    "openbox",
    "xfce4-panel",
    "xdotool",
    "xprop",
    "gdbus",
    "import",
    "WebKitWebDriver",
    "dunst",
    "dunstctl",
    "dbus-monitor",
];
/// Arguments of `gdbus call` that read a property of the watcher in the panel's tray.
const WATCHER_ARGS: [&str; 6] = [
    "-d",
    "org.kde.StatusNotifierWatcher",
    "-o",
    "/StatusNotifierWatcher",
    "-m",
    "org.freedesktop.DBus.Properties.Get",
];
/// A tray whose area stayed the same for more polls than this has its final place.
const STABLE_POLLS: usize = 10;
const PANEL_CONFIG: &str = include_str!("desktop/panel.xml");

/// Whether tests may use a desktop; panics if a tool is missing. With `DESKTOP=0` the test is
/// skipped and should return at once.
#[track_caller]
pub fn require_desktop() -> bool {
    if std::env::var_os("DESKTOP").is_some_and(|value| value == "0") {
        skip("DESKTOP=0");
        return false;
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = |tool: &&str| std::env::split_paths(&folders).any(|dir| dir.join(tool).is_file());
    let missing: Vec<&str> = REQUIRED_TOOLS
        .into_iter()
        .filter(|tool| !found(tool))
        .collect();
    assert!(
        missing.is_empty(),
        "not installed: {}; install them (or skip these tests with DESKTOP=0)",
        missing.join(", ")
    );
    true
}

/// Width, height and colour depth, in the form of Xvfb.
const SCREEN_GEOMETRY: &str = "1280x1000x24";

/// A running desktop in a home; all its programs are ended on drop.
pub struct TestDesktop {
    // Fields are dropped in this order: the drawing programs first, the bus and the display last.
    panel: Option<OwnedProcess>,
    _manager: OwnedProcess,
    _bus: OwnedProcess,
    _display: OwnedProcess,
    env: Vec<(String, String)>,
    logs: PathBuf,
}

impl TestDesktop {
    /// A desktop with a tray.
    #[track_caller]
    pub fn start(home: &TestHome) -> Self {
        let mut desktop = Self::start_without_tray(home);
        desktop.start_panel();
        desktop
    }

    /// A desktop that has no place for tray icons.
    #[track_caller]
    pub fn start_without_tray(home: &TestHome) -> Self {
        Self::start_sized(home, SCREEN_GEOMETRY)
    }

    /// Like [`start_without_tray`](Self::start_without_tray), on a screen of this size, in the form
    /// of Xvfb (`1280x1000x24`).
    #[track_caller]
    pub fn start_sized(home: &TestHome, screen: &str) -> Self {
        confine(home);
        notices::start_none_by_itself(&home.xdg_data());
        let panel = home.xdg_config().join("xfce4/xfconf/xfce-perchannel-xml");
        fs::create_dir_all(&panel).expect("a folder for the panel");
        fs::write(panel.join("xfce4-panel.xml"), PANEL_CONFIG).expect("the panel's settings");
        let logs = home.path().join("logs");
        fs::create_dir_all(&logs).expect("a folder for logs");

        let mut env = environment_variables(home);
        let mut add = |name: &str, value: String| env.push((name.to_owned(), value));
        let cache = home.path().join(".cache");
        add("XDG_CACHE_HOME", cache.to_string_lossy().into_owned());
        add("GTK_THEME", "Adwaita".into());
        add("NO_AT_BRIDGE", "1".into());
        add("LIBGL_ALWAYS_SOFTWARE", "1".into());

        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", screen])
            .args(["-nolisten", "tcp"])
            // Without this, Xvfb resets and drops all windows whenever its last client disconnects.
            .arg("-noreset");
        let (display, number) = first_line(&mut xvfb, &env);
        env.push(("DISPLAY".to_owned(), format!(":{number}")));

        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nosyslog", "--print-address=1"]);
        let (bus, address) = first_line(&mut daemon, &env);
        env.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), address));

        let manager =
            OwnedProcess::start(&mut Command::new("openbox"), &env, &logs.join("openbox"));
        let desktop = Self {
            panel: None,
            _manager: manager,
            _bus: bus,
            _display: display,
            env,
            logs,
        };
        until(WAIT_TIMEOUT, "the window manager", || {
            let root = desktop.ask("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"])?;
            root.contains("window id").then_some(())
        });
        desktop
    }

    /// Adds or replaces a variable for programs started from now on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the panel, and with it the tray; ends a running panel first.
    #[track_caller]
    pub fn start_panel(&mut self) {
        self.panel = None;
        let mut panel = Command::new("xfce4-panel");
        panel.arg("--disable-wm-check");
        self.panel = Some(OwnedProcess::start(
            &mut panel,
            &self.env,
            &self.logs.join("panel"),
        ));
        until_or(
            WAIT_TIMEOUT,
            "the tray",
            || self.tray_items(),
            || fs::read_to_string(self.logs.join("panel")).unwrap_or_default(),
        );
    }

    /// Starts the app.
    #[track_caller]
    pub fn app(&self, arguments: &[&str]) -> RunningApp {
        RunningApp::start(arguments, &self.env, &self.logs)
    }

    /// Starts a tool on this desktop, ended on drop; its output goes to a log named like the tool.
    #[track_caller]
    pub fn tool(&self, name: &str, arguments: &[&str]) -> OwnedProcess {
        OwnedProcess::start(
            Command::new(name).args(arguments),
            &self.env,
            &self.logs.join(name),
        )
    }

    /// Starts the app with `--open` under a driver of its web view.
    #[track_caller]
    pub fn drive(&self) -> WebDriver {
        WebDriver::start(&self.env, &self.logs)
    }

    /// The bus names and object paths of all tray icons; `None` without a tray.
    fn tray_items(&self) -> Option<Vec<(String, String)>> {
        let asked = [
            "org.kde.StatusNotifierWatcher",
            "RegisteredStatusNotifierItems",
        ];
        let told = self.gdbus(&[&WATCHER_ARGS[..], &asked].concat())?;
        let quoted = told.split('\'').skip(1).step_by(2);
        let items = quoted.filter_map(|item| {
            let (bus, path) = item.split_once('/')?;
            Some((bus.to_owned(), format!("/{path}")))
        });
        Some(items.collect())
    }

    /// A property of the app's tray icon, as `gdbus` prints it; `None` while there is no icon.
    #[track_caller]
    pub fn tray(&self, property: &str) -> Option<String> {
        let items = self.tray_items()?;
        assert!(items.len() < 2, "more than one icon: {items:?}");
        let (bus, path) = items.first()?;
        let call = ["-d", bus, "-o", path, "-m", WATCHER_ARGS[5]];
        self.gdbus(&[&call[..], &["org.kde.StatusNotifierItem", property]].concat())
    }

    /// The menu of the tray icon over D-Bus, as `gdbus` prints it; empty while there is none.
    #[track_caller]
    pub fn menu(&self) -> String {
        let told = || {
            let (bus, _) = self.tray_items()?.into_iter().next()?;
            let menu = self.tray("Menu")?;
            let path = menu.split('\'').nth(1)?;
            let whole = [
                "com.canonical.dbusmenu.GetLayout",
                "--",
                "0",
                "-1",
                "@as []",
            ];
            let call = ["-d", &bus, "-o", path, "-m"];
            self.gdbus(&[&call[..], &whole].concat())
        };
        told().unwrap_or_default()
    }

    fn gdbus(&self, arguments: &[&str]) -> Option<String> {
        self.ask("gdbus", &[&["call", "--session"], arguments].concat())
    }

    /// Waits until the icon in the panel no longer moves; returns its centre.
    #[track_caller]
    pub fn icon(&self) -> (i32, i32) {
        let mut seen = Vec::new();
        let found = until(WAIT_TIMEOUT, "the icon in the panel", || {
            // The tray is a separate window within the panel, and one pixel wide while empty.
            let area = self.window(&["--class", "Wrapper-2.0"])?;
            if area.width <= 12 || self.tray("Id").is_none() || seen.last() != Some(&area) {
                seen.clear();
            }
            seen.push(area);
            (seen.len() > STABLE_POLLS).then_some(area)
        });
        (found.x + found.width / 2, found.y + found.height / 2)
    }

    /// The area of the popover, if the popover is on the screen.
    pub fn popover(&self) -> Option<WindowArea> {
        self.window(&["--name", "^Trusty Bar$"])
    }

    /// Waits until the popover is on the screen; returns its area.
    #[track_caller]
    pub fn wait_popover(&self) -> WindowArea {
        until(WAIT_TIMEOUT, "the popover", || self.popover())
    }

    /// Records when windows are mapped on the screen, as `xev` reports it.
    #[track_caller]
    pub fn windows_shown(&self) -> WindowMapListener {
        let mut listener = Command::new("stdbuf");
        listener.args(["-oL", "xev", "-root", "-event", "substructure"]);
        WindowMapListener::start(program::command(&mut listener, &self.env))
    }

    /// Waits until the popover is off the screen.
    #[track_caller]
    pub fn wait_no_popover(&self) {
        until(WAIT_TIMEOUT, "the popover to hide", || {
            self.popover().is_none().then_some(())
        });
    }

    /// Waits until the popover has the keyboard focus.
    #[track_caller]
    pub fn wait_focus(&self) {
        until(WAIT_TIMEOUT, "the focus of the popover", || {
            let name = self.ask("xdotool", &["getwindowfocus", "getwindowname"])?;
            (name.trim() == "Trusty Bar").then_some(())
        });
    }

    /// Runs a tool on this desktop; returns its output if it succeeds.
    fn ask(&self, tool: &str, arguments: &[&str]) -> Option<String> {
        let output = program::command(Command::new(tool).args(arguments), &self.env)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("{tool}: {e}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    }
}

/// Starts a program whose first line of output is its address; returns both.
#[track_caller]
fn first_line(command: &mut Command, env: &[(String, String)]) -> (OwnedProcess, String) {
    let name = command.get_program().display().to_string();
    let command = program::command(command, env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
    let out = child.stdout.take().expect("piped");
    let owned = OwnedProcess::from_child(child);
    let mut out = BufReader::new(out);
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    // The pipe has to stay open and drained: a write into a closed pipe would kill the program.
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    assert!(!line.trim().is_empty(), "{name} did not start");
    (owned, line.trim().to_owned())
}

/// A path in `tests/artefacts`, the folder for pictures.
pub fn artefact(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(name)
}

/// Waits until `ask` returns the wanted value; panics with the last value at the deadline.
#[track_caller]
pub fn until_is<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, ask: impl Fn() -> T) {
    let last = std::cell::RefCell::new(None);
    let asked = || {
        let now = ask();
        let is = now == *wanted;
        *last.borrow_mut() = Some(now);
        is.then_some(())
    };
    until_or(WAIT_TIMEOUT, what, asked, || {
        format!("last: {:?}", last.borrow())
    });
}
