//! The environment of one test: a home, a fake API and, on request, connected hooks, an engine, a
//! desktop and a session of Claude Code itself.

mod client;

pub use client::ClientStage;

#[cfg(target_os = "linux")]
use crate::desktop::{TestDesktop, require_desktop};
use crate::trusty::{self, RunningProgram};
use crate::wait::WAIT_TIMEOUT;
use crate::{ApiEventKind, FakeApi, TerminalShape, TestHome, TestTerminal, TestedClient};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The arguments with which Claude Code asks before it acts.
pub const MANUAL_MODE_ARGS: [&str; 2] = ["--permission-mode", "manual"];

/// A home and everything that runs in it. Dropping the stage ends the engine, then the fake API,
/// and removes the home; only processes that the stage has started are ended.
pub struct TestStage {
    /// The engine, if one was requested.
    pub engine: Option<RunningProgram>,
    /// The model that all sessions use.
    pub api: FakeApi,
    /// The home of all programs.
    pub home: TestHome,
    client: TestedClient,
}

/// Builds a [`TestStage`]; by default only a home and a fake API.
pub struct StageBuilder<'a> {
    home: TestHome,
    client: Option<TestedClient>,
    settings: Option<&'a str>,
    has_hooks: bool,
    has_engine: bool,
}

/// The kind of desktop that a test needs; only Linux has one for tests.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesktopKind {
    /// A desktop with a panel and a tray.
    Tray,
    /// A desktop without a place for tray icons.
    Trayless,
    /// A desktop without a tray, on a screen of this size, as Xvfb reads it (`1280x1000x24`).
    Sized(&'static str),
}

impl<'a> StageBuilder<'a> {
    /// Uses this version of Claude Code. A version other than the newest is used even with
    /// `CLIENT=0`.
    #[must_use]
    pub fn client(mut self, client: TestedClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Does without Claude Code: the test runs with `CLIENT=0`, too.
    #[must_use]
    pub fn without_client(mut self) -> Self {
        self.client = None;
        self
    }

    /// Writes these settings of Trusty Bar.
    #[must_use]
    pub fn settings(mut self, settings: &'a str) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Changes the home before hooks are connected and anything runs.
    #[must_use]
    pub fn home(mut self, prepare: impl FnOnce(&mut TestHome)) -> Self {
        prepare(&mut self.home);
        self
    }

    /// Connects the hooks of all sessions.
    #[must_use]
    pub fn hooks(mut self) -> Self {
        self.has_hooks = true;
        self
    }

    /// Starts `trusty serve`.
    #[must_use]
    pub fn engine(mut self) -> Self {
        self.has_engine = true;
        self
    }

    /// The stage; `None` if the test needs the newest Claude Code and `CLIENT=0` is set.
    ///
    /// # Panics
    /// The newest Claude Code is needed and not installed, or a program does not start.
    #[track_caller]
    pub fn build(self) -> Option<TestStage> {
        if self.client == Some(TestedClient::Newest) {
            crate::require_client()?;
        }
        Some(self.start())
    }

    /// The stage with a desktop; `None` as for [`build`](Self::build), and with `DESKTOP=0`.
    ///
    /// # Panics
    /// As [`build`](Self::build), and where a tool of the desktop is missing.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn build_with_desktop(self, kind: DesktopKind) -> Option<(TestStage, TestDesktop)> {
        if !require_desktop() {
            return None;
        }
        let stage = self.build()?;
        let desktop = match kind {
            DesktopKind::Tray => TestDesktop::start(&stage.home),
            DesktopKind::Trayless => TestDesktop::start_without_tray(&stage.home),
            DesktopKind::Sized(screen) => TestDesktop::start_sized(&stage.home, screen),
        };
        Some((stage, desktop))
    }

    /// The stage with an idle session in a trusted folder of this name; `None` as for
    /// [`build`](Self::build).
    ///
    /// # Panics
    /// As [`build`](Self::build), and where the session is not idle within a minute.
    #[track_caller]
    pub fn open(self, shape: TerminalShape, folder: &str, args: &[&str]) -> Option<ClientStage> {
        Some(self.build()?.into_session(shape, folder, args))
    }

    /// Builds the stage without regard to `CLIENT=0`.
    #[track_caller]
    fn start(self) -> TestStage {
        let home = self.home;
        if let Some(settings) = self.settings {
            trusty::configure(&home, settings);
        }
        if self.has_hooks {
            trusty::connect(&home);
        }
        TestStage {
            engine: self.has_engine.then(|| trusty::serve(&home)),
            api: FakeApi::start(),
            home,
            client: self.client.unwrap_or(TestedClient::Newest),
        }
    }
}

impl TestStage {
    /// A builder with a new home, for the newest Claude Code.
    pub fn builder<'a>() -> StageBuilder<'a> {
        StageBuilder {
            home: TestHome::new(),
            client: Some(TestedClient::Newest),
            settings: None,
            has_hooks: false,
            has_engine: false,
        }
    }

    /// Opens a terminal with Claude Code in a trusted folder of this name.
    #[track_caller]
    pub fn open(&self, shape: TerminalShape, folder: &str, args: &[&str]) -> TestTerminal {
        self.open_at(shape, &self.home.project(folder), args)
    }

    /// Opens a terminal with Claude Code in an existing folder.
    #[track_caller]
    pub fn open_at(&self, shape: TerminalShape, folder: &Path, args: &[&str]) -> TestTerminal {
        TestTerminal::open_client(self.client, shape, &self.home, &self.api, folder, args)
    }

    /// Like [`open`](Self::open), and waits until the session is idle.
    #[track_caller]
    pub fn open_idle(&self, shape: TerminalShape, folder: &str, args: &[&str]) -> TestTerminal {
        let terminal = self.open(shape, folder, args);
        terminal.wait_status(WAIT_TIMEOUT, "idle");
        terminal
    }

    /// Opens an idle session in a trusted folder of this name.
    #[track_caller]
    pub fn into_session(self, shape: TerminalShape, folder: &str, args: &[&str]) -> ClientStage {
        let terminal = self.open_idle(shape, folder, args);
        ClientStage {
            client: terminal.client(),
            terminal,
            folder: self.home.path().join("code").join(folder),
            stage: self,
        }
    }

    /// Waits until the model has sent its whole answer to the prompt.
    #[track_caller]
    pub fn wait_answered(&self, prompt: &str) {
        self.api
            .wait_for(WAIT_TIMEOUT, prompt, ApiEventKind::MessageStop);
    }

    /// Waits until the model has sent the first delta of its answer to the prompt.
    #[track_caller]
    pub fn wait_begun(&self, prompt: &str) {
        self.api
            .wait_for(WAIT_TIMEOUT, prompt, ApiEventKind::FirstDelta);
    }

    /// Whether the model has received the prompt.
    pub fn was_asked(&self, prompt: &str) -> bool {
        self.api.events().iter().any(|event| event.prompt == prompt)
    }

    /// Runs `trusty` and waits for its exit.
    pub fn run(&self, arguments: &[&str]) -> Output {
        trusty::run(&self.home, arguments)
    }

    /// Runs `trusty` and returns its output; panics unless it succeeds.
    #[track_caller]
    pub fn run_successfully(&self, arguments: &[&str]) -> String {
        trusty::run_successfully(&self.home, arguments)
    }

    /// The session with this pid in `trusty list --json`.
    #[track_caller]
    pub fn listed(&self, pid: u32) -> Option<Value> {
        trusty::session_of(&trusty::list(&self.home), pid)
    }

    /// The text of all transcripts of main agents in this home.
    pub fn transcripts(&self) -> String {
        let projects = files_in(&self.home.config_dir().join("projects"));
        let files = projects.iter().flat_map(|folder| files_in(folder));
        let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
        texts.collect()
    }

    /// The files in the folder of pause records, locks included.
    pub fn pause_files(&self) -> Vec<PathBuf> {
        files_in(&self.home.xdg_data().join("trusty/paused"))
    }

    /// The number of [`pause_files`](Self::pause_files) with this extension.
    pub fn count_pause_files(&self, ending: &str) -> usize {
        let files = self.pause_files().into_iter();
        let is_counted = |file: &PathBuf| file.extension().is_some_and(|end| end == ending);
        files.filter(is_counted).count()
    }
}

/// The entries of a folder; empty if the folder does not exist.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
