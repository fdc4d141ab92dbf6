//! What can be done to a session, and which action is in progress.

use super::Fleet;
use crate::action::{
    Action, ActionContext, PauseCandidate, PauseOptions, Plan, Refusal, TerminalKind,
    pause_availability, plan_action,
};
use crate::fleet_entry::FleetEntry;
use crate::identity::SessionId;
use crate::observation::{ActionProgress, ControlPreferences, RunState, ToolPausePolicy};
use crate::pause::{Initiator, InterruptedWork, PauseKind, PauseMethod, PausePhase};
use crate::session::{
    ActionKind, ActivePause, Capabilities, PendingAction, Session, SessionStatus,
};
use crate::status::{HoldOutlook, HookPresence};
use crate::time::Timestamp;
use crate::timing::{FAILURE_DISPLAY_TIME, NOT_HELD_DISPLAY_TIME};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a completed action waits for a sample of the process that confirms it. The sample is
/// taken at once; after this time, the action is no longer shown as pending.
pub(super) const CONFIRMATION_TIMEOUT: Duration = Duration::from_secs(3);

/// What a row says during the last day before the hooks of a hold reach their limit.
const HOLD_ENDS_WARNING: &str = "the pause limit (24 days) is reached within a day; Claude Code ends \
                              the held turn then";

/// What a row says after a hold was given up.
const NOT_HELD_WARNING: &str = "Claude Code's hooks did not hold this session, so the pause was removed; \
                        restart the session, or pause with another method";

impl Fleet {
    /// Plans an action on a session.
    ///
    /// # Errors
    ///
    /// The [`Refusal`]; [`Refusal::Ended`] for an unknown session.
    pub fn plan(&self, id: SessionId, action: &Action, now: Timestamp) -> Result<Plan, Refusal> {
        let known = self
            .entries(now)
            .find(|k| self.machine.session_id(k.key) == id)
            .ok_or(Refusal::Ended)?;
        plan_action(&self.action_context(&known), action, self.preferences())
    }

    pub(super) fn preferences(&self) -> ControlPreferences {
        let told = self.evidence.preferences.as_ref();
        told.map_or_else(ControlPreferences::default, |dated| dated.value)
    }

    fn action_context<'a>(&'a self, known: &'a FleetEntry<'a>) -> ActionContext<'a> {
        let verdict = &known.verdict;
        let state = known.process.states.newest();
        let kind = known.entry.and_then(|e| e.kind.as_deref());
        let said = known.case.transcript.map(|(_, said)| said);
        ActionContext {
            session: self.machine.session_id(known.key),
            facts: known.process.facts,
            ended: verdict.status == SessionStatus::Stopped,
            gap: known.case.gap.as_ref(),
            state: state.map_or(RunState::Running, |(_, state)| *state),
            pane: known.pane_key().zip(known.pane.map(|(_, pane)| pane.pid)),
            host: match (known.pane.is_some() || known.pane_pending, kind) {
                (true, _) => TerminalKind::Tmux,
                (false, Some("bg" | "background")) => TerminalKind::Background,
                (false, _) => TerminalKind::Plain,
            },
            connection: self.connection(known),
            version: known.entry.and_then(|e| e.version.as_deref()),
            hooks_heard: verdict.hooks_heard,
            registry: known.file,
            record: known.case.pause.map(|(_, record)| record),
            nested: known.case.within.is_some(),
            busy: matches!(known.act, Some((_, ActionProgress::Begun(_)))),
            activity: verdict.activity.as_ref(),
            need: verdict.need.as_ref(),
            prompt: said.and_then(|t| Some(t.prompt.as_ref()?.text.as_str())),
            agents: verdict.delegations.len(),
        }
    }

    /// What can be done to a session now; `None` for one that has ended.
    pub(super) fn capabilities(&self, known: &FleetEntry<'_>) -> Option<Capabilities> {
        let standing = self.action_context(known);
        if standing.ended {
            return None;
        }
        if standing.record.is_some() {
            return Some(Capabilities {
                resume: true,
                ..Capabilities::default()
            });
        }
        let preferences = self.preferences();
        let wish = Action::Pause(PauseOptions {
            how: None,
            note: None,
            by: Initiator::App,
        });
        let idle = ActionContext {
            busy: false,
            ..standing
        };
        let refusal = plan_action(&idle, &wish, preferences).err();
        let possible = match &refusal {
            None | Some(Refusal::LosesStep) => pause_availability(&idle, preferences).possible,
            Some(_) => Vec::new(),
        };
        Some(Capabilities {
            pause: possible.iter().map(PauseCandidate::kind).collect(),
            commands: preferences.tools == ToolPausePolicy::Stop,
            resume: false,
            refusal: refusal.map(|r| r.to_string()),
        })
    }

    /// Warns where a hold has no effect without hooks, or ends soon at the limit of the hooks.
    pub(super) fn warn_of_hooks(&self, known: &FleetEntry<'_>, session: &mut Session) {
        let connection = self.connection(known);
        let apart = connection.is_some_and(|c| !c.runs_hooks());
        if let Some(pause) = &mut session.pause
            && pause.kind == PauseKind::Hold
        {
            if apart {
                let told = "the hooks are no longer connected, so this session is not held; run \
                            `trusty connect`";
                pause.caution = Some(told.to_owned());
            } else if known.verdict.hold == HoldOutlook::EndsSoon {
                pause.caution = Some(HOLD_ENDS_WARNING.to_owned());
            }
        }
    }

    /// Pauses that need a repair: of sessions that are gone, of sessions that run, and those whose
    /// executor is gone.
    pub(super) fn stale_pauses(&self, known: &[FleetEntry<'_>]) -> BTreeSet<SessionId> {
        let living = known
            .iter()
            .filter(|k| k.verdict.status != SessionStatus::Stopped);
        let sound: BTreeSet<SessionId> = living
            .filter(|k| !k.verdict.stale_pause)
            .map(|k| self.machine.session_id(k.key))
            .collect();
        let records = self.evidence.pauses.iter();
        records
            .filter(|(id, dated)| dated.value.is_some() && !sound.contains(*id))
            .map(|(id, _)| *id)
            .collect()
    }
}

/// The action that the pause record shows in progress, by this engine or another program of ours.
fn under_way(known: &FleetEntry<'_>) -> Option<(Timestamp, ActionKind)> {
    let (at, record) = known.case.pause?;
    let verb = match record.phase {
        PausePhase::Pausing => ActionKind::Pause,
        PausePhase::Resuming => ActionKind::Resume,
        PausePhase::Ending => ActionKind::End,
        PausePhase::Paused => return None,
    };
    Some((at, verb))
}

/// The pause that Trusty Bar made, as faces see it.
pub(super) fn pause(known: &FleetEntry<'_>) -> Option<ActivePause> {
    let (_, record) = known.case.pause?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (held, running) = match record.kind() {
        PauseKind::Hold => known.verdict.held,
        _ => (0, 0),
    };
    let long = known.verdict.long_pause && record.phase == PausePhase::Paused;
    Some(ActivePause {
        kind: record.kind(),
        by: record.by,
        commands: match &record.means {
            PauseMethod::Freeze { moved, .. } => moved.iter().any(|m| m.process != record.client),
            PauseMethod::Stop { tools, .. } => !tools.is_empty(),
            PauseMethod::Suspend { .. } | PauseMethod::Hold | PauseMethod::Interrupt { .. } => {
                false
            }
        },
        held: count(held),
        running: count(running),
        unproven: record.kind() == PauseKind::Hold
            && known.verdict.status != SessionStatus::Paused
            && known.verdict.hooks_heard != HookPresence::Proven,
        caution: resume_warning(record.at_work)
            .filter(|_| long)
            .map(str::to_owned),
    })
}

/// What resuming may do after a long pause.
fn resume_warning(at_work: InterruptedWork) -> Option<&'static str> {
    match at_work {
        InterruptedWork::Nothing => None,
        InterruptedWork::Stream => Some("resuming may repeat the last request"),
        InterruptedWork::Command => Some("resuming may move the running command to the background"),
    }
}

/// Whether a sample taken after `since` confirms the action, or the process has exited.
fn is_proven(known: &FleetEntry<'_>, verb: ActionKind, since: Timestamp) -> bool {
    let is_recorded = known.case.pause.is_some();
    let fits = match verb {
        ActionKind::Pause => is_recorded,
        ActionKind::Resume => !is_recorded,
        _ => true,
    };
    (fits && known.process.seen_at > since) || known.process.exited_at.is_some()
}

/// The action in progress, or one that failed a moment ago.
pub(super) fn pending(known: &FleetEntry<'_>, now: Timestamp) -> Option<PendingAction> {
    let (at, verb, failure) = match (known.act, under_way(known)) {
        (Some((at, ActionProgress::Begun(verb))), _) => (at, *verb, None),
        // Done, but not yet confirmed by a sample.
        (Some((at, ActionProgress::Done(verb))), _)
            if *verb != ActionKind::Jump
                && !is_proven(known, *verb, at)
                && now < at.after(CONFIRMATION_TIMEOUT) =>
        {
            (at, *verb, None)
        }
        (_, Some((at, verb))) => (at, verb, None),
        (Some((at, ActionProgress::Failed(verb, why))), None)
            if now < at.after(FAILURE_DISPLAY_TIME) =>
        {
            (at, *verb, Some(why.clone()))
        }
        (Some((at, ActionProgress::NotHeld)), None) if now < at.after(NOT_HELD_DISPLAY_TIME) => {
            (at, ActionKind::Pause, Some(NOT_HELD_WARNING.to_owned()))
        }
        (
            Some((
                _,
                ActionProgress::Failed(..) | ActionProgress::Done(_) | ActionProgress::NotHeld,
            ))
            | None,
            None,
        ) => return None,
    };
    Some(PendingAction {
        verb,
        failure,
        since: at.into(),
    })
}
