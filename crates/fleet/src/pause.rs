//! Pauses: their kinds, the pause record, and the hooks that wait for the end of a pause.

pub use crate::text::MAX_SUMMARY_CHARS;

use crate::identity::{ProcessKey, SessionId};
use crate::terminal::PaneKey;
use crate::time::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

/// How a session can be paused, the best kind first: at once and without loss, then later, then
/// with the loss of a step.
///
/// * `Freeze`: Claude Code and its descendants are in a frozen cgroup
/// * `Stop`: SIGSTOP, to the shells above Claude Code first
/// * `Suspend`: Ctrl-Z in the tmux pane; resumed with `fg`
/// * `Hold`: hooks wait before the next tool and the next prompt
/// * `Interrupt`: Escape, which loses the current step; resumed with `continue`
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum PauseKind {
    /// Claude Code and its descendants are in a frozen cgroup.
    Freeze,
    /// SIGSTOP, to the shells above Claude Code first.
    Stop,
    /// Ctrl-Z in the tmux pane; resumed with `fg`.
    Suspend,
    /// Hooks wait before the next tool and the next prompt.
    Hold,
    /// Escape, which loses the current step; resumed with `continue`.
    Interrupt,
}

impl PauseKind {
    /// All kinds, the best first.
    pub const ALL_KINDS: [Self; 5] = [
        Self::Freeze,
        Self::Stop,
        Self::Suspend,
        Self::Hold,
        Self::Interrupt,
    ];

    /// The name in commands: `freeze`, `stop`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Stop => "stop",
            Self::Suspend => "suspend",
            Self::Hold => "hold",
            Self::Interrupt => "interrupt",
        }
    }

    /// What this kind of pause did to a session: `frozen`, `stopped`, …
    pub const fn done(self) -> &'static str {
        match self {
            Self::Freeze => "frozen",
            Self::Stop => "stopped",
            Self::Suspend => "suspended with Ctrl-Z",
            Self::Hold => "held by hooks",
            Self::Interrupt => "interrupted",
        }
    }

    /// Whether no process of a session paused this way can run.
    pub const fn is_hard(self) -> bool {
        matches!(self, Self::Freeze | Self::Stop | Self::Suspend)
    }
}

/// Who asked for a pause.
///
/// * `App`: the popover or the menu of the app
/// * `Command`: `trusty` in a terminal
/// * `Api`: a program, over the local API
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = Asker)]
pub enum Initiator {
    /// The popover or the menu of the app.
    App,
    /// `trusty` in a terminal.
    Command,
    /// A program, over the local API.
    Api,
}

/// What a session was doing that may not survive a long pause.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[schema(as = AtWork)]
pub enum InterruptedWork {
    /// Nothing, or nothing that a long pause disturbs.
    #[default]
    Nothing,
    /// An answer of the model was streaming. Claude Code requests the answer again if the stop
    /// exceeded a limit between 200 and 420 s (measured, 2.1.330).
    Stream,
    /// A command was running. Claude Code moves the command to the background after a stop that
    /// exceeds the command's time limit, by default 2 minutes (measured, 2.1.330).
    Command,
}

/// How far a pause has progressed. The phase says how to repair a record on which no process works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PausePhase {
    /// The pause is in progress; if its executor is gone, the pause is rolled back.
    Pausing,
    /// The pause is complete and verified.
    Paused,
    /// The resume is in progress; if its executor is gone, the resume is completed.
    Resuming,
    /// The session is being ended: its gates deny the calls that they hold.
    Ending,
}

/// The pause record, `paused/<session>.json`: written before a pause begins, and removed once its
/// end is confirmed. Times are by the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PauseRecord {
    /// The version of the format: 1.
    pub version: u32,
    /// The paused session.
    pub session: SessionId,
    /// The boot in which the record was made; in any other boot, all its processes are gone.
    pub boot: String,
    /// Where the pids of the record are valid, as Claude Code names that (`pidDomain`): a data
    /// folder shared by machines or containers holds the records of all of them.
    #[serde(default)]
    pub domain: Option<String>,
    /// The process of Claude Code.
    pub client: ProcessKey,
    /// How far the pause has progressed.
    pub phase: PausePhase,
    /// When the pause was requested.
    #[serde(with = "rfc3339")]
    pub since: SystemTime,
    /// Who requested the pause.
    pub by: Initiator,
    /// The user's note, or what the session was doing: at most [`MAX_SUMMARY_CHARS`] characters,
    /// none of which controls a terminal.
    pub summary: String,
    /// What the session was doing that may not survive a long pause.
    #[serde(default)]
    pub at_work: InterruptedWork,
    /// The controlling terminal at the time of the pause.
    #[serde(default)]
    pub tty: Option<PathBuf>,
    /// How the session was paused, with what a resume needs.
    pub means: PauseMethod,
}

/// Identifies a hold that was judged by its record, as opposed to a later hold of the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedHold {
    /// When the hold was requested, by the engine's clock.
    since: Timestamp,
    /// How far the wall clock is ahead of the engine's clock now, in nanoseconds.
    ahead: i64,
}

impl JudgedHold {
    /// The tolerance when times are compared: times are dated to the millisecond.
    const DATING_PRECISION: Duration = Duration::from_millis(2);

    /// The hold of a filed record; `ahead` is how far the wall clock is ahead, in nanoseconds.
    pub fn new(filed: &PauseRecord, ahead: i64) -> Self {
        Self {
            since: filed.since.into(),
            ahead,
        }
    }

    /// Whether a record on disk belongs to this hold. Both offsets are tried, because the wall
    /// clock may have been set before or after the record was filed.
    pub fn matches_record(&self, on_disk: &PauseRecord) -> bool {
        let since = Timestamp::from(on_disk.since).as_nanos();
        [0, self.ahead].into_iter().any(|ahead| {
            let judged = self.since.as_nanos().saturating_add(ahead);
            u128::from(since.abs_diff(judged)) < Self::DATING_PRECISION.as_nanos()
        })
    }
}

impl PauseRecord {
    /// The kind of pause.
    pub fn kind(&self) -> PauseKind {
        match self.means {
            PauseMethod::Freeze { .. } => PauseKind::Freeze,
            PauseMethod::Stop { .. } => PauseKind::Stop,
            PauseMethod::Suspend { .. } => PauseKind::Suspend,
            PauseMethod::Hold => PauseKind::Hold,
            PauseMethod::Interrupt { .. } => PauseKind::Interrupt,
        }
    }
}

/// How a session was paused: the processes and panes concerned, so that any process of Trusty Bar
/// can undo the pause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PauseMethod {
    /// Moved into a cgroup of their own and frozen there.
    Freeze {
        /// The new cgroup, an absolute path.
        group: PathBuf,
        /// The processes that were moved, with the cgroup of each before.
        moved: Vec<MovedProcess>,
        /// A process of Trusty Bar that keeps the old cgroup of Claude Code alive.
        keeper: Option<ProcessKey>,
    },
    /// Stopped by SIGSTOP in the order of these fields; resumed by SIGCONT in reverse order.
    Stop {
        /// The shells above Claude Code, from the first process of its terminal down.
        shells: Vec<ProcessKey>,
        /// The process group of Claude Code: Claude Code and the processes that share the group.
        group: Vec<ProcessKey>,
        /// Processes that Claude Code started in groups of their own.
        tools: Vec<ProcessKey>,
    },
    /// Suspended with Ctrl-Z.
    Suspend {
        /// The tmux pane of the session.
        pane: PaneKey,
        /// The shell of which Claude Code is a job.
        shell: ProcessKey,
        /// The terminal settings before the pause, in the form of `stty -g`.
        settings: Option<String>,
        /// The cursor of the pane once the shell showed its prompt again: column, row.
        cursor: Option<(u32, u32)>,
        /// The text of the cursor's line at that time.
        line: Option<String>,
    },
    /// Held: gates wait for as long as this record exists.
    Hold,
    /// Interrupted with Escape.
    Interrupt {
        /// The tmux pane of the session.
        pane: PaneKey,
    },
}

/// A process that was moved to another cgroup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MovedProcess {
    /// The process.
    pub process: ProcessKey,
    /// The cgroup of the process before, an absolute path.
    pub from: PathBuf,
}

/// A hook that waits for the end of a pause, as the hook describes itself beside the record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gate {
    /// The hook's process.
    pub process: ProcessKey,
    /// The hook's event: `PreToolUse`, `UserPromptSubmit`.
    pub event: String,
    /// The sub-agent that the hook holds; none for the main agent.
    #[serde(default)]
    pub agent: Option<String>,
    /// The tool that the hook holds.
    #[serde(default)]
    pub tool: Option<String>,
    /// Since when the hook waits, by the wall clock; hooks of 0.1.0 do not write this.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    pub since: Option<SystemTime>,
}

/// The longest time for which a hook waits: 24 days. Claude Code gives up on a hook after 24.9
/// days, and a hook that was given up on denies nothing.
pub const MAX_HOLD: Duration = Duration::from_hours(24 * 24);
