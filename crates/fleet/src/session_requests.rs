//! The requests of a session: which ones hooks hold, how they are shown, and why one can only be
//! answered in the terminal.

use crate::action::PauseObstacle;
use crate::client::overflows_timers;
use crate::evidence::FiledRequests;
use crate::fleet_entry::FleetEntry;
use crate::observation::{
    ControlPreferences, HoldDuration, HookEvent, HookEventKind, HookInstall, RunState,
};
use crate::open_requests::{OpenRequest, RequestState};
use crate::request::{HookOutcome, RequestId};
use crate::session::{ControlModel, NeedKind, Session, SessionRequest, SessionStatus};
use crate::session_evidence::is_background;
use crate::time::Timestamp;
use crate::timing::HOOK_LEAD_TIME;

/// Whether a request can be answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerReadiness {
    /// A hook waits for the answer.
    Ready,
    /// The session is stopped, and Claude Code cannot read an answer until resumed.
    Paused,
    /// No hook waits for an answer any more.
    NotPending,
}

/// The requests that hooks have to hold, with the end of each hold; none if held until answered.
pub(crate) fn held_requests(
    known: &FleetEntry<'_>,
) -> impl Iterator<Item = (RequestId, Option<Timestamp>)> {
    let open = known.verdict.requests.iter();
    open.filter_map(|open| match open.stand {
        RequestState::Held(until) => Some((open.asking.id.clone(), until)),
        RequestState::Returned(_) => None,
    })
}

/// Whether the process is stopped or frozen.
fn is_stopped(known: &FleetEntry<'_>) -> bool {
    let state = known.process.states.newest();
    state.is_some_and(|(_, state)| *state != RunState::Running)
}

pub(crate) fn answer_readiness(known: &FleetEntry<'_>, request: &RequestId) -> AnswerReadiness {
    // A request for which the session is not known to wait was answered in the terminal. Its hook
    // would still accept an answer, but Claude Code would ignore that answer.
    let open = known.verdict.requests.iter().filter(|open| open.shown);
    let mut held = open.filter(|open| matches!(open.stand, RequestState::Held(_)));
    match held.any(|open| open.asking.id == *request) {
        true if is_stopped(known) => AnswerReadiness::Paused,
        true => AnswerReadiness::Ready,
        false => AnswerReadiness::NotPending,
    }
}

/// Fills in the requests of a session, and why its need can only be answered in the terminal.
pub(crate) fn session_requests(
    known: &FleetEntry<'_>,
    connection: Option<&HookInstall>,
    session: &mut Session,
    now: Timestamp,
) {
    let shown = known.verdict.requests.iter().filter(|open| open.shown);
    let preferences = known.case.preferences;
    session.requests = shown
        .map(|open| session_request(open, known, preferences))
        .collect();
    if let Some(kind) = session.need.as_ref().map(|need| need.kind)
        && !session.requests.iter().any(|request| request.held)
    {
        let why = terminal_only_reason(known, connection, session, kind, now);
        if let Some(need) = &mut session.need {
            need.elsewhere = why;
        }
    }
}

/// Why the need can only be answered in the terminal; none while that may still change by itself.
fn terminal_only_reason(
    known: &FleetEntry<'_>,
    connection: Option<&HookInstall>,
    session: &Session,
    kind: NeedKind,
    now: Timestamp,
) -> Option<String> {
    if kind == NeedKind::Trust {
        return Some("this dialog opens before hooks run; answer in the terminal".to_owned());
    }
    if session.control == ControlModel::Sdk {
        return Some("the session is headless; there is no terminal to answer in".to_owned());
    }
    if is_background(known.entry) {
        return Some(
            "the session runs in the background; run `claude attach` to answer".to_owned(),
        );
    }
    let shown: Vec<&OpenRequest> = known.verdict.requests.iter().filter(|o| o.shown).collect();
    let Some(oldest) = shown.first() else {
        return no_hook_reason(known, connection, now);
    };
    if is_stopped(known)
        && shown
            .iter()
            .any(|o| matches!(o.stand, RequestState::Held(_)))
    {
        let word = if session.status == SessionStatus::Paused {
            "the session is paused; resume it to answer"
        } else {
            "the session's process is stopped"
        };
        return Some(word.to_owned());
    }
    let preferences = known.case.preferences;
    let (hold, name) = match oldest.asking.agent {
        None => (preferences.hold, "hold"),
        Some(_) => (preferences.hold_agents, "hold_agents"),
    };
    Some(match (hold, oldest.stand) {
        (HoldDuration::Seconds(0), _) => {
            format!("holding requests is disabled (answers.{name} = 0); answer in the terminal")
        }
        (HoldDuration::Seconds(s), RequestState::Returned(at))
            if at >= oldest.at.after(seconds(s)) =>
        {
            format!("the request returned to the terminal after {s} s; answer there")
        }
        _ => "the request was returned to the terminal; answer there".to_owned(),
    })
}

/// Why no hook reported the request behind the need.
fn no_hook_reason(
    known: &FleetEntry<'_>,
    connection: Option<&HookInstall>,
    now: Timestamp,
) -> Option<String> {
    // Claude Code runs its earlier hooks until it reads its settings again.
    let runs_hooks = connection.is_some_and(HookInstall::runs_hooks)
        || client_hook_events(known).next().is_some();
    if runs_hooks && now < Timestamp::from(known.verdict.need.as_ref()?.since).after(HOOK_LEAD_TIME)
    {
        return None;
    }
    let why = match connection {
        Some(HookInstall::Outdated) if gives_up_hooks(known) => {
            return Some(PauseObstacle::OutdatedHooks.to_string());
        }
        Some(HookInstall::Connected | HookInstall::Outdated) => return not_held_reason(known),
        Some(HookInstall::Forbidden(why)) => return Some(format!("hooks cannot run: {why}")),
        Some(HookInstall::Broken(_)) => "hooks cannot run: settings.json cannot be read",
        Some(HookInstall::Incomplete) => {
            "Claude Code's hooks are incomplete; reconnect them to answer from here"
        }
        Some(HookInstall::NotInstalled) | None => {
            "Claude Code's hooks are not connected; connect them to answer from here"
        }
    };
    Some(why.to_owned())
}

/// Whether the timeout in entries of 0.1.0 overflows in this version of Claude Code.
fn gives_up_hooks(known: &FleetEntry<'_>) -> bool {
    let version = known.entry.and_then(|e| e.version.as_deref());
    version.is_none_or(overflows_timers)
}

/// What hooks of this process reported, newest first.
fn client_hook_events<'a>(
    known: &'a FleetEntry<'_>,
) -> impl Iterator<Item = (Timestamp, &'a HookEvent)> {
    let (began, pid) = (known.process.facts.started_at, known.key.pid);
    let all = known.case.hooks.into_iter();
    all.flat_map(move |told| told.of_process(pid, began))
}

/// Why no hook holds the request for which the registry reports a wait.
fn not_held_reason(known: &FleetEntry<'_>) -> Option<String> {
    let need = known.verdict.need.as_ref()?;
    if has_hung_up(known, Timestamp::from(need.since)) {
        return Some(
            "the hook exited before the request was answered; answer in the terminal".to_owned(),
        );
    }
    let mut heard = client_hook_events(known).peekable();
    let why = if heard.peek().is_none() {
        "the hooks are connected, but this engine has received none: the session asked before \
         Trusty Bar started, or its hooks report to another engine"
    } else if heard
        .any(|(at, e)| is_request(&e.what) && at.after(HOOK_LEAD_TIME) >= need.since.into())
    {
        "the request was too large to show; answer in the terminal"
    } else {
        "Claude Code asks this only in the terminal"
    };
    Some(why.to_owned())
}

fn is_request(what: &HookEventKind) -> bool {
    matches!(what, HookEventKind::PermissionAsked { .. })
}

/// Whether a hook reported this request and then ended without an answer, at its time limit or
/// otherwise. The dialog of a sub-agent opens only after its hook has ended.
fn has_hung_up(known: &FleetEntry<'_>, since: Timestamp) -> bool {
    let asked = known.case.requests.map(FiledRequests::oldest_first);
    asked
        .into_iter()
        .flatten()
        .any(|(at, asking, held)| match (held.over, &asking.agent) {
            (Some((_, HookOutcome::HungUp)), None) => at.after(HOOK_LEAD_TIME) >= since,
            (Some((over, HookOutcome::HungUp)), Some(_)) => over.after(HOOK_LEAD_TIME) >= since,
            _ => false,
        })
}

fn seconds(seconds: u32) -> std::time::Duration {
    std::time::Duration::from_secs(seconds.into())
}

fn session_request(
    open: &OpenRequest,
    known: &FleetEntry<'_>,
    preferences: ControlPreferences,
) -> SessionRequest {
    let (held, until) = match open.stand {
        RequestState::Held(until) if !is_stopped(known) => (true, until),
        RequestState::Held(_) | RequestState::Returned(_) => (false, None),
    };
    let asking = &open.asking;
    SessionRequest {
        id: asking.id.clone(),
        kind: asking.kind,
        tool: asking.tool.clone(),
        detail: asking.detail.clone(),
        agent: open.agent.clone(),
        held,
        programs: held && preferences.programs,
        until: until.map(Into::into),
        since: open.at.into(),
    }
}
