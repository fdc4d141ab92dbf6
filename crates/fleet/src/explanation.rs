//! Why a session has its status: what every source last said, and which source decided.

use crate::client::ConfirmationGap;
use crate::observation::{
    HookEventKind, HookInstall, RegistryEntry, RunState, ScreenContent, StopSignal,
};
use crate::pause::PausePhase;
use crate::session::{Session, Source};
use crate::session_evidence::SessionEvidence;
use crate::status::{StatusDoubt, Verdict};
use crate::time::{Timestamp, rfc3339};
use crate::timing::{LIST_MAX_AGE, SCREEN_MAX_AGE};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// Why a session has its status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The session as it is now.
    pub session: Session,
    /// What each source says, the one that decided first.
    pub testimonies: Vec<Testimony>,
}

/// What one source last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Testimony {
    /// The source.
    pub source: Source,
    /// The newest fact of the source, in words.
    pub says: String,
    /// When the fact was observed; none if the source says nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub observed_at: Option<SystemTime>,
    /// What the verdict made of the testimony.
    pub part: TestimonyOutcome,
    /// Why the verdict made this of the testimony.
    pub reason: String,
}

/// What the verdict made of a testimony.
///
/// * `Decided`: the testimony decided the status
/// * `Added`: the testimony added words to what another source decided
/// * `Heard`: the testimony was considered and changed nothing
/// * `Overruled`: another source outranks this one
/// * `Silent`: the source says nothing
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Part)]
pub enum TestimonyOutcome {
    /// The testimony decided the status.
    Decided,
    /// The testimony added words to what another source decided.
    Added,
    /// The testimony was considered and changed nothing.
    Heard,
    /// Another source outranks this one.
    Overruled,
    /// The source says nothing.
    Silent,
}

struct SourceStatement {
    source: Source,
    says: String,
    at: Option<Timestamp>,
    /// The outcome unless this source decided.
    part: TestimonyOutcome,
    reason: &'static str,
}

impl SourceStatement {
    fn silent(source: Source, says: &str, reason: &'static str) -> Self {
        Self {
            source,
            says: says.to_owned(),
            at: None,
            part: TestimonyOutcome::Silent,
            reason,
        }
    }
}

/// What each source says about a session, the one that decided first.
pub(crate) fn testimonies(
    case: &SessionEvidence<'_>,
    verdict: &Verdict,
    connection: Option<&HookInstall>,
    now: Timestamp,
) -> Vec<Testimony> {
    let all = [
        process(case),
        registry(case),
        transcript(case),
        hook(case, verdict, connection),
        screen(case, verdict, now),
        list(case, now),
        tmux(case),
        attention(case),
    ];
    let decided = &verdict.because;
    let mut told: Vec<Testimony> = all
        .into_iter()
        .chain(pause(case))
        .map(|s| {
            let won = s.source == decided.source;
            Testimony {
                source: s.source,
                says: s.says,
                observed_at: s.at.map(Into::into),
                part: if won {
                    TestimonyOutcome::Decided
                } else {
                    s.part
                },
                reason: if won {
                    decided.text.clone()
                } else {
                    s.reason.to_owned()
                },
            }
        })
        .collect();
    told.sort_by_key(|t| t.part);
    told
}

/// Only sessions with a pause record have this line: most were never paused.
fn pause(case: &SessionEvidence<'_>) -> Option<SourceStatement> {
    let (at, record) = case.pause?;
    let kind = record.kind().done();
    let says = match record.phase {
        PausePhase::Pausing => format!("being paused: {kind}"),
        PausePhase::Paused => format!("paused: {kind}"),
        PausePhase::Resuming => "being resumed".to_owned(),
        PausePhase::Ending => "being ended".to_owned(),
    };
    Some(SourceStatement {
        source: Source::Pause,
        says,
        at: Some(at),
        part: TestimonyOutcome::Heard,
        reason: "counts once the process, a hook or the prompt confirms it",
    })
}

fn process(case: &SessionEvidence<'_>) -> SourceStatement {
    let process = case.process;
    let state = process.states.newest().map(|(_, state)| *state);
    let says = match (process.exited_at, state) {
        (Some(_), _) => "exited",
        (None, None | Some(RunState::Running)) => "alive",
        (None, Some(RunState::Frozen)) => "frozen with its cgroup",
        (None, Some(RunState::Stopped(by))) => match by {
            StopSignal::Keyboard => "stopped by SIGTSTP",
            StopSignal::Program => "stopped by SIGSTOP",
            StopSignal::Terminal => "stopped, because another program has the terminal",
            StopSignal::Unknown => "stopped by a signal",
        },
    };
    let says = match &case.gap {
        Some(gap @ ConfirmationGap::UnknownProgram(_)) => format!("{says}; unconfirmed: {gap}"),
        Some(ConfirmationGap::ForeignFolder(_)) => format!("{says}; unconfirmed"),
        None => says.to_owned(),
    };
    SourceStatement {
        source: Source::Process,
        says,
        at: process.exited_at.or(Some(process.seen_at)),
        part: TestimonyOutcome::Heard,
        reason: "shows only that the session is alive",
    }
}

fn registry(case: &SessionEvidence<'_>) -> SourceStatement {
    let source = Source::Registry;
    let Some(run) = case.registry.first() else {
        if let Some(gap @ ConfirmationGap::ForeignFolder(_)) = &case.gap {
            return SourceStatement {
                source,
                says: gap.to_string(),
                at: None,
                part: TestimonyOutcome::Overruled,
                reason: "only a file in the default config folder, or in the one that the process \
                         uses, counts",
            };
        }
        return match case.key_seen {
            Some(at) => SourceStatement {
                source,
                says: "no registry file yet, but the socket is open".to_owned(),
                at: Some(at),
                part: TestimonyOutcome::Heard,
                reason: "starting, or a dialog before the first prompt",
            },
            None => SourceStatement::silent(
                source,
                "no registry file",
                "older Claude Code versions write none",
            ),
        };
    };
    let told = |entry: &RegistryEntry| match (&entry.status, &entry.waiting_for) {
        (None, _) => "no status".to_owned(),
        (Some(status), None) => status.clone(),
        (Some(status), Some(waiting)) => format!("{status}: {waiting}"),
    };
    let (part, reason) = match (case.process.exited_at, case.registry_gone) {
        (Some(_), _) => (
            TestimonyOutcome::Overruled,
            "a killed Claude Code leaves its registry file behind; the process exit counts",
        ),
        (None, Some(_)) => (TestimonyOutcome::Overruled, "the registry file is gone"),
        (None, None) => (TestimonyOutcome::Heard, "outranked by a source above"),
    };
    SourceStatement {
        source,
        says: told(run.value),
        at: Some(run.last),
        part,
        reason,
    }
}

fn transcript(case: &SessionEvidence<'_>) -> SourceStatement {
    let source = Source::Transcript;
    let Some((at, said)) = case.transcript else {
        return SourceStatement::silent(
            source,
            "nothing",
            "not written yet, not found, or shared by two sessions",
        );
    };
    let ended = said
        .end
        .as_ref()
        .filter(|end| said.turn_at.is_none_or(|turn| end.at >= turn));
    let mut parts = Vec::new();
    match (ended, said.turn_at) {
        (Some(end), _) => parts.push(format!("turn ended: {:?}", end.how).to_lowercase()),
        (None, Some(_)) => parts.push("unfinished turn".to_owned()),
        (None, None) => {}
    }
    if let Some(call) = said.calls.first() {
        parts.push(match call.detail.as_deref() {
            Some(detail) => format!("{} without a result: {detail}", call.tool),
            None => format!("{} without a result", call.tool),
        });
    }
    match said.delegations.len() {
        0 => {}
        1 => parts.push("1 sub-agent".to_owned()),
        n => parts.push(format!("{n} sub-agents")),
    }
    if parts.is_empty() {
        parts.push("no turn yet".to_owned());
    }
    SourceStatement {
        source,
        says: parts.join(", "),
        at: Some(at),
        part: TestimonyOutcome::Added,
        reason: "shows which tool and how a turn ended, but not whether one is running",
    }
}

/// Why no hook has reported.
fn no_hook_reason(verdict: &Verdict, connection: Option<&HookInstall>) -> &'static str {
    match connection {
        Some(HookInstall::Connected | HookInstall::Outdated) if verdict.need.is_some() => {
            "the hooks are connected, but this engine has received none: the session asked before \
             the engine started, or its hooks report to another engine"
        }
        Some(HookInstall::Connected) => "the hooks are connected, but none has reported yet",
        Some(HookInstall::Outdated) => {
            "the hooks are from an older version, and none has reported yet; run `trusty connect`"
        }
        Some(HookInstall::Incomplete) => "the hooks are incomplete; run `trusty connect`",
        Some(HookInstall::Forbidden(_)) => "a policy of Claude Code forbids hooks",
        Some(HookInstall::Broken(_)) => "the settings.json that holds the hooks cannot be read",
        Some(HookInstall::NotInstalled) | None => "the hooks are not connected",
    }
}

fn hook(
    case: &SessionEvidence<'_>,
    verdict: &Verdict,
    connection: Option<&HookInstall>,
) -> SourceStatement {
    let facts = &case.process.facts;
    let newest = case
        .hooks
        .and_then(|told| told.of_process(facts.key.pid, facts.started_at).next());
    let Some((at, event)) = newest else {
        return SourceStatement::silent(
            Source::Hook,
            "nothing",
            no_hook_reason(verdict, connection),
        );
    };
    let says = match &event.what {
        HookEventKind::SessionStarted => "session started".to_owned(),
        HookEventKind::SessionEnded => "session ended".to_owned(),
        HookEventKind::Prompted => "prompt sent".to_owned(),
        HookEventKind::ToolStarting(call) => format!("{} is about to run", call.tool),
        HookEventKind::ToolEnded { .. } => "tool finished".to_owned(),
        HookEventKind::PermissionAsked { tool, .. } => format!("permission requested for {tool}"),
        HookEventKind::Stopped { agents } => match agents.len() {
            0 => "turn ended".to_owned(),
            n => format!("turn ended, {n} sub-agents running"),
        },
        HookEventKind::Failed { .. } => "turn failed".to_owned(),
        HookEventKind::AgentStarted { .. } => "sub-agent started".to_owned(),
        HookEventKind::AgentEnded => "sub-agent finished".to_owned(),
        HookEventKind::Compacting => "compacting the conversation".to_owned(),
        HookEventKind::Compacted => "conversation compacted".to_owned(),
    };
    SourceStatement {
        source: Source::Hook,
        says,
        at: Some(at),
        part: TestimonyOutcome::Added,
        reason: "early and detailed, but Escape and kill trigger no hook",
    }
}

fn screen(case: &SessionEvidence<'_>, verdict: &Verdict, now: Timestamp) -> SourceStatement {
    let source = Source::Screen;
    let newest = case
        .screens
        .first()
        .filter(|run| now < run.last.after(SCREEN_MAX_AGE));
    let Some(run) = newest else {
        let reason = match verdict.doubt {
            StatusDoubt::None => "read only when Claude Code's own status is in doubt",
            StatusDoubt::Some => "no tmux pane, or not read yet",
        };
        return SourceStatement::silent(source, "not read", reason);
    };
    let says = match (&run.value.shows, run.value.title_busy) {
        (Some(shows), _) => match shows {
            ScreenContent::Trust => "trust dialog",
            ScreenContent::Permission { .. } => "permission dialog",
            ScreenContent::Question => "question",
            ScreenContent::Plan => "plan to approve",
            ScreenContent::Busy => "work",
            ScreenContent::Retrying { .. } => "retrying a request",
            ScreenContent::Compacting => "compacting",
            ScreenContent::Idle => "idle prompt",
            ScreenContent::Suspended => "suspended",
        },
        (None, Some(true)) => "title shows work",
        (None, Some(false)) => "title shows no work",
        (None, None) => "nothing recognised",
    };
    SourceStatement {
        source,
        says: says.to_owned(),
        at: Some(run.last),
        part: TestimonyOutcome::Added,
        reason: "last resort: screens change with every version",
    }
}

fn list(case: &SessionEvidence<'_>, now: Timestamp) -> SourceStatement {
    let source = Source::List;
    match case
        .listed
        .as_ref()
        .filter(|run| now < run.last.after(LIST_MAX_AGE))
    {
        None => SourceStatement::silent(
            source,
            "not asked",
            "asked only when the registry file is not understood",
        ),
        Some(run) => SourceStatement {
            source,
            says: run
                .value
                .status
                .clone()
                .unwrap_or_else(|| "no status".to_owned()),
            at: Some(run.last),
            part: TestimonyOutcome::Heard,
            reason: "made from the registry, which is read more often",
        },
    }
}

fn tmux(case: &SessionEvidence<'_>) -> SourceStatement {
    match &case.shown {
        None if case.process.facts.contained => SourceStatement::silent(
            Source::Tmux,
            "not asked",
            "the session runs in a container; the terminal servers it names are not asked",
        ),
        None => SourceStatement::silent(
            Source::Tmux,
            "not in tmux",
            "shows only whether a terminal is attached",
        ),
        Some(run) => SourceStatement {
            source: Source::Tmux,
            says: if *run.value {
                "attached".to_owned()
            } else {
                "no client attached".to_owned()
            },
            at: Some(run.last),
            part: TestimonyOutcome::Heard,
            reason: "shows only whether a terminal is attached",
        },
    }
}

fn attention(case: &SessionEvidence<'_>) -> SourceStatement {
    let source = Source::Attention;
    match case.attended_at {
        None => SourceStatement::silent(source, "not seen yet", "distinguishes Finished from Idle"),
        Some(at) => SourceStatement {
            source,
            says: "you looked".to_owned(),
            at: Some(at),
            part: TestimonyOutcome::Heard,
            reason: "distinguishes Finished from Idle",
        },
    }
}
