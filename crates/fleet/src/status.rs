//! The verdict: what a session is, from the newest facts and the time. A pure function of both.
//!
//! | source | decides | freshness | debounce |
//! |---|---|---|---|
//! | process gone | Stopped | for ever | none |
//! | process state `T`, frozen group | Paused | until the next pulse | none |
//! | registry `waiting` | `AwaitingApproval`, or a menu | while the file says so | none |
//! | registry without a status, or its key alone | Starting | [`STARTING`], [`ATTENTION`] | none |
//! | registry `busy`, `shell` | Working, `BackgroundShell` | while the file says so | none |
//! | registry `idle` | Idle, Finished | while the file says so | [`IDLE_DEBOUNCE`] after `busy` |
//! | registry file gone | as the file last said | [`LEAVING`] | none |
//! | tmux clients, kind `background` | Detached, unless one above holds | newest list | none |
//!
//! A file's age never counts: a client in thought writes nothing.

mod words;

use crate::evidence::{ProcessEvidence, Run};
use crate::observation::{RegistryEntry, RunState, StopSignal};
use crate::session::{Activity, Because, Certainty, Need, NeedKind, SessionStatus, Source};
use crate::time::Timestamp;
use std::time::Duration;
use words::Word;

/// The client flashes `idle` for 2 to 60 ms between two turns (measured, 2.1.330).
pub const IDLE_DEBOUNCE: Duration = Duration::from_millis(300);
/// How long a process without any registry file is taken to be starting.
pub const STARTING: Duration = Duration::from_secs(3);
/// How long a start may take before something in the terminal waits for the owner.
pub const ATTENTION: Duration = Duration::from_secs(10);
/// A client deletes its file up to 1.5 s before it ends (its `SessionEnd` hooks run between).
pub const LEAVING: Duration = Duration::from_secs(3);
/// How long a stopped session is shown.
pub const STOPPED_KEPT: Duration = Duration::from_mins(1);

/// The facts that bear on one session.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// Its process.
    pub process: &'a ProcessEvidence,
    /// What its registry file said, newest first, as runs of one status.
    pub registry: Vec<Run<'a, RegistryEntry>>,
    /// When its registry file was found gone, if it is.
    pub registry_gone: Option<Timestamp>,
    /// Whether it has opened its peer socket.
    pub key_seen: Option<Timestamp>,
    /// Whether its tmux session is shown; none outside tmux.
    pub shown: Option<Run<'a, bool>>,
    /// When its owner last looked.
    pub attended_at: Option<Timestamp>,
}

/// What a session is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// In one word.
    pub status: SessionStatus,
    /// What it does.
    pub activity: Option<Activity>,
    /// What it waits for.
    pub need: Option<Need>,
    /// Whether a terminal shows it.
    pub attached: bool,
    /// Why.
    pub because: Because,
    /// It works, but neither a tool nor an answer shows: a request may be failing.
    pub quiet: bool,
    /// When the verdict may change without a new fact.
    pub review_at: Option<Timestamp>,
}

/// Whether a client of this version can list its sessions (`agents --json`, from 2.1.145 on).
/// An older one would take the words for a prompt.
pub fn can_list(version: &str) -> bool {
    words::at_least(version, (2, 1, 145))
}

/// What a client does, as far as its registry file tells.
struct Doing {
    status: SessionStatus,
    activity: Option<Activity>,
    need: Option<Need>,
    because: Because,
    review_at: Option<Timestamp>,
}

/// How runs of one status are told apart.
pub fn kind(entry: &RegistryEntry) -> (Option<String>, Option<String>, Option<String>) {
    (
        entry.session_id.clone(),
        entry.status.clone(),
        entry.waiting_for.clone(),
    )
}

/// Decides.
pub fn verdict(case: &Case<'_>, now: Timestamp) -> Verdict {
    let process = case.process;
    if let Some(exited) = process.exited_at {
        return Verdict {
            status: SessionStatus::Stopped,
            activity: None,
            need: None,
            attached: false,
            because: because(Source::Process, "its process has ended", exited, exited),
            quiet: false,
            review_at: Some(exited.after(STOPPED_KEPT)),
        };
    }
    let doing = doing(case, now);
    let attached = detached(case).is_none();
    let (status, because) = if let Some(because) = paused(process) {
        (SessionStatus::Paused, because)
    } else if let (SessionStatus::Active, Some(because)) = (doing.status, detached(case)) {
        (SessionStatus::Detached, because)
    } else {
        (doing.status, doing.because)
    };
    Verdict {
        status,
        activity: doing.activity,
        need: doing.need,
        attached,
        because,
        quiet: false,
        review_at: doing.review_at,
    }
}

fn because(source: Source, text: &str, observed: Timestamp, since: Timestamp) -> Because {
    Because {
        source,
        text: text.to_owned(),
        observed_at: observed.into(),
        since: since.into(),
        certainty: Certainty::Certain,
        until: String::new(),
    }
}

fn paused(process: &ProcessEvidence) -> Option<Because> {
    let run = process.states.runs(|s| *s).next()?;
    let text = match run.value {
        RunState::Running => return None,
        RunState::Stopped(StopSignal::Keyboard) => "it was put aside with Ctrl-Z",
        RunState::Stopped(StopSignal::Program) => "another program stopped its process",
        RunState::Stopped(StopSignal::Terminal) => {
            "it runs in the background and wants its terminal"
        }
        RunState::Stopped(StopSignal::Unknown) => "its process was stopped by a signal",
        RunState::Frozen => "its control group is frozen",
    };
    Some(because(Source::Process, text, run.last, run.first))
}

fn detached(case: &Case<'_>) -> Option<Because> {
    if let Some(Run {
        value: false,
        first,
        last,
    }) = case.shown
    {
        return Some(because(
            Source::Tmux,
            "no client shows its tmux session",
            last,
            first,
        ));
    }
    let run = case.registry.first()?;
    let background = matches!(run.value.kind.as_deref(), Some("bg" | "background"));
    background.then(|| {
        because(
            Source::Registry,
            "it is a background session",
            run.last,
            run.first,
        )
    })
}

fn doing(case: &Case<'_>, now: Timestamp) -> Doing {
    let leaving = case.registry_gone.map(|gone| gone.after(LEAVING));
    match case.registry.first() {
        Some(run) if leaving.is_none_or(|until| now < until) => {
            let mut doing = by_registry(case, run, now);
            doing.review_at = doing.review_at.into_iter().chain(leaving).min();
            doing
        }
        _ => without_registry(case, now),
    }
}

fn since(run: &Run<'_, RegistryEntry>) -> Timestamp {
    run.value
        .status_updated_at
        .unwrap_or(run.first)
        .min(run.last)
}

fn by_registry(case: &Case<'_>, run: &Run<'_, RegistryEntry>, now: Timestamp) -> Doing {
    let from = since(run);
    let at = from.into();
    let say = |text: &str| because(Source::Registry, text, run.last, from);
    let active = |activity: Activity, text: &str| Doing {
        status: SessionStatus::Active,
        activity: Some(activity),
        need: None,
        because: say(text),
        review_at: None,
    };
    match Word::of(run.value) {
        Word::Busy => active(
            Activity::Working {
                tool: None,
                detail: None,
                since: at,
            },
            "its registry file says busy",
        ),
        Word::Shell => active(
            Activity::BackgroundShell { since: at },
            "its registry file says that a background shell still runs",
        ),
        Word::Menu => active(
            Activity::MenuOpen { since: at },
            "a menu of the client is open",
        ),
        Word::UnknownWait(text) => {
            let mut doing = active(
                Activity::MenuOpen { since: at },
                &format!("it waits for {text:?}, which is not known to be a need"),
            );
            doing.because.certainty = Certainty::Inferred;
            doing
        }
        Word::Need { kind, tool, known } => {
            let told = run.value.waiting_for.as_deref().unwrap_or_default();
            let mut because = say(&format!("its registry file says it waits for {told:?}"));
            if !known {
                because.certainty = Certainty::Inferred;
            }
            Doing {
                status: SessionStatus::AwaitingApproval,
                activity: None,
                need: Some(Need {
                    kind,
                    tool,
                    detail: None,
                    agent: None,
                    since: at,
                }),
                because,
                review_at: None,
            }
        }
        Word::Idle => idle(case, run, now),
        Word::Unknown(status) => {
            let mut because = say(&format!(
                "its registry file says {status:?}, a word this version does not know"
            ));
            because.certainty = Certainty::Unknown;
            Doing {
                status: SessionStatus::Active,
                activity: None,
                need: None,
                because,
                review_at: None,
            }
        }
        Word::Missing => {
            let version = run.value.version.as_deref();
            starting(case, now, "its registry file has no status yet", version)
        }
    }
}

fn idle(case: &Case<'_>, run: &Run<'_, RegistryEntry>, now: Timestamp) -> Doing {
    let before = case.registry.get(1);
    let settled = run.first.after(IDLE_DEBOUNCE);
    if let Some(busy) = before.filter(|b| Word::of(b.value) == Word::Busy)
        && now < settled
    {
        let mut doing = by_registry(case, busy, now);
        doing.review_at = Some(settled);
        return doing;
    }
    let from = since(run);
    let worked = before.is_some_and(|b| {
        b.value.session_id == run.value.session_id
            && matches!(
                Word::of(b.value),
                Word::Busy | Word::Shell | Word::Need { .. }
            )
    });
    let seen = case.attended_at.is_some_and(|at| at >= run.first);
    let (activity, text) = if worked && !seen {
        (
            Activity::Finished { since: from.into() },
            "its registry file says idle after work that you have not looked at",
        )
    } else {
        (
            Activity::Idle { since: from.into() },
            "its registry file says idle",
        )
    };
    Doing {
        status: SessionStatus::Active,
        activity: Some(activity),
        need: None,
        because: because(Source::Registry, text, run.last, from),
        review_at: None,
    }
}

/// A client that has written a file without a status.
fn starting(case: &Case<'_>, now: Timestamp, text: &str, version: Option<&str>) -> Doing {
    let process = case.process;
    let from = process.facts.value.started_at;
    let late = from.after(ATTENTION);
    let (status, text, certainty) = if now < late {
        (SessionStatus::Starting, text, Certainty::Certain)
    } else if version.is_some_and(words::tells_status) {
        let text = "it has not come to its prompt: something in its terminal may wait for you";
        (SessionStatus::Starting, text, Certainty::Inferred)
    } else {
        let text = "its client is older than 2.1.120 and writes no status";
        (SessionStatus::Active, text, Certainty::Unknown)
    };
    Doing {
        status,
        activity: None,
        need: None,
        because: Because {
            certainty,
            ..because(Source::Registry, text, process.seen_at, from)
        },
        review_at: (now < late).then_some(late),
    }
}

/// A client that has written no file.
fn without_registry(case: &Case<'_>, now: Timestamp) -> Doing {
    let process = case.process;
    let from = process.facts.value.started_at;
    let (late, young) = (from.after(ATTENTION), from.after(STARTING));
    let doing = |status, source, text: &str, certainty, review_at: Option<Timestamp>| Doing {
        status,
        activity: None,
        need: None,
        because: Because {
            certainty,
            ..because(source, text, process.seen_at, from)
        },
        review_at: review_at.filter(|at| now < *at),
    };
    let at_dialog = case.registry.is_empty() && case.key_seen.is_some_and(|at| at >= from);
    if at_dialog && now >= late {
        let text = "it has not come to its prompt: a trust or login dialog waits in its terminal";
        doing(
            SessionStatus::Starting,
            Source::Registry,
            text,
            Certainty::Inferred,
            None,
        )
    } else if at_dialog {
        let text = "it has opened its socket, but not come to its prompt";
        doing(
            SessionStatus::Starting,
            Source::Registry,
            text,
            Certainty::Certain,
            Some(late),
        )
    } else if now < young && case.registry.is_empty() {
        let text = "its process has just started";
        doing(
            SessionStatus::Starting,
            Source::Process,
            text,
            Certainty::Certain,
            Some(young),
        )
    } else {
        let text = "its process runs, but it has no registry file";
        doing(
            SessionStatus::Active,
            Source::Process,
            text,
            Certainty::Unknown,
            None,
        )
    }
}
