//! What is asked through hooks: which is held, how it is shown, and why something can only be
//! answered in its terminal.

use crate::action::Obstacle;
use crate::client::overflows_timers;
use crate::evidence::Requests;
use crate::fleet_entry::Known;
use crate::observation::{Connection, Happened, Holding, HookEvent, Preferences, RunState};
use crate::open_requests::{Open, Stand};
use crate::request::{Over, RequestId};
use crate::session::{ControlModel, NeedKind, Request, Session, SessionStatus};
use crate::session_evidence::is_background;
use crate::time::Timestamp;
use crate::timing::HOOK_LEADS;

/// Whether an answer can be given now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerable {
    /// Its hook waits for one.
    Yes,
    /// Its client cannot read one while it is stopped.
    Paused,
    /// Nobody waits for one any more.
    No,
}

/// Those whose hooks are to be held.
pub(crate) fn held(known: &Known<'_>) -> impl Iterator<Item = (RequestId, Option<Timestamp>)> {
    let open = known.verdict.requests.iter();
    open.filter_map(|open| match open.stand {
        Stand::Held(until) => Some((open.asking.id.clone(), until)),
        Stand::LetGo(_) => None,
    })
}

/// Whether its process can do nothing now.
fn is_stopped(known: &Known<'_>) -> bool {
    let state = known.process.states.newest();
    state.is_some_and(|(_, state)| *state != RunState::Running)
}

/// Whether a request can be answered now.
pub(crate) fn answerable(known: &Known<'_>, request: &RequestId) -> Answerable {
    // One that its session is not known to wait for any more was answered in its terminal: its
    // hook would take an answer, and its client pass over it.
    let open = known.verdict.requests.iter().filter(|open| open.shown);
    let mut held = open.filter(|open| matches!(open.stand, Stand::Held(_)));
    match held.any(|open| open.asking.id == *request) {
        true if is_stopped(known) => Answerable::Paused,
        true => Answerable::Yes,
        false => Answerable::No,
    }
}

/// Fills in the requests of a session, and why its need can only be answered in its terminal.
pub(crate) fn draw(
    known: &Known<'_>,
    connection: Option<&Connection>,
    session: &mut Session,
    now: Timestamp,
) {
    let shown = known.verdict.requests.iter().filter(|open| open.shown);
    let preferences = known.case.preferences;
    session.requests = shown.map(|open| drawn(open, known, preferences)).collect();
    if let Some(kind) = session.need.as_ref().map(|need| need.kind)
        && !session.requests.iter().any(|request| request.held)
    {
        let why = elsewhere(known, connection, session, kind, now);
        if let Some(need) = &mut session.need {
            need.elsewhere = why;
        }
    }
}

/// Why what it needs can only be answered in its terminal; nothing while that may still
/// change by itself.
fn elsewhere(
    known: &Known<'_>,
    connection: Option<&Connection>,
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
    let shown: Vec<&Open> = known.verdict.requests.iter().filter(|o| o.shown).collect();
    let Some(oldest) = shown.first() else {
        return untold(known, connection, now);
    };
    if is_stopped(known) && shown.iter().any(|o| matches!(o.stand, Stand::Held(_))) {
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
        (Holding::Seconds(0), _) => {
            format!("holding requests is disabled (answers.{name} = 0); answer in the terminal")
        }
        (Holding::Seconds(s), Stand::LetGo(at)) if at >= oldest.at.after(seconds(s)) => {
            format!("the request returned to the terminal after {s} s; answer there")
        }
        _ => "the request was returned to the terminal; answer there".to_owned(),
    })
}

/// Why no hook told of what it needs.
fn untold(known: &Known<'_>, connection: Option<&Connection>, now: Timestamp) -> Option<String> {
    // A client that has not read its settings again runs the hooks that it had.
    let runs_hooks =
        connection.is_some_and(Connection::runs_hooks) || heard(known).next().is_some();
    if runs_hooks && now < Timestamp::from(known.verdict.need.as_ref()?.since).after(HOOK_LEADS) {
        return None;
    }
    let why = match connection {
        Some(Connection::Outdated) if gives_up_hooks(known) => {
            return Some(Obstacle::OutdatedHooks.to_string());
        }
        Some(Connection::Connected | Connection::Outdated) => return unasked(known),
        Some(Connection::Forbidden(why)) => return Some(format!("hooks cannot run: {why}")),
        Some(Connection::Broken(_)) => "hooks cannot run: settings.json cannot be read",
        Some(Connection::Lost) => {
            "Claude Code's hooks are incomplete; reconnect them to answer from here"
        }
        Some(Connection::Apart) | None => {
            "Claude Code's hooks are not connected; connect them to answer from here"
        }
    };
    Some(why.to_owned())
}

/// Whether its client overflows the timeout that entries of 0.1.0 have.
fn gives_up_hooks(known: &Known<'_>) -> bool {
    let version = known.entry.and_then(|e| e.version.as_deref());
    version.is_none_or(overflows_timers)
}

/// What the hooks of its client have told, newest first.
fn heard<'a>(known: &'a Known<'_>) -> impl Iterator<Item = (Timestamp, &'a HookEvent)> {
    let (began, pid) = (known.process.facts.started_at, known.key.pid);
    let all = known.case.hooks.into_iter();
    all.flat_map(move |told| told.of_process(pid, began))
}

/// Why no hook holds what its registry waits for.
fn unasked(known: &Known<'_>) -> Option<String> {
    let need = known.verdict.need.as_ref()?;
    if has_hung_up(known, Timestamp::from(need.since)) {
        return Some(
            "the hook exited before the request was answered; answer in the terminal".to_owned(),
        );
    }
    let mut heard = heard(known).peekable();
    let why = if heard.peek().is_none() {
        "the hooks are connected, but this engine has received none: the session asked before \
         Trusty Bar started, or its hooks report to another engine"
    } else if heard.any(|(at, e)| is_request(&e.what) && at.after(HOOK_LEADS) >= need.since.into())
    {
        "the request was too large to show; answer in the terminal"
    } else {
        "Claude Code asks this only in the terminal"
    };
    Some(why.to_owned())
}

fn is_request(what: &Happened) -> bool {
    matches!(what, Happened::PermissionAsked { .. })
}

/// Whether a hook asked this and has gone, by its own time limit or another hand. A sub-agent's
/// dialog comes after its hook.
fn has_hung_up(known: &Known<'_>, since: Timestamp) -> bool {
    let asked = known.case.requests.map(Requests::oldest_first);
    asked
        .into_iter()
        .flatten()
        .any(|(at, asking, held)| match (held.over, &asking.agent) {
            (Some((_, Over::HungUp)), None) => at.after(HOOK_LEADS) >= since,
            (Some((over, Over::HungUp)), Some(_)) => over.after(HOOK_LEADS) >= since,
            _ => false,
        })
}

fn seconds(seconds: u32) -> std::time::Duration {
    std::time::Duration::from_secs(seconds.into())
}

fn drawn(open: &Open, known: &Known<'_>, preferences: Preferences) -> Request {
    let (held, until) = match open.stand {
        Stand::Held(until) if !is_stopped(known) => (true, until),
        Stand::Held(_) | Stand::LetGo(_) => (false, None),
    };
    let asking = &open.asking;
    Request {
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
