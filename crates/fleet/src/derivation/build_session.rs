//! Builds the session that faces see from evidence and verdict.

use super::capabilities;
use crate::client::ProcessRole;
use crate::fleet_entry::FleetEntry;
use crate::identity::SessionId;
use crate::names;
use crate::observation::ActionProgress;
use crate::pause::PausePhase;
use crate::session::{
    ActionKind, ClaudeInfo, ContextUsage, ControlModel, Session, SessionEnd, SessionHost,
    SessionStatus, SessionTerminal, TmuxTarget,
};
use crate::status;
use crate::terminal;
use crate::timing::EXIT_GRACE;

pub(super) fn build_session(id: SessionId, known: &FleetEntry<'_>) -> Session {
    let facts = &known.process.facts;
    let entry = known.entry;
    let workdir = entry
        .and_then(|e| e.cwd.clone())
        .or_else(|| facts.cwd.as_ref().map(|c| c.to_string_lossy().into_owned()))
        .unwrap_or_default();
    let named_after = facts.project.as_deref().unwrap_or(workdir.as_ref());
    let verdict = &known.verdict;
    let said = known.case.transcript.map(|(_, said)| said);
    let paused = verdict.status == SessionStatus::Paused;
    Session {
        id,
        status: verdict.status,
        control: control(known),
        active_delegations: u32::try_from(verdict.delegations.len()).unwrap_or(u32::MAX),
        tmux_name: known.pane.map_or_else(
            || names::name_from_dir(named_after),
            |(_, pane)| pane.session.clone(),
        ),
        created_at: entry
            .and_then(|e| e.started_at)
            .unwrap_or(facts.started_at)
            .into(),
        last_seen: last_seen(known).into(),
        project_path: facts.project.clone(),
        paused_at: paused.then_some(verdict.because.since),
        pause_summary: known
            .case
            .pause
            .map(|(_, record)| record.summary.clone())
            .filter(|summary| !summary.is_empty()),
        origin: if in_tmux(known) {
            SessionHost::Tmux
        } else {
            SessionHost::Native
        },
        pid: Some(known.key.pid),
        activity: verdict.activity.clone(),
        need: verdict.need.clone(),
        attached: verdict.attached,
        because: Some(verdict.because.clone()),
        claude: entry.map(|e| ClaudeInfo {
            session_id: e.session_id.clone(),
            version: e.version.clone(),
            kind: e.kind.clone(),
            entrypoint: e.entrypoint.clone(),
            name: e.name.clone(),
            named_by_owner: e.name_source.as_deref() == Some("user"),
            model: said.and_then(|t| t.model.clone()),
            mode: said.and_then(|t| t.mode.clone()),
            prompt: said.and_then(|t| Some(t.prompt.as_ref()?.text.clone())),
        }),
        terminal: drawn_terminal(known),
        branch: said.and_then(|t| t.branch.clone()).filter(|b| b != "HEAD"),
        context: said.and_then(|t| t.tokens).map(|tokens| ContextUsage {
            tokens,
            window: None,
        }),
        delegations: verdict.delegations.clone(),
        usage: known.process.usage,
        capabilities: None,
        pause: capabilities::pause(known),
        requests: Vec::new(),
        pending: None,
        answered: None,
        end: session_end(known),
        unconfirmed: known.case.gap.as_ref().map(ToString::to_string),
        workdir,
    }
}

/// Whether the session runs in tmux: a pane proves it; until the tmux server has been polled, the
/// environment's word is taken.
fn in_tmux(known: &FleetEntry<'_>) -> bool {
    known.pane.is_some() || known.pane_pending
}

fn last_seen(known: &FleetEntry<'_>) -> crate::Timestamp {
    let process = known.process;
    process
        .exited_at
        .unwrap_or(process.seen_at)
        .max(process.seen_at)
}

fn control(known: &FleetEntry<'_>) -> ControlModel {
    let facts = &known.process.facts;
    let entrypoint = known
        .entry
        .and_then(|e| e.entrypoint.as_deref())
        .unwrap_or_default();
    if facts.role == ProcessRole::Headless || entrypoint.starts_with("sdk") {
        ControlModel::Sdk
    } else if in_tmux(known) {
        ControlModel::Tmux
    } else {
        ControlModel::Pty
    }
}

/// How the process ended. Claude Code removes its registry file before it exits, but the removal
/// may be observed up to [`EXIT_GRACE`] after the exit.
fn session_end(known: &FleetEntry<'_>) -> Option<SessionEnd> {
    let exited = known.process.exited_at?;
    let by_act = matches!(
        known.act,
        Some((
            _,
            ActionProgress::Begun(ActionKind::End) | ActionProgress::Done(ActionKind::End)
        ))
    );
    let record = known.case.pause.map(|(_, record)| record.phase);
    if by_act || record == Some(PausePhase::Ending) {
        return Some(SessionEnd::Requested);
    }
    let entry = known.entry?;
    let gone = known.case.registry_gone;
    if gone.is_none_or(|gone| gone > exited.after(EXIT_GRACE)) {
        return Some(SessionEnd::Killed);
    }
    Some(if status::is_mid_turn(entry) {
        SessionEnd::MidTurn
    } else {
        SessionEnd::Exited
    })
}

fn drawn_terminal(known: &FleetEntry<'_>) -> Option<SessionTerminal> {
    let facts = &known.process.facts;
    let tmux = known.pane.map(|(server, pane)| TmuxTarget {
        socket: server.clone(),
        session: pane.session.clone(),
        window: pane.window.clone(),
        pane: pane.pane.clone(),
        clients: pane.clients,
    });
    let app = match tmux {
        Some(_) => None,
        None => terminal::terminal_app(&facts.ancestors).map(str::to_owned),
    };
    let tty = facts.tty.clone();
    (app.is_some() || tty.is_some() || tmux.is_some()).then_some(SessionTerminal { app, tty, tmux })
}
