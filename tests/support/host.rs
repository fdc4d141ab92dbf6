//! Terminals in which Claude Code itself runs.

pub(crate) mod pty;
mod tmux;

use std::collections::HashSet;
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::FakeApi;
use crate::client::{InstalledClient, TestedClient};
use crate::home::{RegistryFolder, TestHome};
use crate::process::ProcessRef;
use crate::wait::{self, until_or};
use pty::PtyHost;
use tmux::TmuxHost;

const TERMINAL_ROWS: NonZeroU16 = NonZeroU16::new(40).expect("not zero");
const TERMINAL_COLUMNS: NonZeroU16 = NonZeroU16::new(140).expect("not zero");
/// The text of Claude Code's permission dialog for a tool.
pub const PERMISSION_DIALOG_TEXT: &str = "Do you want to proceed?";
const SHELL_PROMPT: &str = "tb> ";
const START_TIMEOUT: Duration = Duration::from_mins(1);
const ECHO_TIMEOUT: Duration = Duration::from_secs(30);
/// A dialog of Claude Code ignores keys at first, so that typing does not answer it by accident.
const DIALOG_DEAF_TIME: Duration = Duration::from_millis(500);
const ENTER_TIMEOUT: Duration = Duration::from_secs(3);
const DIALOG_TIMEOUT: Duration = Duration::from_secs(3);
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How Claude Code is run in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TerminalShape {
    /// Claude Code is the process of a tmux pane.
    TmuxDirect,
    /// Claude Code runs in a bash in a tmux pane.
    TmuxBash,
    /// Claude Code runs in a zsh in a tmux pane.
    TmuxZsh,
    /// Claude Code is the first process of a plain terminal.
    PtyDirect,
    /// Claude Code runs in a bash in a plain terminal.
    PtyBash,
    /// Claude Code runs in a zsh in a plain terminal.
    PtyZsh,
}

impl TerminalShape {
    /// All shapes, tmux first.
    pub const ALL_SHAPES: [Self; 6] = [
        Self::TmuxDirect,
        Self::TmuxBash,
        Self::TmuxZsh,
        Self::PtyDirect,
        Self::PtyBash,
        Self::PtyZsh,
    ];

    /// Whether the terminal is a tmux pane.
    pub fn is_tmux(self) -> bool {
        matches!(self, Self::TmuxDirect | Self::TmuxBash | Self::TmuxZsh)
    }

    /// Whether a shell with job control runs between the terminal and Claude Code.
    pub fn has_shell(self) -> bool {
        !matches!(self, Self::TmuxDirect | Self::PtyDirect)
    }

    fn shell(self) -> Option<Command> {
        let words: &[&str] = match self {
            Self::TmuxDirect | Self::PtyDirect => return None,
            Self::TmuxBash | Self::PtyBash => &["/bin/bash", "--norc", "--noprofile", "-i"],
            Self::TmuxZsh | Self::PtyZsh => &["/bin/zsh", "-f", "-i"],
        };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        Some(command)
    }
}

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyboardKey {
    /// Return.
    Enter,
    /// Escape alone.
    Escape,
    /// Ctrl-C.
    CtrlC,
    /// Ctrl-D.
    CtrlD,
    /// Ctrl-Z.
    CtrlZ,
    /// Ctrl-A.
    CtrlA,
    /// Ctrl-U.
    CtrlU,
    /// The arrow down.
    Down,
    /// The arrow up.
    Up,
    /// Tab.
    Tab,
    /// A character.
    Char(char),
}

enum TerminalHost {
    Tmux(TmuxHost),
    Pty(PtyHost),
}

/// A terminal that runs Claude Code; both are ended on drop.
pub struct TestTerminal {
    shape: TerminalShape,
    host: TerminalHost,
    root: ProcessRef,
    version: TestedClient,
    program: InstalledClient,
    registry: RegistryFolder,
    client: Mutex<Option<ProcessRef>>,
    seen: Mutex<HashSet<ProcessRef>>,
    viewer: Option<PtyHost>,
}

impl TestTerminal {
    /// Opens a terminal, starts the newest Claude Code in it, and waits until its process exists.
    #[track_caller]
    pub fn open(
        shape: TerminalShape,
        home: &TestHome,
        api: &FakeApi,
        cwd: &Path,
        args: &[&str],
    ) -> Self {
        Self::open_client(TestedClient::Newest, shape, home, api, cwd, args)
    }

    /// Like [`open`](Self::open), with any version of Claude Code.
    #[track_caller]
    pub fn open_client(
        client: TestedClient,
        shape: TerminalShape,
        home: &TestHome,
        api: &FakeApi,
        cwd: &Path,
        args: &[&str],
    ) -> Self {
        let program = client.program().expect("Claude Code is installed");
        let mut command = shape.shell().unwrap_or_else(|| {
            let mut command = program.command();
            command.args(args);
            command
        });
        command.envs(home.env(api)).current_dir(cwd);
        if shape.has_shell() {
            command
                .env("PS1", SHELL_PROMPT)
                .env("HISTFILE", "/dev/null");
        }
        let host = if shape.is_tmux() {
            TerminalHost::Tmux(TmuxHost::spawn(&command))
        } else {
            TerminalHost::Pty(PtyHost::spawn(&command))
        };
        let root = match &host {
            TerminalHost::Tmux(tmux) => tmux.pane,
            TerminalHost::Pty(pty) => {
                ProcessRef::of_pid(pty.pid()).expect("the process just started")
            }
        };
        let terminal = Self {
            shape,
            host,
            root,
            version: client,
            program,
            registry: home.sessions(),
            client: Mutex::default(),
            seen: Mutex::default(),
            viewer: None,
        };
        if shape.has_shell() {
            terminal.run_client(args);
        }
        terminal.client();
        terminal
    }

    /// Starts Claude Code at the prompt of the shell, also again once it has exited.
    #[track_caller]
    pub fn run_client(&self, args: &[&str]) {
        assert!(self.shape.has_shell(), "no shell in {:?}", self.shape);
        until_or(
            START_TIMEOUT,
            "the prompt of the shell",
            || {
                let reads = self.root.has_terminal();
                (reads && self.screen().contains(SHELL_PROMPT.trim_end())).then_some(())
            },
            || self.diagnosis(),
        );
        let started = std::iter::once(&self.program.exe).chain(&self.program.script);
        let words: Vec<String> = started
            .map(|path| path.to_str().expect("a path of plain text"))
            .chain(args.iter().copied())
            .map(quote)
            .collect();
        self.type_text(&words.join(" "));
        self.press(KeyboardKey::Enter);
    }

    /// The kind of terminal.
    pub fn shape(&self) -> TerminalShape {
        self.shape
    }

    /// The first process of the terminal: the shell or Claude Code.
    pub fn root(&self) -> ProcessRef {
        self.root
    }

    /// The process of Claude Code: the nearest in the tree of [`root`](Self::root) that executes
    /// its file. Waits up to a minute for the process.
    #[track_caller]
    pub fn client(&self) -> ProcessRef {
        until_or(
            START_TIMEOUT,
            "the process of Claude Code",
            || self.find_client(),
            || self.diagnosis(),
        )
    }

    fn find_client(&self) -> Option<ProcessRef> {
        let mut client = lock(&self.client);
        if client.is_none_or(|client| !client.is_alive()) {
            *client = self.root.find_exe(&self.program.exe);
            drop(client);
            self.remember();
            return *lock(&self.client);
        }
        *client
    }

    /// Types text, without Enter.
    pub fn type_text(&self, text: &str) {
        match &self.host {
            TerminalHost::Tmux(tmux) => tmux.type_text(text),
            TerminalHost::Pty(pty) => pty.type_text(text),
        }
    }

    /// Presses one key.
    pub fn press(&self, key: KeyboardKey) {
        match &self.host {
            TerminalHost::Tmux(tmux) => tmux.press(key),
            TerminalHost::Pty(pty) => pty.press(key),
        }
    }

    /// Types a prompt and, once the prompt is shown in Claude Code's input, presses Enter.
    #[track_caller]
    pub fn submit(&self, prompt: &str) {
        self.enter_text(prompt);
        let client = self.client();
        self.press(KeyboardKey::Enter);
        if self.version != TestedClient::Newest {
            self.wait_taken(prompt, client);
        }
    }

    /// Repeats Enter until the prompt is taken: older versions treat an Enter right after a text as
    /// part of a paste.
    fn wait_taken(&self, prompt: &str, client: ProcessRef) {
        let wanted = squeeze(prompt);
        until_or(
            START_TIMEOUT,
            "the prompt to be taken",
            || {
                let taken = || {
                    let stands = squeeze(&self.input()).contains(&wanted);
                    (!stands || !client.is_alive()).then_some(())
                };
                let done = wait::poll(ENTER_TIMEOUT, taken);
                if done.is_none() {
                    self.press(KeyboardKey::Enter);
                }
                done
            },
            || self.diagnosis(),
        );
    }

    /// Submits a prompt and waits for the end of its turn, however short; returns the session's
    /// registry file.
    #[track_caller]
    pub fn run_turn(&self, deadline: Duration, prompt: &str) -> Value {
        let before = self.wait_status(deadline, "idle")["statusUpdatedAt"].clone();
        self.submit(prompt);
        self.wait_registry(deadline, |session| {
            session["status"] == "idle" && session["statusUpdatedAt"] != before
        })
    }

    /// Answers the dialog on the screen with a key, pressed again until the screen changes.
    #[track_caller]
    pub fn answer(&self, key: KeyboardKey) {
        until_or(
            START_TIMEOUT,
            "the dialog to take the answer",
            || {
                sleep(DIALOG_DEAF_TIME);
                let before = self.screen();
                self.press(key);
                wait::poll(DIALOG_TIMEOUT, || (self.screen() != before).then_some(()))
            },
            || self.diagnosis(),
        );
    }

    /// Waits for the permission dialog of a tool, and approves.
    #[track_caller]
    pub fn approve(&self) {
        self.wait_screen(START_TIMEOUT, PERMISSION_DIALOG_TEXT);
        self.answer(KeyboardKey::Char('1'));
    }

    /// Types text and waits until Claude Code's input shows the text.
    #[track_caller]
    pub fn enter_text(&self, text: &str) {
        self.type_text(text);
        let wanted = squeeze(text);
        until_or(
            ECHO_TIMEOUT,
            &format!("{text:?} in the input"),
            || squeeze(&self.input()).contains(&wanted).then_some(()),
            || self.diagnosis(),
        );
    }

    /// The text of Claude Code's input and everything below it on the screen.
    fn input(&self) -> String {
        let screen = self.screen();
        let input = screen.rsplit_once('❯').map_or("", |(_, input)| input);
        input.to_owned()
    }

    /// The first line of the text typed but not sent; Claude Code's own hint counts as empty.
    pub fn input_line(&self) -> String {
        let input = self.input();
        let line = input.lines().next().unwrap_or_default().trim();
        let is_hint = line.starts_with("Try \"");
        if is_hint {
            String::new()
        } else {
            line.to_owned()
        }
    }

    /// The text on the screen.
    pub fn screen(&self) -> String {
        match &self.host {
            TerminalHost::Tmux(tmux) => tmux.screen(),
            TerminalHost::Pty(pty) => pty.screen(),
        }
    }

    /// The window title.
    pub fn title(&self) -> String {
        match &self.host {
            TerminalHost::Tmux(tmux) => tmux.title(),
            TerminalHost::Pty(pty) => pty.title(),
        }
    }

    /// Waits until `needle` is on the screen; returns the whole screen.
    #[track_caller]
    pub fn wait_screen(&self, deadline: Duration, needle: &str) -> String {
        until_or(
            deadline,
            &format!("{needle:?} on the screen"),
            || Some(self.screen()).filter(|screen| screen.contains(needle)),
            || self.diagnosis(),
        )
    }

    /// The registry file of the session; `None` without one.
    pub fn registry(&self) -> Option<Value> {
        self.registry.entry_of(self.find_client()?.pid)
    }

    /// Waits until the registry file of the session is as wanted; returns the file.
    #[track_caller]
    pub fn wait_registry(&self, deadline: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        until_or(
            deadline,
            "a registry file as wanted",
            || self.registry().filter(&wanted),
            || self.diagnosis(),
        )
    }

    /// Waits for a status in the registry file: `idle`, `busy`, `waiting` or `shell`.
    #[track_caller]
    pub fn wait_status(&self, deadline: Duration, status: &str) -> Value {
        until_or(
            deadline,
            &format!("{status:?} in the registry"),
            || {
                self.registry()
                    .filter(|session| session["status"] == status)
            },
            || self.diagnosis(),
        )
    }

    /// Waits until this Claude Code process has exited.
    #[track_caller]
    pub fn wait_end(&self, deadline: Duration, client: ProcessRef) {
        until_or(
            deadline,
            "the exit of Claude Code",
            || (!client.is_alive()).then_some(()),
            || self.diagnosis(),
        );
    }

    /// Sends a signal to Claude Code; panics if the process is gone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let client = self.client();
        self.remember();
        assert!(client.signal(signal), "{client:?} is gone");
    }

    /// Closes the terminal: the tmux session, or the master of the pseudo-terminal.
    pub fn hang_up(&mut self) {
        self.remember();
        self.viewer = None;
        match &mut self.host {
            TerminalHost::Tmux(tmux) => tmux.hang_up(),
            TerminalHost::Pty(pty) => pty.hang_up(),
        }
    }

    /// Attaches a tmux client in a separate terminal, as a user would.
    #[track_caller]
    pub fn attach(&mut self) {
        let tmux = self.tmux();
        let viewer = PtyHost::spawn(&tmux.attach_command());
        tmux.wait_attached(START_TIMEOUT, "1");
        self.viewer = Some(viewer);
    }

    /// Detaches the tmux clients; the session continues.
    #[track_caller]
    pub fn detach(&mut self) {
        self.tmux().detach_all();
        self.tmux().wait_attached(START_TIMEOUT, "0");
        self.viewer = None;
    }

    /// The name of the tmux session; `None` without tmux.
    pub fn session_name(&self) -> Option<&'static str> {
        self.shape.is_tmux().then(TmuxHost::session_name)
    }

    /// The name of the tmux socket, as for `tmux -L`; `None` without tmux.
    pub fn socket(&self) -> Option<&str> {
        match &self.host {
            TerminalHost::Tmux(tmux) => Some(tmux.socket()),
            TerminalHost::Pty(_) => None,
        }
    }

    /// Runs a tmux command on the server and returns its output; panics if the command fails.
    #[track_caller]
    pub fn tmux_command(&self, args: &[&str]) -> String {
        let output = self.tmux().run(args);
        output.unwrap_or_else(|| panic!("tmux {args:?} failed"))
    }

    #[track_caller]
    fn tmux(&self) -> &TmuxHost {
        match &self.host {
            TerminalHost::Tmux(tmux) => tmux,
            TerminalHost::Pty(_) => panic!("{:?} has no tmux", self.shape),
        }
    }

    /// Records all processes of the terminal, so that each of them is killed on drop.
    fn remember(&self) {
        let client = *lock(&self.client);
        let tree = self.root.tree();
        let below = client.map(ProcessRef::tree).unwrap_or_default();
        lock(&self.seen).extend(tree.into_iter().chain(below));
    }

    fn diagnosis(&self) -> String {
        let registry = lock(&self.client).and_then(|client| self.registry.entry_of(client.pid));
        let registry = registry.map_or_else(|| "none".into(), |value| value.to_string());
        let (shape, screen) = (self.shape, self.screen());
        format!(
            "{shape:?}; registry: {registry}; screen:\n{}",
            screen.trim_end()
        )
    }
}

impl Drop for TestTerminal {
    fn drop(&mut self) {
        self.hang_up();
        if let TerminalHost::Tmux(tmux) = &self.host {
            tmux.kill_server();
        }
        let client = *lock(&self.client);
        let polite = [Some(self.root), client];
        wait_gone(&polite.into_iter().flatten().collect::<Vec<_>>());
        let seen: Vec<ProcessRef> = lock(&self.seen).iter().copied().collect();
        for process in &seen {
            process.signal(Signal::KILL);
        }
        wait_gone(&seen);
    }
}

fn wait_gone(processes: &[ProcessRef]) {
    wait::poll(END_TIMEOUT, || {
        let gone = processes.iter().all(|process| !process.is_alive());
        gone.then_some(())
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes white space, because the screen breaks long lines at any character.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
