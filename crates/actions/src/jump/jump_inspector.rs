//! Reads what a jump is planned from: the live processes, tmux clients and windows.

use super::clients;
use super::x11;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::jump::{
    JumpContext, JumpObstacle, JumpTarget, KittyWindow, ProcessDisplay, TERMINAL_OPENERS,
    TerminalHints, TerminalProcess, TmuxLocation, WezTermPane, WindowInfo, X11Server,
    terminal_owner_pids, with_arguments,
};
use trusty_fleet::session::{ControlModel, SessionStatus, TmuxTarget};
use trusty_fleet::terminal;
use trusty_fleet::{Session, System};
use trusty_platform::owned_terminals::count_owned_terminals;
use trusty_platform::process_namespaces::shares_our_namespaces;
use trusty_platform::{ancestors, process_details, sys};
use trusty_wire::environment::Environment;
use trusty_wire::tmux_programs::TmuxPrograms;

/// The only variables that are read from the environment of a process.
const WINDOW_VARIABLES: [&str; 8] = [
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "WINDOWID",
    "KITTY_LISTEN_ON",
    "KITTY_WINDOW_ID",
    "WEZTERM_UNIX_SOCKET",
    "WEZTERM_PANE",
];

/// Reads what a jump is planned from.
#[derive(Debug)]
pub(super) struct JumpInspector<'a> {
    env: &'a Environment,
    tmux: TmuxPrograms,
    /// The displays read so far: each is read once per jump.
    seen: BTreeMap<x11::X11Display, X11Server>,
}

impl<'a> JumpInspector<'a> {
    pub(super) fn new(env: &'a Environment) -> Self {
        Self {
            env,
            tmux: TmuxPrograms::new(env),
            seen: BTreeMap::new(),
        }
    }

    /// A session, with every terminal that shows it or could show it.
    pub(super) async fn read_context(
        &mut self,
        session: &Session,
        opener: &[String],
    ) -> JumpContext {
        let system = self.env.system;
        let named = session.claude.as_ref().and_then(|c| c.name.clone());
        let folder = session.project_path.clone();
        let workdir = PathBuf::from(&session.workdir);
        let target = session.terminal.as_ref().and_then(|t| t.tmux.as_ref());
        // The first jump of an app from Finder must not fail where a later one would not.
        if let Some(search) = opener.first().and_then(|p| self.env.pending_search(p)) {
            let _ = tokio::task::spawn_blocking(move || search.wait()).await;
        }
        JumpContext {
            runs: self.find_target(session).await,
            name: named,
            folder: folder.unwrap_or_else(|| workdir.clone()),
            workdir,
            system,
            frontmost: None,
            opener: self.opener(opener, system),
            tmux: target.and_then(|t| self.tmux.for_server(&t.socket).any()),
        }
    }

    async fn find_target(&mut self, session: &Session) -> JumpTarget {
        let live = session.pid.filter(|pid| is_session_process(session, *pid));
        let Some(pid) = live.filter(|_| session.status != SessionStatus::Stopped) else {
            return JumpTarget::Ended;
        };
        let terminal = session.terminal.clone().unwrap_or_default();
        if let Some(target) = &terminal.tmux {
            let home = self.home(pid).await;
            return match self.pane(target, home).await {
                Ok(Some(pane)) => JumpTarget::Tmux(Box::new(pane)),
                Ok(None) => JumpTarget::NoTerminal,
                Err(why) => JumpTarget::SilentServer(why),
            };
        }
        if session.control == ControlModel::Sdk {
            return JumpTarget::Headless;
        }
        let kind = session.claude.as_ref().and_then(|c| c.kind.as_deref());
        if matches!(kind, Some("bg" | "background")) {
            return JumpTarget::Background;
        }
        match terminal.tty {
            Some(tty) => JumpTarget::Plain(Box::new(self.terminal_process(pid, Some(tty)).await)),
            None => JumpTarget::NoTerminal,
        }
    }

    /// The pane as it is now, with the terminal of each client; `None` if it no longer exists.
    async fn pane(
        &mut self,
        target: &TmuxTarget,
        home: ProcessDisplay,
    ) -> Result<Option<TmuxLocation>, JumpObstacle> {
        let tmux = self.tmux.for_server(&target.socket).any();
        let found = clients::pane(tmux.as_deref(), target, home).await?;
        let Some((mut pane, pids)) = found else {
            return Ok(None);
        };
        for (client, pid) in pane.clients.iter_mut().zip(pids) {
            client.holder = self.terminal_process(pid, Some(client.tty.clone())).await;
        }
        Ok(Some(pane))
    }

    /// Where a terminal would be opened: on the screen that the session was started on; if that is
    /// gone or on another machine, on ours.
    async fn home(&mut self, pid: u32) -> ProcessDisplay {
        let home = self.terminal_process(pid, None).await.screen;
        if is_shown(&home) {
            return home;
        }
        let (display, keys) = (self.env.display.clone(), self.env.x_keys.clone());
        let ours = ProcessDisplay {
            x11: self.inspect_display(display, keys).await,
            wayland: text(self.env.wayland.clone()),
        };
        if is_shown(&ours) || (home.wayland.is_none() && ours.wayland.is_some()) {
            ours
        } else {
            home
        }
    }

    /// A process in a terminal, and what is known of the window around it.
    async fn terminal_process(&mut self, pid: u32, tty: Option<String>) -> TerminalProcess {
        let ancestors = ancestors::ancestors(pid);
        let above = terminal_owner_pids(&ancestors);
        let [
            display,
            keys,
            wayland,
            window,
            listens,
            kitty,
            wezterm,
            pane,
        ] = variables(pid, WINDOW_VARIABLES);
        let (display, keys) = match display {
            Some(display) => (Some(display), keys),
            // A tmux server or client may have been started without the variables of its terminal.
            None => self.display_of(&above),
        };
        let x11 = self.inspect_display(display, keys.map(PathBuf::from)).await;
        // If the process names no display, we assume that the user looks at ours.
        let unnamed = matches!(x11, X11Server::None) && self.env.wayland.is_some();
        let wayland = wayland.or_else(|| self.env.wayland.clone().filter(|_| unnamed));
        let number = |word: Option<OsString>| word?.to_str()?.parse().ok();
        let owner = ancestors
            .iter()
            .find(|a| terminal::terminal_name(a).is_some());
        // Commands beside this executable are run, and a container may have put them there.
        let exe = owner.filter(|a| shares_our_namespaces(a.pid));
        let exe = exe.and_then(|a| a.exe.as_deref());
        let beside = exe.and_then(Path::parent);
        let hints = TerminalHints {
            window: number(window),
            kitty: text(listens)
                .zip(number(kitty))
                .map(|(listens, window)| KittyWindow {
                    listens,
                    window,
                    beside: beside.map(Path::to_path_buf),
                }),
            wezterm: wezterm.zip(number(pane)).map(|(socket, pane)| WezTermPane {
                socket: socket.into(),
                pane,
                beside: beside.map(Path::to_path_buf),
            }),
        };
        let editor = exe.and_then(editor);
        let held: Vec<u32> = owner.map_or_else(Vec::new, |_| {
            let is_owner = |pid: &&u32| {
                let found = ancestors.iter().find(|a| a.pid == **pid);
                found.is_some_and(|a| terminal::terminal_name(a).is_some())
            };
            above.iter().filter(is_owner).copied().collect()
        });
        TerminalProcess {
            tty,
            terminals: count_terminals(&held, self.env.system),
            ancestors,
            hints,
            screen: ProcessDisplay {
                x11,
                wayland: text(wayland),
            },
            editor,
        }
    }

    fn display_of(&self, above: &[u32]) -> (Option<OsString>, Option<OsString>) {
        let named = above.iter().find_map(|pid| {
            let [display, keys] = variables(*pid, ["DISPLAY", "XAUTHORITY"]);
            Some((Some(display?), keys))
        });
        named.unwrap_or_else(|| {
            let keys = self.env.x_keys.clone().map(PathBuf::into_os_string);
            (self.env.display.clone(), keys)
        })
    }

    async fn inspect_display(
        &mut self,
        display: Option<OsString>,
        keys: Option<PathBuf>,
    ) -> X11Server {
        let Some(name) = display.and_then(|d| d.into_string().ok()) else {
            return X11Server::None;
        };
        let display = self.display(&name, keys);
        if let Some(seen) = self.seen.get(&display) {
            return seen.clone();
        }
        let found = match x11::read_display(&display).await {
            Ok(look) => X11Server::Shown {
                display: name,
                windows: look.windows.into_iter().map(window).collect(),
                active: look.active,
            },
            Err(e) => X11Server::Unreachable(name, e.to_string()),
        };
        self.seen.insert(display, found.clone());
        found
    }

    fn display(&self, name: &str, keys: Option<PathBuf>) -> x11::X11Display {
        let usual = self.env.home.join(".Xauthority");
        x11::X11Display {
            name: name.to_owned(),
            keys: Some(keys.unwrap_or(usual)),
        }
    }

    /// A display of this name that could be read. It may have been tried with several keys.
    pub(super) fn seen_display(&self, name: &str) -> Option<&x11::X11Display> {
        let fits = |x11: &X11Server| matches!(x11, X11Server::Shown { .. });
        let seen = self.seen.iter();
        let mut named = seen.filter(|(display, x11)| display.name == name && fits(x11));
        named.next().map(|(display, _)| display)
    }

    /// The command that opens a terminal: from the settings, else from the environment, else the
    /// first known one that is installed. On a Mac only from the settings.
    fn opener(&self, set: &[String], system: System) -> Option<Vec<String>> {
        if let [program, arguments @ ..] = set {
            let program = self.program(program)?;
            return Some([&[program], arguments].concat());
        }
        if system == System::Mac {
            return None;
        }
        let named = self.env.terminal.clone().and_then(|t| t.into_string().ok());
        // The login shell is not asked for each terminal that is not installed.
        let installed = |name: &str| text(Some(self.env.find_installed(name).any()?.into()));
        let program = named.and_then(|named| self.program(&named)).or_else(|| {
            let mut known = TERMINAL_OPENERS.iter();
            known.find_map(|(program, _)| installed(program))
        })?;
        Some(with_arguments(&program))
    }

    /// The file of a program, given by its name or its absolute path; `None` if there is none.
    fn program(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            let program = Path::new(name);
            let is_there = program.is_absolute() && program.is_file();
            return is_there.then(|| name.to_owned());
        }
        text(Some(self.env.find_program(name).any()?.into()))
    }
}

/// How many terminals these processes of one terminal program have.
fn count_terminals(owners: &[u32], system: System) -> usize {
    match system {
        System::Linux => process_details::terminals(owners),
        System::Mac => count_owned_terminals(owners),
    }
}

/// These variables of a process; `None` for a process in a container, which could set them to
/// lead to files of its own.
fn variables<const N: usize>(pid: u32, names: [&str; N]) -> [Option<OsString>; N] {
    if shares_our_namespaces(pid) {
        process_details::variables(pid, names)
    } else {
        names.map(|_| None)
    }
}

fn is_shown(screen: &ProcessDisplay) -> bool {
    matches!(screen.x11, X11Server::Shown { .. })
}

fn text(word: Option<OsString>) -> Option<String> {
    word?.into_string().ok()
}

/// Whether a pid still belongs to the session.
fn is_session_process(session: &Session, pid: u32) -> bool {
    let stat = sys::stat(pid).ok().flatten().filter(|stat| !stat.zombie);
    let machine = sys::machine().ok();
    stat.zip(machine).is_some_and(|(stat, machine)| {
        let key = ProcessKey {
            pid,
            start: stat.start,
        };
        machine.session_id(key) == session.id
    })
}

fn window(found: x11::ManagedWindow) -> WindowInfo {
    WindowInfo {
        id: found.id,
        pid: found.pid,
        title: found.title,
    }
}

/// The command-line program of an editor of the VS Code family, by its executable:
/// `/usr/share/code/bin/code` for `/usr/share/code/code`, or the one in its bundle.
fn editor(exe: &Path) -> Option<PathBuf> {
    let name = exe.file_name()?;
    let beside = exe.parent()?.join("bin").join(name);
    // The process around a terminal is a helper in a bundle of its own.
    let is_bundle = |path: &&Path| path.extension().is_some_and(|e| e == "app");
    let bundle = exe.ancestors().filter(is_bundle).last();
    let within = bundle.map(|bundle| bundle.join("Contents/Resources/app/bin"));
    let commands = ["code", "code-insiders", "codium", "cursor", "windsurf"];
    let bundled = within
        .iter()
        .flat_map(|folder| commands.map(|c| folder.join(c)));
    std::iter::once(beside)
        .chain(bundled)
        .find(|path| path.is_file())
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
