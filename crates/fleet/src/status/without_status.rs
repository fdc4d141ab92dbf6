//! Sessions whose registry says nothing, or nothing known: while starting, or with an older Claude
//! Code. The activity is concluded from Claude Code's own list, the pane and the transcript, in
//! that order, and left open if all of these say nothing.

use super::activity::{
    DraftActivity, StatusDoubt, as_doubtful, busy, draft_free_prompt, draft_need, fresh_screen,
    status_reason, with_until_text,
};
use crate::client::tells_status;
use crate::evidence::ValueRun;
use crate::observation::{RegistryEntry, ScreenContent, ScreenReading};
use crate::session::{Activity, Certainty, Need, NeedKind, SessionStatus, Source, StatusReason};
use crate::session_evidence::{SessionEvidence, StatusWord, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::{
    FIRST_TRACE_TIMEOUT, LIST_MAX_AGE, SCREEN_MAX_AGE, START_TIMEOUT, STARTING_GRACE,
};

/// A session whose registry file has no status.
pub(super) fn without_status(
    case: &SessionEvidence<'_>,
    version: Option<&str>,
    now: Timestamp,
) -> DraftActivity {
    let process = case.process;
    let from = process.facts.started_at;
    let (young, late) = (from.after(STARTING_GRACE), from.after(START_TIMEOUT));
    let say = |text: &str, certainty| StatusReason {
        certainty,
        ..status_reason(Source::Registry, text, process.seen_at, from)
    };
    let starting = |text: &str, certainty| {
        let because = with_until_text(say(text, certainty), "Claude Code reports a status");
        DraftActivity::with_status(SessionStatus::Starting, because)
    };
    let no_status = "Claude Code has not reported a status yet";
    if now < young {
        return starting(no_status, Certainty::Certain).with_review_at(young);
    }
    let rest = if now < late {
        starting(no_status, Certainty::Inferred).with_review_at(late)
    } else if version.is_some_and(tells_status) {
        let text = "Claude Code has not reached its prompt: something in the terminal may be \
                    waiting for you";
        starting(text, Certainty::Inferred)
    } else {
        let text = "Claude Code is older than 2.1.120 and reports no status";
        DraftActivity::with_status(SessionStatus::Active, say(text, Certainty::Unknown))
    };
    else_with(case, now, rest)
}

/// A process that only an untrusted registry file names.
pub(super) fn unconfirmed(case: &SessionEvidence<'_>) -> DraftActivity {
    let process = case.process;
    let text = "the process is running; the registry file that names it is not trusted";
    let from = process.facts.started_at;
    let because = StatusReason {
        certainty: Certainty::Unknown,
        ..status_reason(Source::Process, text, process.seen_at, from)
    };
    DraftActivity::with_status(SessionStatus::Active, because)
}

/// A session without a registry file.
pub(super) fn without_registry(case: &SessionEvidence<'_>, now: Timestamp) -> DraftActivity {
    let process = case.process;
    let from = process.facts.started_at;
    let (late, young) = (from.after(START_TIMEOUT), from.after(STARTING_GRACE));
    let say = |source, text: &str, certainty| StatusReason {
        certainty,
        ..status_reason(source, text, process.seen_at, from)
    };
    let at_dialog = case.registry.is_empty() && case.key_seen.is_some_and(|at| at >= from);
    if at_dialog && now >= late {
        let text = "Claude Code has not reached its prompt: a trust or login dialog is open in the \
                    terminal";
        let because = say(Source::Registry, text, Certainty::Inferred);
        let asking =
            trust_dialog(late, with_until_text(because, "the dialog is answered")).into_inferred();
        return match fresh_screen(case, now) {
            None | Some(ScreenContent::Trust) => asking,
            Some(_) => else_with(case, now, asking),
        };
    }
    if at_dialog {
        let text = "Claude Code has opened its socket, but not reached its prompt";
        let because = say(Source::Registry, text, Certainty::Certain);
        let because = with_until_text(
            because,
            "Claude Code writes its registry file, or 10 s pass",
        );
        return DraftActivity::with_status(SessionStatus::Starting, because).with_review_at(late);
    }
    if now < late && case.registry.is_empty() {
        let certainty = if now < young {
            Certainty::Certain
        } else {
            Certainty::Inferred
        };
        let because = say(Source::Process, "the process has just started", certainty);
        let because = with_until_text(
            because,
            "Claude Code writes its registry file, or 10 s pass",
        );
        let starting = DraftActivity::with_status(SessionStatus::Starting, because);
        let silent = from.after(FIRST_TRACE_TIMEOUT);
        return if now < silent {
            starting.with_review_at(silent)
        } else if now < young {
            as_doubtful(starting).with_review_at(young)
        } else {
            else_with(case, now, starting.with_review_at(late))
        };
    }
    let text = "the process is running, but has no registry file";
    let because = say(Source::Process, text, Certainty::Unknown);
    else_with(
        case,
        now,
        DraftActivity::with_status(SessionStatus::Active, because),
    )
}

fn trust_dialog(from: Timestamp, because: StatusReason) -> DraftActivity {
    let need = Need {
        kind: NeedKind::Trust,
        tool: None,
        detail: None,
        agent: None,
        elsewhere: None,
        since: from.into(),
    };
    DraftActivity::with_need(need, because)
}

/// What other sources say, or `rest` if they say nothing.
pub(super) fn else_with(
    case: &SessionEvidence<'_>,
    now: Timestamp,
    rest: DraftActivity,
) -> DraftActivity {
    let told = by_list(case, now)
        .or_else(|| activity_of_screen(case, now))
        .or_else(|| by_transcript(case, now));
    let mut doing = match (told, rest.review_at) {
        (Some(doing), _) => doing.into_inferred(),
        (None, _) => rest,
    };
    doing.doubt = StatusDoubt::Some;
    doing
}

fn by_list(case: &SessionEvidence<'_>, now: Timestamp) -> Option<DraftActivity> {
    let run = case
        .listed
        .as_ref()
        .filter(|run| now < run.last.after(LIST_MAX_AGE))?;
    let entry = RegistryEntry {
        status: run.value.status.clone(),
        waiting_for: run.value.waiting_for.clone(),
        ..RegistryEntry::default()
    };
    let say = |text: &str| {
        let because = status_reason(Source::List, text, run.last, run.first);
        with_until_text(
            because,
            "`claude agents` reports otherwise (checked every 15 s)",
        )
    };
    let from = run.first;
    let since = from.into();
    let doing = match StatusWord::from_entry(&entry) {
        StatusWord::Busy => busy(case, from, say("`claude agents` reports busy"), now),
        StatusWord::Idle => DraftActivity::active(
            Activity::Idle { since },
            say("`claude agents` reports idle"),
        ),
        StatusWord::Shell => DraftActivity::active(
            Activity::BackgroundShell { since },
            say("`claude agents` reports a running background shell"),
        ),
        StatusWord::Menu => DraftActivity::active(
            Activity::MenuOpen { since },
            say("`claude agents` reports an open menu"),
        ),
        StatusWord::Need { kind, tool, .. } => {
            let because = say("`claude agents` reports that the session waits for you");
            draft_need(case, kind, tool, from, because)
        }
        StatusWord::Missing | StatusWord::Unknown(_) | StatusWord::UnknownWait(_) => return None,
    };
    Some(doing.with_review_at(run.last.after(LIST_MAX_AGE)))
}

fn activity_of_screen(case: &SessionEvidence<'_>, now: Timestamp) -> Option<DraftActivity> {
    let newest = case.screens.first()?;
    let over = newest.last.after(SCREEN_MAX_AGE);
    if now >= over {
        return None;
    }
    let say = |text: &str| {
        let because = status_reason(Source::Screen, text, newest.last, newest.first);
        with_until_text(
            because,
            "the tmux pane shows something else (read every 2 s)",
        )
    };
    let from = newest.first;
    let doing = match fresh_screen(case, now) {
        Some(shows) => by_text(case, shows, newest, now),
        None if newest.value.title_busy? => busy(case, from, say("the pane title shows work"), now),
        None => {
            let say = |text: &str| say(&format!("the pane title shows no work; {text}"));
            draft_free_prompt(case, work_began_at(&case.screens), from, from, say)
        }
    };
    Some(doing.with_review_at(over))
}

fn by_text(
    case: &SessionEvidence<'_>,
    shows: &ScreenContent,
    newest: &ValueRun<'_, ScreenReading>,
    now: Timestamp,
) -> DraftActivity {
    let from = newest.first;
    let say = |text: &str| {
        let because = status_reason(Source::Screen, text, newest.last, from);
        with_until_text(
            because,
            "the tmux pane shows something else (read every 2 s)",
        )
    };
    let need = |kind, tool, text| draft_need(case, kind, tool, from, say(text));
    match shows {
        ScreenContent::Trust => trust_dialog(from, say("the tmux pane shows the trust dialog")),
        ScreenContent::Permission { tool } => need(
            NeedKind::Permission,
            tool.clone(),
            "the tmux pane shows a permission dialog",
        ),
        ScreenContent::Question => need(NeedKind::Question, None, "the tmux pane shows a question"),
        ScreenContent::Plan => need(
            NeedKind::Plan,
            None,
            "the tmux pane shows a plan to approve",
        ),
        ScreenContent::Busy | ScreenContent::Retrying { .. } | ScreenContent::Compacting => {
            busy(case, from, say("the tmux pane shows work"), now)
        }
        ScreenContent::Idle | ScreenContent::Suspended => {
            draft_free_prompt(case, work_began_at(&case.screens), from, from, say)
        }
    }
}

/// When the work began that the newest screen shows as ended.
fn work_began_at(screens: &[ValueRun<'_, ScreenReading>]) -> Option<Timestamp> {
    let works = |run: &&ValueRun<'_, ScreenReading>| match &run.value.shows {
        Some(shows) => !matches!(
            shows,
            ScreenContent::Idle | ScreenContent::Trust | ScreenContent::Suspended
        ),
        None => run.value.title_busy == Some(true),
    };
    let began = screens.get(1..)?.iter().take_while(works).last();
    began.map(|run| run.first)
}

/// A transcript shows when turns begin and end, but not whether a call runs or waits for
/// permission.
fn by_transcript(case: &SessionEvidence<'_>, now: Timestamp) -> Option<DraftActivity> {
    let (read, transcript) = case.transcript?;
    let content = TurnEvidence::from_evidence(case);
    let say = |text: &str, from| {
        let because = status_reason(Source::Transcript, text, read, from);
        with_until_text(because, "the transcript gets a new line")
    };
    if let Some(ended) = content.ended_at() {
        let witnessed = case
            .process
            .states
            .first_seen()
            .is_some_and(|at| at <= ended);
        let worked = transcript.turn_at.filter(|_| witnessed);
        let say = |text: &str| {
            say(
                &format!("the transcript shows the end of a turn: {text}"),
                ended,
            )
        };
        return Some(draft_free_prompt(case, worked, ended, ended, say));
    }
    let turn = transcript.turn_at?;
    let asked = content.dialog_request(NeedKind::Permission, turn);
    if let Some(kind) = asked.kind() {
        let text = "the transcript shows a tool call that always waits for you";
        return Some(draft_need(case, kind, None, turn, say(text, turn)));
    }
    let text = match content.running_call() {
        Some(_) => "the transcript shows a tool call without a result: running, or waiting for you",
        None => "the transcript shows an unfinished turn",
    };
    Some(busy(case, turn, say(text, turn), now))
}
