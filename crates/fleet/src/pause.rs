//! Pauses: their kinds, what is on disk of one for as long as it lasts, and the gates it holds.

pub use crate::text::MAX_SUMMARY_CHARS;

use crate::identity::{ProcessKey, SessionId};
use crate::terminal::PaneKey;
use crate::time::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

/// How a session can be paused, the best first: at once and without loss, then later, then with
/// the loss of a step.
///
/// * `Freeze`: the client and all below it lie in a frozen control group
/// * `Stop`: SIGSTOP, the shells above the client first
/// * `Suspend`: Ctrl-Z in its tmux pane, `fg` to go on
/// * `Hold`: its hooks wait before the next tool and the next prompt
/// * `Interrupt`: Escape, which loses the step at work; `continue` to go on
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum PauseKind {
    /// The client and all below it lie in a frozen control group.
    Freeze,
    /// SIGSTOP, the shells above the client first.
    Stop,
    /// Ctrl-Z in its tmux pane, `fg` to go on.
    Suspend,
    /// Its hooks wait before the next tool and the next prompt.
    Hold,
    /// Escape, which loses the step at work; `continue` to go on.
    Interrupt,
}

impl PauseKind {
    /// All of them, the best first.
    pub const ALL_KINDS: [Self; 5] = [
        Self::Freeze,
        Self::Stop,
        Self::Suspend,
        Self::Hold,
        Self::Interrupt,
    ];

    /// As it is named in commands: `freeze`, `stop`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Stop => "stop",
            Self::Suspend => "suspend",
            Self::Hold => "hold",
            Self::Interrupt => "interrupt",
        }
    }

    /// What it did to a session: `frozen`, `stopped`, …
    pub const fn done(self) -> &'static str {
        match self {
            Self::Freeze => "frozen",
            Self::Stop => "stopped",
            Self::Suspend => "suspended with Ctrl-Z",
            Self::Hold => "held by hooks",
            Self::Interrupt => "interrupted",
        }
    }

    /// Whether nothing of the session can run.
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

/// What is at work in a session that may not outlast a long pause.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[schema(as = AtWork)]
pub enum InterruptedWork {
    /// Nothing, or nothing that minds.
    #[default]
    Nothing,
    /// An answer of the model streams. The client asks for it anew if it was stopped for between
    /// 200 and 420 s (measured, 2.1.330).
    Stream,
    /// A command runs. The client sends it to the background if it was stopped for longer than
    /// the command's time limit, 2 minutes unless told (measured, 2.1.330).
    Command,
}

/// How far a pause has come. Whoever finds a record that nobody works on brings it to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PausePhase {
    /// Being done: if nobody does it any more, it is undone.
    Pausing,
    /// Done and verified.
    Paused,
    /// Being undone: if nobody does it any more, it is undone.
    Resuming,
    /// The session is being ended: its gates refuse what they hold.
    Ending,
}

/// What is on disk, as `paused/<session>.json`, from before a pause is begun until after its end
/// is confirmed. Times are by the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PauseRecord {
    /// The form of this file; 1.
    pub version: u32,
    /// Whose pause it is.
    pub session: SessionId,
    /// The boot it was made in: after another, all its processes are gone.
    pub boot: String,
    /// Where its pids mean something, in the client's own words for that (`pidDomain`): a data
    /// folder shared by machines or containers holds records of them all.
    #[serde(default)]
    pub domain: Option<String>,
    /// The client.
    pub client: ProcessKey,
    /// How far it has come.
    pub phase: PausePhase,
    /// When it was asked for.
    #[serde(with = "rfc3339")]
    pub since: SystemTime,
    /// By whom.
    pub by: Initiator,
    /// The owner's note, or what was going on; at most [`MAX_SUMMARY_CHARS`] characters, none of which
    /// steers a terminal.
    pub summary: String,
    /// What was at work that may not outlast a long pause.
    #[serde(default)]
    pub at_work: InterruptedWork,
    /// Its controlling terminal when it was paused.
    #[serde(default)]
    pub tty: Option<PathBuf>,
    /// What was done.
    pub means: PauseMethod,
}

/// A hold that was judged by its record, which tells it from a later one of the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedHold {
    /// When it was asked for, by the time facts are dated with.
    since: Timestamp,
    /// By how many nanoseconds the wall clock is ahead of that time now.
    ahead: i64,
}

impl JudgedHold {
    /// Times are dated to the millisecond.
    const DATING_PRECISION: Duration = Duration::from_millis(2);

    /// That of a record as it was filed.
    pub fn new(filed: &PauseRecord, ahead: i64) -> Self {
        Self {
            since: filed.since.into(),
            ahead,
        }
    }

    /// Whether a record, as it is on disk, is that of this hold. The wall clock may have been set
    /// before it was filed or after.
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

/// What was done to whom, so that it can be undone by anybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PauseMethod {
    /// Moved into a control group of their own and frozen.
    Freeze {
        /// The new group, an absolute path.
        group: PathBuf,
        /// Who was moved, and from which group.
        moved: Vec<MovedProcess>,
        /// A process of ours that keeps the client's old group alive.
        keeper: Option<ProcessKey>,
    },
    /// Stopped by SIGSTOP, in this order; woken by SIGCONT in the reverse.
    Stop {
        /// The shells above the client, from its terminal's first process down.
        shells: Vec<ProcessKey>,
        /// The client's process group: the client and what shares it.
        group: Vec<ProcessKey>,
        /// What the client had started in groups of their own.
        tools: Vec<ProcessKey>,
    },
    /// Put aside with Ctrl-Z.
    Suspend {
        /// Its pane.
        pane: PaneKey,
        /// The shell that has it as a job.
        shell: ProcessKey,
        /// The settings of the terminal before, in the form of `stty -g`.
        settings: Option<String>,
        /// The cursor of the pane once the shell had its prompt again: column, row.
        cursor: Option<(u32, u32)>,
        /// The line of the cursor then.
        line: Option<String>,
    },
    /// Its gates wait for as long as this record is there.
    Hold,
    /// Escape was pressed in its pane.
    Interrupt {
        /// Its pane.
        pane: PaneKey,
    },
}

/// A process that was moved to another control group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MovedProcess {
    /// Who.
    pub process: ProcessKey,
    /// From which group, an absolute path.
    pub from: PathBuf,
}

/// A hook that waits for the end of a pause, as it writes it beside the record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gate {
    /// The hook's process.
    pub process: ProcessKey,
    /// `PreToolUse`, `UserPromptSubmit`
    pub event: String,
    /// The sub-agent it holds; none for the main agent.
    #[serde(default)]
    pub agent: Option<String>,
    /// The tool it holds.
    #[serde(default)]
    pub tool: Option<String>,
    /// Since when it waits, by the wall clock; hooks of 0.1.0 do not tell.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    pub since: Option<SystemTime>,
}

/// How long a hook waits at most: 24 days. Claude Code gives a hook up after 24.9 days, and one that
/// was given up forbids nothing.
pub const MAX_HOLD: Duration = Duration::from_hours(24 * 24);
