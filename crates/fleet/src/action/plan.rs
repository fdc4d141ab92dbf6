//! Turns an action into a plan or a refusal.

use super::context::ActionContext;
use super::pause_availability::{PauseAvailability, PauseCandidate, pause_availability};
use super::{Action, PauseOptions, Refusal, summary};
use crate::identity::{ProcessKey, SessionId};
use crate::observation::{ControlPreferences, RegistryFile, RunState, ToolPausePolicy};
use crate::pause::{Initiator, InterruptedWork, PauseKind, PausePhase, PauseRecord};
use crate::session::Activity;
use crate::terminal::PaneKey;

/// What is to be done to a session; the executor checks the premises again before each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The session.
    pub session: SessionId,
    /// The session's Claude Code process.
    pub client: ProcessKey,
    /// The action, with what it needs.
    pub deed: PlannedAction,
}

/// The action of a plan, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedAction {
    /// Begin a pause.
    Pause(PausePlan),
    /// End the pause of this record.
    Resume(Box<PauseRecord>),
    /// End the session, whose pause record this is, if it is paused.
    End(Option<Box<PauseRecord>>),
    /// As [`Self::End`]; a session that does not end on request is killed.
    Kill(Option<Box<PauseRecord>>),
}

/// A pause that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PausePlan {
    /// The kind of pause, with what it acts on.
    pub way: PauseCandidate,
    /// Whether the session's running commands stop too; applies only to [`PauseCandidate::Stop`]
    /// and [`PauseCandidate::Freeze`].
    pub tools: ToolPausePolicy,
    /// Who asked for the pause.
    pub by: Initiator,
    /// The user's note, or what the session was doing; without a note, the executor appends the
    /// last lines of the pane.
    pub summary: String,
    /// Whether the summary is the user's note.
    pub noted: bool,
    /// Work in progress that may not survive a long pause.
    pub at_work: InterruptedWork,
    /// The session's tmux pane.
    pub pane: Option<PaneKey>,
    /// The session's controlling terminal.
    pub tty: Option<String>,
    /// The registry file to which Claude Code writes the session's status.
    pub registry: Option<RegistryFile>,
}

/// Plans an action.
///
/// # Errors
///
/// A [`Refusal`], with the way out.
pub fn plan_action(
    standing: &ActionContext<'_>,
    action: &Action,
    preferences: ControlPreferences,
) -> Result<Plan, Refusal> {
    if standing.ended {
        return Err(Refusal::Ended);
    }
    // A pause of our own can be resumed even if the process is no longer confirmed.
    if let (Some(gap), Action::Pause(_) | Action::End | Action::Kill) = (standing.gap, action) {
        return Err(Refusal::Unconfirmed(gap.clone()));
    }
    if standing.busy {
        return Err(Refusal::Busy);
    }
    let deed = match action {
        Action::Pause(wish) => PlannedAction::Pause(pause(standing, wish, preferences)?),
        Action::Resume => match standing.record {
            Some(record) if record.kind() == PauseKind::Interrupt && standing.need.is_some() => {
                return Err(Refusal::AwaitsAnswer);
            }
            Some(record) => PlannedAction::Resume(Box::new(record.clone())),
            None => Err(by_others(standing).unwrap_or(Refusal::NotPaused))?,
        },
        Action::End => PlannedAction::End(standing.record.cloned().map(Box::new)),
        Action::Kill => PlannedAction::Kill(standing.record.cloned().map(Box::new)),
    };
    Ok(Plan {
        session: standing.session,
        client: standing.facts.key,
        deed,
    })
}

fn by_others(standing: &ActionContext<'_>) -> Option<Refusal> {
    let way_out = match standing.state {
        RunState::Running => return None,
        RunState::Stopped(_) | RunState::Frozen if standing.nested => {
            "resume the session that started this one"
        }
        RunState::Stopped(_) => {
            "type fg in its terminal, or send SIGCONT if the session has no shell"
        }
        RunState::Frozen => {
            "thaw the session's cgroup with the program that froze it, or run `trusty resume \
             SESSION --force` if the pause record of Trusty Bar was lost"
        }
    };
    Some(Refusal::PausedByOthers(way_out))
}

fn pause(
    standing: &ActionContext<'_>,
    wish: &PauseOptions,
    preferences: ControlPreferences,
) -> Result<PausePlan, Refusal> {
    if let Some(record) = standing.record {
        return Err(match record.phase {
            PausePhase::Paused => Refusal::AlreadyPaused(record.kind()),
            PausePhase::Pausing | PausePhase::Resuming | PausePhase::Ending => Refusal::Busy,
        });
    }
    if let Some(refusal) = by_others(standing) {
        return Err(refusal);
    }
    let way = choose(pause_availability(standing, preferences), wish.how)?;
    let at_work = match standing.activity {
        Some(Activity::Working { tool: None, .. }) => InterruptedWork::Stream,
        Some(Activity::Working {
            tool: Some(tool), ..
        }) if tool == "Bash" => InterruptedWork::Command,
        _ => InterruptedWork::Nothing,
    };
    Ok(PausePlan {
        at_work: if way.kind().is_hard() {
            at_work
        } else {
            InterruptedWork::Nothing
        },
        way,
        tools: preferences.tools,
        by: wish.by,
        noted: wish.note.is_some(),
        summary: summary::pause_summary(standing, wish.note.as_deref()),
        pane: standing.pane.as_ref().map(|(pane, _)| pane.clone()),
        tty: standing.facts.tty.clone(),
        registry: standing.registry.cloned(),
    })
}

fn choose(ways: PauseAvailability, how: Option<PauseKind>) -> Result<PauseCandidate, Refusal> {
    let PauseAvailability {
        possible,
        obstacles,
    } = ways;
    if let Some(kind) = how {
        let found = possible.into_iter().find(|way| way.kind() == kind);
        return found.ok_or_else(|| {
            let obstacle = obstacles.into_iter().find(|(k, _)| *k == kind);
            match obstacle {
                Some((kind, obstacle)) => Refusal::Impossible(kind, obstacle),
                None => Refusal::NoKindPossible(Vec::new()),
            }
        });
    }
    let loses = possible
        .iter()
        .any(|way| way.kind() == PauseKind::Interrupt);
    let best = possible
        .into_iter()
        .find(|way| way.kind() != PauseKind::Interrupt);
    match best {
        Some(way) => Ok(way),
        None if loses => Err(Refusal::LosesStep),
        None => Err(Refusal::NoKindPossible(obstacles)),
    }
}
