//! What a client does, by its own registry file.

use super::content::{Asked, Content, Ending, retry_over};
use super::words::Word;
use super::{
    Case, Doing, FLUSHED, HOOK_LEADS, IDLE_DEBOUNCE, SCREEN_FRESH, TURN_TOLD, TURNLESS, because,
    silent, until,
};
use crate::evidence::Run;
use crate::observation::{RegistryEntry, Shows};
use crate::session::{Activity, Because, Certainty, Need, NeedKind, SessionStatus, Source};
use crate::time::Timestamp;
use std::time::{Duration, SystemTime};

const OTHER_WORD: &str = "Claude Code reports another status or exits";

/// Since when a run's word holds: as the client says, but never later than we saw it.
fn since(run: &Run<'_, RegistryEntry>) -> Timestamp {
    run.value
        .status_updated_at
        .unwrap_or(run.first)
        .min(run.last)
}

pub(super) fn doing(case: &Case<'_>, run: &Run<'_, RegistryEntry>, now: Timestamp) -> Doing {
    let from = since(run);
    let say = |text: &str| {
        let because = because(Source::Registry, text, run.last, from);
        until(because, OTHER_WORD)
    };
    match Word::of(run.value) {
        Word::Busy => busy(case, from, say("Claude Code reports busy"), now),
        Word::Shell => Doing::active(
            Activity::BackgroundShell { since: from.into() },
            say("Claude Code reports a running background shell"),
        ),
        // A hook knows a dialog from a menu, whatever the registry calls it.
        Word::Menu | Word::UnknownWait(_) if Content::of(case).asked_by_hook(from).is_some() => {
            let because = say("Claude Code reports waiting, and a hook says for what");
            needing(case, NeedKind::Permission, None, from, because)
        }
        Word::Menu => Doing::active(
            Activity::MenuOpen { since: from.into() },
            say("Claude Code reports an open menu"),
        ),
        Word::UnknownWait(text) => {
            let told = format!(
                "Claude Code reports waiting for {text:?}, which this version of Trusty Bar does \
                 not know"
            );
            Doing::active(Activity::MenuOpen { since: from.into() }, say(&told)).inferred()
        }
        Word::Need { kind, tool, known } => {
            let told = run.value.waiting_for.as_deref().unwrap_or_default();
            let because = say(&format!("Claude Code reports waiting for {told:?}"));
            let words = run.first.after(FLUSHED);
            if tool.is_none() && now < words && is_wordless(case, kind, from) {
                // Else a plan would be told as a permission first.
                return doing(case, &case.registry[1], now).until(words);
            }
            let doing = match shown_tool(case, kind, from, now).filter(|_| tool.is_none()) {
                Some((shown, over)) => {
                    doubtful(needing(case, kind, Some(shown), from, because)).until(over)
                }
                None => needing(case, kind, tool, from, because),
            };
            if known { doing } else { doing.inferred() }
        }
        Word::Idle => idle(case, run, now),
        Word::Unknown(status) => {
            let told = format!(
                "Claude Code reports {status:?}, a status this version of Trusty Bar does not know"
            );
            let mut because = say(&told);
            because.certainty = Certainty::Unknown;
            silent::otherwise(case, now, Doing::bare(SessionStatus::Active, because))
        }
        Word::Missing => silent::without_status(case, run.value.version.as_deref(), now),
    }
}

/// Whether a dialog has just opened in a turn and nobody has told yet what it asks for.
fn is_wordless(case: &Case<'_>, kind: NeedKind, from: Timestamp) -> bool {
    let before = case.registry.get(1).map(|run| Word::of(run.value));
    let content = Content::of(case);
    before == Some(Word::Busy) && content.may_tell_more(&content.asked(kind, from))
}

/// A need with the words that the transcript or a hook has for it.
pub(super) fn needing(
    case: &Case<'_>,
    kind: NeedKind,
    tool: Option<String>,
    from: Timestamp,
    because: Because,
) -> Doing {
    let mut asked = Content::of(case).asked(kind, from);
    // A dialog of another tool than the registry names is not this one.
    if tool.is_some() && asked.tool != tool {
        asked = Asked {
            tool,
            ..Asked::default()
        };
    }
    let wordless = kind == NeedKind::Permission && asked.tool.is_none();
    let told = match asked.tool {
        Some(_) => asked.kind(),
        None => Content::of(case).last_asked_kind(from),
    };
    let need = Need {
        kind: told.unwrap_or(kind),
        tool: asked.tool,
        detail: asked.detail,
        agent: asked.agent,
        elsewhere: None,
        since: from.into(),
    };
    let doing = Doing::needing(need, because);
    if wordless { doubtful(doing) } else { doing }
}

/// The tool that the dialog open since `from` names in the pane, which is read where no other
/// source names one, and until when that counts.
fn shown_tool(
    case: &Case<'_>,
    kind: NeedKind,
    from: Timestamp,
    now: Timestamp,
) -> Option<(String, Timestamp)> {
    let told = Content::of(case).asked(kind, from).tool.is_some();
    let read = case.screens.first()?.last;
    if told || read < from {
        return None;
    }
    match fresh_screen(case, now)? {
        Shows::Permission { tool } => Some((tool.clone()?, read.after(SCREEN_FRESH))),
        _ => None,
    }
}

/// A turn that runs: what it does, as far as anybody tells.
pub(super) fn busy(case: &Case<'_>, from: Timestamp, because: Because, now: Timestamp) -> Doing {
    let content = Content::of(case);
    let since: SystemTime = from.into();
    if content.compacting(from).is_some() {
        return Doing::active(Activity::Compacting { since }, because);
    }
    if let Some((activity, over)) = shown_work(case, since, now) {
        return doubtful(Doing::active(activity, because)).until(over);
    }
    let call = content.running_call();
    if let (Some(retry), None) = (content.retry(now), call) {
        let told = retry.at.after(FLUSHED);
        if now < told {
            return working(&content, from, because, now).until(told);
        }
        let activity = Activity::Retrying {
            attempt: retry.attempt,
            of: retry.of,
            next_at: retry.next_at.map(Into::into),
            since,
        };
        return doubtful(Doing::active(activity, because)).until(retry_over(retry));
    }
    working(&content, from, because, now)
}

fn working(content: &Content<'_>, from: Timestamp, because: Because, now: Timestamp) -> Doing {
    let agents = content.delegations().len();
    let call = content.running_call();
    let (tool, detail) = match call {
        Some(call) => (Some(call.tool.clone()), call.detail.clone()),
        None => (None, at_work(agents)),
    };
    let since = from.into();
    let doing = Doing::active(
        Activity::Working {
            tool,
            detail,
            since,
        },
        because,
    );
    let turnless = call.is_none() && agents == 0 && content.ended_at().is_some_and(|at| at <= from);
    let strange = from.after(TURNLESS);
    match turnless {
        true if now >= strange => doubtful(doing),
        true => doing.until(strange),
        false => doing,
    }
}

/// Work of which only the pane tells what it is, and until when that counts.
fn shown_work(case: &Case<'_>, since: SystemTime, now: Timestamp) -> Option<(Activity, Timestamp)> {
    let read = case.screens.first()?.last;
    let activity = match fresh_screen(case, now)? {
        Shows::Compacting => Activity::Compacting { since },
        Shows::Retrying {
            attempt,
            of,
            seconds,
        } => {
            let next = seconds.map(|s| read.after(Duration::from_secs(s.into())));
            Activity::Retrying {
                attempt: *attempt,
                of: Some(*of),
                next_at: next.map(Into::into),
                since,
            }
        }
        _ => return None,
    };
    Some((activity, read.after(SCREEN_FRESH)))
}

pub(super) fn doubtful(mut doing: Doing) -> Doing {
    doing.doubt = super::Doubt::Some;
    doing
}

fn at_work(agents: usize) -> Option<String> {
    match agents {
        0 => None,
        1 => Some("1 sub-agent".to_owned()),
        n => Some(format!("{n} sub-agents")),
    }
}

/// What the pane shows, if that was read a moment ago.
pub(super) fn fresh_screen<'a>(case: &Case<'a>, now: Timestamp) -> Option<&'a Shows> {
    let newest = case.screens.first()?;
    (now < newest.last.after(SCREEN_FRESH))
        .then_some(newest.value.shows.as_ref())
        .flatten()
}

fn idle(case: &Case<'_>, run: &Run<'_, RegistryEntry>, now: Timestamp) -> Doing {
    let before = case.registry.get(1);
    let settled = run.first.after(if Content::of(case).is_in_turn() {
        TURN_TOLD
    } else {
        IDLE_DEBOUNCE
    });
    let flashing = |b: &&Run<'_, RegistryEntry>| {
        matches!(Word::of(b.value), Word::Busy | Word::Shell)
            && b.value.session_id == run.value.session_id
    };
    if let Some(busy) = before.filter(flashing)
        && now < settled
    {
        return doing(case, busy, now).until(settled);
    }
    let from = since(run);
    if let Some(at) = Content::of(case).prompted()
        && at > from.max(run.first)
        && now < at.after(HOOK_LEADS)
    {
        let because = because(Source::Hook, "a hook reported a new prompt", at, at);
        let because = until(because, "Claude Code updates its own status, within 1.5 s");
        return busy(case, at, because, now).until(at.after(HOOK_LEADS));
    }
    let say = |text: &str| {
        let because = because(Source::Registry, text, run.last, from);
        until(because, "a prompt is sent or Claude Code exits")
    };
    resting(case, worked(case), from, run.first, say)
}

/// When the work began that the newest idle word ended; none if there was none.
fn worked(case: &Case<'_>) -> Option<Timestamp> {
    let session = &case.registry.first()?.value.session_id;
    let works = |run: &Run<'_, RegistryEntry>| {
        run.value.session_id == *session
            && matches!(
                Word::of(run.value),
                Word::Busy | Word::Shell | Word::Need { .. }
            )
    };
    let before = case.registry.get(1).filter(|run| works(run))?;
    // A word counts as long as no newer one was seen.
    let flashes = |newer: &Run<'_, RegistryEntry>, run: &Run<'_, RegistryEntry>| {
        Word::of(run.value) == Word::Idle && newer.first.since(run.first) < IDLE_DEBOUNCE
    };
    let earlier = case
        .registry
        .windows(2)
        .take_while(|pair| works(&pair[1]) || flashes(&pair[0], &pair[1]))
        .map(|pair| &pair[1])
        .filter(|run| works(run))
        .last();
    Some(since(earlier.unwrap_or(before)))
}

/// A free prompt: after work that nobody has seen, after a failure, or just so.
pub(super) fn resting(
    case: &Case<'_>,
    worked: Option<Timestamp>,
    from: Timestamp,
    seen_from: Timestamp,
    say: impl Fn(&str) -> Because,
) -> Doing {
    let ending = Content::of(case).ending(worked, from);
    let began = case.process.facts.started_at;
    let attended = case.attended_at.is_some_and(|at| at >= seen_from);
    match ending {
        Ending::Failed { error, at } if at >= began => Doing::active(
            Activity::Failed {
                error,
                since: from.into(),
            },
            say("Claude Code is idle at its prompt, after a failed turn"),
        ),
        Ending::Untold | Ending::Finished if worked.is_some() && !attended => Doing::active(
            Activity::Finished { since: from.into() },
            say("Claude Code is idle at its prompt, after work that you have not looked at"),
        ),
        Ending::Interrupted => Doing::active(
            Activity::Idle { since: from.into() },
            say("Claude Code is idle at its prompt, after an interrupted turn"),
        ),
        _ => Doing::active(
            Activity::Idle { since: from.into() },
            say("Claude Code is idle at its prompt"),
        ),
    }
}
