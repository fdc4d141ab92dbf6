//! Observations: dated facts, each with a known source.

mod clock_shift;
mod folder;
mod hook;
mod pause;
mod screen;
mod transcript;

pub use folder::{ConfigFolder, FolderFacts, FolderIdentity, FolderOrigin};
pub use hook::{HookEvent, HookEventKind, ListedSession};
pub use pause::{
    ActionProgress, ControlPreferences, HoldDuration, HookInstall, HookMarks, PauseOrder,
    ToolPausePolicy,
};
pub use screen::{ScreenContent, ScreenReading};
pub use transcript::{
    DatedText, RetryAttempt, SubagentFacts, ToolCall, TranscriptFacts, TranscriptKey,
    TranscriptSelector, TurnEnd, TurnEndKind,
};

pub use crate::client::HookObstacle;
pub use crate::terminal::{JobControlIds, PaneKey};

use crate::client::ProcessRole;
use crate::given_answer::GivenAnswer;
use crate::identity::{ProcStart, ProcessKey, SessionId};
use crate::pause::{Gate, PauseRecord};
use crate::request::{HookOutcome, PermissionRequest, RequestId};
use crate::session::{ResourceUsage, Source};
use crate::terminal::ProcessAncestor;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A fact and the time at which its source saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When the source saw the fact.
    pub at: Timestamp,
    /// The fact.
    pub fact: Fact,
}

/// One thing that a source saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// The content of a registry file.
    Registry(RegistryFile, Box<RegistryEntry>),
    /// A registry file does not exist, or no longer exists.
    RegistryGone(RegistryFile),
    /// Claude Code has opened its peer socket, which happens before it writes its registry file.
    /// Known from the name of a `.key` file, which is never opened.
    RegistryKey(RegistryFile),
    /// A config folder whose registry is read: the folder's identity, and who named the folder.
    ConfigFolder(PathBuf, FolderFacts),
    /// A live process, described in full.
    Process(Box<ProcessFacts>),
    /// The changing part of all watched processes that are alive.
    #[serde(rename = "Pulses")]
    ProcessSamples(Vec<ProcessSample>),
    /// A process has exited.
    ProcessExited(ProcessKey),
    /// No process has this pid.
    ProcessAbsent(u32),
    /// All panes of a tmux server; empty once the server has exited.
    Panes(PathBuf, Vec<TmuxPane>),
    /// The content of a transcript, summed up after its newest line.
    Transcript(TranscriptKey, Box<TranscriptFacts>),
    /// A transcript does not exist, or no longer exists.
    TranscriptGone(TranscriptKey),
    /// What a tmux pane shows.
    Screen(PaneKey, ScreenReading),
    /// Claude Code's own list of the sessions of one config folder (`claude agents --json`).
    Listed(PathBuf, Vec<ListedSession>),
    /// An event that a hook reported.
    Hook(Box<HookEvent>),
    /// The pause record of a session.
    Pause(SessionId, Box<PauseRecord>),
    /// A session has no pause record, or no longer has one.
    PauseGone(SessionId),
    /// All live hooks of a session that wait for the end of its pause.
    Gates(SessionId, Vec<Gate>),
    /// Whether Trusty Bar's hooks are installed in a config folder.
    #[serde(rename = "Connection")]
    HookInstall(PathBuf, HookInstall),
    /// The sessions in which Trusty Bar's hooks have run since they were connected.
    HookMarks(HookMarks),
    /// A hook of a session holds a request.
    #[serde(rename = "Asked")]
    RequestHeld(SessionId, Box<PermissionRequest>),
    /// A hook no longer holds a request, with the outcome.
    #[serde(rename = "AskOver")]
    RequestEnded(SessionId, RequestId, HookOutcome),
    /// Claude Code accepted an answer that was given through Trusty Bar.
    Answered(SessionId, Box<GivenAnswer>),
    /// The progress of an action on a session.
    #[serde(rename = "Act")]
    ActionProgress(SessionId, ActionProgress),
    /// The user's settings for pauses and requests.
    Preferences(ControlPreferences),
    /// How far the wall clock is ahead of the engine's clock, in nanoseconds.
    WallClock(i64),
    /// The health of a source: none if the source works, else what is wrong, in words.
    Health(HealthKey, Option<String>),
    /// The user looked at the popover or at a terminal.
    Attention(FocusEvent),
}

/// A registry file of Claude Code, `<dir>/sessions/<pid>.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegistryFile {
    /// The config folder (`~/.claude`).
    pub dir: PathBuf,
    /// The pid in the file's name.
    pub pid: u32,
}

/// The content of a registry file. Any field may be missing: older versions of Claude Code write
/// fewer.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegistryEntry {
    /// Claude Code's own session id.
    pub session_id: Option<String>,
    /// The folder in which Claude Code was started.
    pub cwd: Option<String>,
    /// When the session started.
    pub started_at: Option<Timestamp>,
    /// The start time of the process, if the file gives one in any form.
    pub proc_start: Option<ProcStart>,
    /// The version of Claude Code.
    pub version: Option<String>,
    /// The kind of session: `interactive`, `background`, …
    pub kind: Option<String>,
    /// How Claude Code was started: `cli`, `sdk-cli`, …
    pub entrypoint: Option<String>,
    /// Whether the process is a spare, kept ready for a future background session.
    pub spare: bool,
    /// The machine and pid namespace in which the pids of the file are valid (`pidDomain`).
    pub pid_domain: Option<String>,
    /// The session's name.
    pub name: Option<String>,
    /// Where the name comes from: `derived`, `user`, …
    pub name_source: Option<String>,
    /// Claude Code's own word for what the session does: `busy`, `idle`, …
    pub status: Option<String>,
    /// What the session waits for, in Claude Code's words, which change between versions.
    pub waiting_for: Option<String>,
    /// When the status changed, according to Claude Code.
    pub status_updated_at: Option<Timestamp>,
}

/// A process as the process table describes it.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// The pid and start time.
    pub key: ProcessKey,
    /// The user id that owns the process.
    pub uid: u32,
    /// What the process is, by path and arguments.
    pub role: ProcessRole,
    /// When the process started, by the wall clock.
    pub started_at: Timestamp,
    /// The working folder.
    pub cwd: Option<PathBuf>,
    /// The git work tree around `cwd`.
    pub project: Option<PathBuf>,
    /// The chain of parents, nearest first.
    pub ancestors: Vec<ProcessAncestor>,
    /// The controlling terminal.
    pub tty: Option<String>,
    /// The config folder that the environment names, as a path that also leads there for the
    /// engine.
    pub config_dir: Option<PathBuf>,
    /// The identity of that folder, looked up through the process's own working folder and root.
    #[serde(default)]
    pub config_folder: ConfigFolder,
    /// Whether the process is in another user or mount namespace, as in a sandbox or a container.
    /// Nothing that such a process names is run or asked.
    #[serde(default)]
    pub contained: bool,
    /// The tmux server that the environment names; none for a contained process.
    pub tmux_socket: Option<PathBuf>,
    /// The executable.
    #[serde(default)]
    pub exe: Option<PathBuf>,
    /// The process's terminal session and process group.
    #[serde(default)]
    pub seat: Option<JobControlIds>,
    /// Whether the process may be moved into a cgroup of its own and frozen there.
    #[serde(default)]
    pub freezable: bool,
    /// Why no hook of the user can hold the process: its arguments, its folder or its pid
    /// namespace.
    #[serde(default)]
    pub hook_obstacle: Option<HookObstacle>,
    /// The changing part: the run state and the resource usage.
    pub pulse: ProcessSample,
}

/// The part of a process that changes while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ProcessSample {
    /// The pid and start time.
    pub key: ProcessKey,
    /// Whether the process can run.
    pub state: RunState,
    /// What the process tree uses; measured only on demand.
    pub usage: Option<ResourceUsage>,
}

/// Whether a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RunState {
    /// Running, or waiting for an event.
    Running,
    /// Stopped by a signal (state `T`), with the kind of signal.
    Stopped(StopSignal),
    /// In a frozen cgroup.
    Frozen,
}

/// Which signal stopped a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StopSignal {
    /// SIGTSTP, as Ctrl-Z sends it.
    Keyboard,
    /// SIGSTOP, which only another program sends.
    Program,
    /// SIGTTIN or SIGTTOU: the process needed the terminal while another program had it.
    Terminal,
    /// The system does not say.
    Unknown,
}

/// A tmux pane. A pane of a window linked into several sessions is listed once for each session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TmuxPane {
    /// The pane's id, `%0`.
    pub pane: String,
    /// The process that tmux started in the pane.
    pub pid: u32,
    /// The pane's terminal device.
    pub tty: String,
    /// The window's id, `@0`.
    pub window: String,
    /// The name of the tmux session, as tmux shows it.
    pub session: String,
    /// How many tmux clients show the session.
    pub clients: u32,
}

/// What a health message is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HealthKey {
    /// The source whose health is reported.
    pub source: Source,
    /// The file, folder or server concerned.
    pub subject: String,
}

/// A sign of the user's attention, which turns Finished into Idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FocusEvent {
    /// The popover was shown or closed.
    Popover,
    /// The terminal of a session got the focus.
    Terminal(SessionId),
}
