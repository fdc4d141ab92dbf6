//! What sources tell: dated facts with provenance.

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
use crate::identity::{ProcessKey, SessionId, StartTime};
use crate::pause::{Gate, PauseRecord};
use crate::request::{HookOutcome, PermissionRequest, RequestId};
use crate::session::{ResourceUsage, Source};
use crate::terminal::ProcessAncestor;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A fact and when it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When the source saw it.
    pub at: Timestamp,
    /// What it saw.
    pub fact: Fact,
}

/// What a source can tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A registry file holds this.
    Registry(RegistryFile, Box<RegistryEntry>),
    /// A registry file is not there (any more).
    RegistryGone(RegistryFile),
    /// A client has opened its peer socket, which it does before it writes its registry file.
    /// Known from the name of a `.key` file, which is never opened.
    RegistryKey(RegistryFile),
    /// A config folder that is looked into: which folder that is, and who named it.
    ConfigFolder(PathBuf, FolderFacts),
    /// A process is alive and looks like this.
    Process(Box<ProcessFacts>),
    /// The changing part of all watched processes that are alive.
    #[serde(rename = "Pulses")]
    ProcessSamples(Vec<ProcessSample>),
    /// A process has ended.
    ProcessExited(ProcessKey),
    /// No process has this pid.
    ProcessAbsent(u32),
    /// All panes of a tmux server; empty when it has ended.
    Panes(PathBuf, Vec<TmuxPane>),
    /// A transcript says this, all in all.
    Transcript(TranscriptKey, Box<TranscriptFacts>),
    /// A transcript is not there (any more).
    TranscriptGone(TranscriptKey),
    /// A pane shows this.
    Screen(PaneKey, ScreenReading),
    /// The client's own list of the sessions of one config folder.
    Listed(PathBuf, Vec<ListedSession>),
    /// A hook of a connected client told this.
    Hook(Box<HookEvent>),
    /// What is on disk of a pause.
    Pause(SessionId, Box<PauseRecord>),
    /// Nothing is on disk of a pause of this session (any more).
    PauseGone(SessionId),
    /// The hooks of a session that wait for the end of its pause; all that live.
    Gates(SessionId, Vec<Gate>),
    /// Whether the hooks of a config folder are ours.
    #[serde(rename = "Connection")]
    HookInstall(PathBuf, HookInstall),
    /// Which sessions our hooks have run in since they were connected.
    HookMarks(HookMarks),
    /// A hook of a session holds a request.
    #[serde(rename = "Asked")]
    RequestHeld(SessionId, Box<PermissionRequest>),
    /// It does not any more.
    #[serde(rename = "AskOver")]
    RequestEnded(SessionId, RequestId, HookOutcome),
    /// A client took an answer that was given from here.
    Answered(SessionId, Box<GivenAnswer>),
    /// How an action on a session goes.
    #[serde(rename = "Act")]
    ActionProgress(SessionId, ActionProgress),
    /// What the owner wishes.
    Preferences(ControlPreferences),
    /// By how much the wall clock is ahead of the time facts are dated with, in nanoseconds.
    WallClock(i64),
    /// A source works, or in words what is wrong with it.
    Health(HealthKey, Option<String>),
    /// The owner has looked.
    Attention(FocusEvent),
}

/// A client's registry file, `<dir>/sessions/<pid>.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegistryFile {
    /// The config folder (`~/.claude`).
    pub dir: PathBuf,
    /// The pid in its name.
    pub pid: u32,
}

/// What a registry file says. Any field may be missing: older clients write fewer.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegistryEntry {
    /// Claude's own session id.
    pub session_id: Option<String>,
    /// The folder the client was started in.
    pub cwd: Option<String>,
    /// Start of the session.
    pub started_at: Option<Timestamp>,
    /// The kernel's start time of the process, where it is written in the kernel's unit.
    pub proc_start: Option<StartTime>,
    /// The client's version.
    pub version: Option<String>,
    /// `interactive`, `background`, …
    pub kind: Option<String>,
    /// `cli`, `sdk-cli`, …
    pub entrypoint: Option<String>,
    /// A process kept ready for a background session that has not come yet.
    pub spare: bool,
    /// Whose pids these are.
    pub pid_domain: Option<String>,
    /// The session's name.
    pub name: Option<String>,
    /// `derived`, `user`, …
    pub name_source: Option<String>,
    /// The client's own word for what it does.
    pub status: Option<String>,
    /// What it waits for, in the client's words, which change between versions.
    pub waiting_for: Option<String>,
    /// When the client says its status changed.
    pub status_updated_at: Option<Timestamp>,
}

/// A process as it is.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// Who it is.
    pub key: ProcessKey,
    /// Its owner.
    pub uid: u32,
    /// What it is by path and arguments.
    pub role: ProcessRole,
    /// When it started, by the wall clock.
    pub started_at: Timestamp,
    /// Where it is.
    pub cwd: Option<PathBuf>,
    /// The git work tree around `cwd`.
    pub project: Option<PathBuf>,
    /// Parents, nearest first.
    pub ancestors: Vec<ProcessAncestor>,
    /// Its controlling terminal.
    pub tty: Option<String>,
    /// The config folder its environment names, by a path that leads there for us, too.
    pub config_dir: Option<PathBuf>,
    /// Which folder that is, as the process itself would find it.
    #[serde(default)]
    pub config_folder: ConfigFolder,
    /// Whether it is in a user or mount namespace that is not ours: in a sandbox or a container of
    /// its own. Nothing that it names is run or asked.
    #[serde(default)]
    pub contained: bool,
    /// The tmux server its environment names; none of a contained process.
    pub tmux_socket: Option<PathBuf>,
    /// The file it executes.
    #[serde(default)]
    pub exe: Option<PathBuf>,
    /// Its place among the jobs of its terminal.
    #[serde(default)]
    pub seat: Option<JobControlIds>,
    /// Whether it may be moved into a control group of its own, and be frozen there.
    #[serde(default)]
    pub freezable: bool,
    /// Why no hook of the user's can hold it, where its arguments, its folder or its place tell.
    #[serde(default)]
    pub hook_obstacle: Option<HookObstacle>,
    /// What it does now.
    pub pulse: ProcessSample,
}

/// The part of a process that changes.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ProcessSample {
    /// Who it is.
    pub key: ProcessKey,
    /// Whether it can run.
    pub state: RunState,
    /// What its tree uses, when somebody wants to know.
    pub usage: Option<ResourceUsage>,
}

/// Whether a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RunState {
    /// Runs or waits for something.
    Running,
    /// Stopped by a signal (state `T`), and by which.
    Stopped(StopSignal),
    /// In a frozen control group.
    Frozen,
}

/// What stopped a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StopSignal {
    /// SIGTSTP, as Ctrl-Z sends it.
    Keyboard,
    /// SIGSTOP, which only another program sends.
    Program,
    /// SIGTTIN or SIGTTOU: it wanted the terminal while another program had it.
    Terminal,
    /// The system does not tell.
    Unknown,
}

/// A pane of a tmux server. A pane of a window linked into several sessions is told once each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TmuxPane {
    /// `%0`
    pub pane: String,
    /// The process tmux started in it.
    pub pid: u32,
    /// Its terminal device.
    pub tty: String,
    /// `@0`
    pub window: String,
    /// The session's name as tmux shows it.
    pub session: String,
    /// Clients that show the session.
    pub clients: u32,
}

/// What a health message is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HealthKey {
    /// The source.
    pub source: Source,
    /// The file, folder or server.
    pub subject: String,
}

/// The owner's attention, which turns Finished into Idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FocusEvent {
    /// The popover was shown, or closed.
    Popover,
    /// The terminal of a session was focused.
    Terminal(SessionId),
}
