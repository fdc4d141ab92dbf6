//! Starts a pause: writes the record, then performs each step; if one fails, undoes all.

use super::failpoints::failpoint;
use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{
    ActionError, ActionExecutor, Reconciled, freezer, own_session_error, pane, pause_methods,
    process_tree, signal,
};
use std::path::PathBuf;
use trusty_fleet::SessionId;
use trusty_fleet::action::{PauseCandidate, PauseObstacle, PausePlan, Refusal, with_pane};
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{PauseKind, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::{clock, sys};
use trusty_records::store::RECORD_FORM;

/// Pauses a session; a pause that fails is rolled back.
pub(super) async fn start_pause(
    hands: &ActionExecutor,
    session: SessionId,
    client: ProcessKey,
    pausing: PausePlan,
) -> Result<(), ActionError> {
    let stat = process_tree::live_stat(client).map_err(failed("inspect the session's process"))?;
    let Some(stat) = stat else {
        return Err(ActionError::Refused(Refusal::Ended));
    };
    if !process_tree::is_ours(&stat) {
        return Err(ActionError::Changed(
            "the process belongs to another user".into(),
        ));
    }
    let kind = pausing.way.kind();
    if kind.is_hard() && (stat.stopped.is_some() || sys::is_frozen(client.pid)) {
        return Err(ActionError::Changed(
            "another program has already stopped the session; type fg in its terminal first, or \
             send SIGCONT"
                .into(),
        ));
    }
    // A hold or an Escape does not stop this process.
    if kind.is_hard() && process_tree::own_process_chain().contains(&client.pid) {
        return Err(own_session_error());
    }
    let means = match &pausing.way {
        PauseCandidate::Freeze => freezer::prepare(session, client)?,
        PauseCandidate::Stop { shells, group } => signal::prepare(client, shells, *group)?,
        PauseCandidate::Suspend { pane, shell } => {
            pane::prepare_suspend(hands, client, pane, *shell).await?
        }
        PauseCandidate::Hold => {
            // Settings that may not be read were unknown to the plan, too.
            let obstacle = trusty_integration::hook_obstacle_now(client.pid, &hands.access);
            if let Some(obstacle) = obstacle.filter(|obstacle| !obstacle.is_unknown()) {
                let obstacle = PauseObstacle::HooksBypassed(obstacle);
                let refusal = Refusal::Impossible(PauseKind::Hold, obstacle);
                return Err(ActionError::Refused(refusal));
            }
            PauseMethod::Hold
        }
        PauseCandidate::Interrupt { pane } => pane::prepare_interrupt(hands, client, pane).await?,
    };
    let machine = sys::machine().map_err(failed("identify this machine"))?;
    let mut work = PauseTransaction {
        hands,
        record: PauseRecord {
            version: RECORD_FORM,
            session,
            domain: machine.domain(),
            boot: machine.boot,
            client,
            phase: PausePhase::Pausing,
            since: clock::wall(),
            by: pausing.by,
            summary: summary(hands, &pausing).await,
            at_work: pausing.at_work,
            tty: pausing.tty.clone().map(PathBuf::from),
            means,
        },
    };
    work.write_record()?;
    match steps(&mut work, &pausing).await {
        Ok(()) => Ok(()),
        Err(e) => Err(roll_back(&mut work, e).await),
    }
}

async fn steps(work: &mut PauseTransaction<'_>, pausing: &PausePlan) -> Result<(), ActionError> {
    let kind = work.record.kind();
    failpoint(match kind {
        PauseKind::Freeze => "freeze.recorded",
        PauseKind::Stop => "stop.recorded",
        PauseKind::Suspend => "suspend.recorded",
        PauseKind::Hold => "hold.recorded",
        PauseKind::Interrupt => "interrupt.recorded",
    });
    match kind {
        PauseKind::Freeze => freezer::pause(work, pausing.tools).await?,
        PauseKind::Stop => signal::pause(work, pausing.tools).await?,
        PauseKind::Suspend => pane::suspend(work).await?,
        PauseKind::Hold => {}
        PauseKind::Interrupt => pane::interrupt(work, pausing.registry.as_ref()).await?,
    }
    work.enter_phase(PausePhase::Paused)?;
    failpoint(match kind {
        PauseKind::Freeze => "freeze.paused",
        PauseKind::Stop => "stop.paused",
        PauseKind::Suspend => "suspend.paused",
        PauseKind::Hold => "hold.paused",
        PauseKind::Interrupt => "interrupt.paused",
    });
    Ok(())
}

/// Undoes the steps before the one that failed. What cannot be undone now stays on record for a
/// later repair.
async fn roll_back(work: &mut PauseTransaction<'_>, why: ActionError) -> ActionError {
    work.record.phase = PausePhase::Pausing;
    let undone = match pause_methods::roll_back(work, Rollback::Recovery).await {
        Ok(()) => work.remove_record(Reconciled::Running),
        Err(e) => Err(e),
    };
    match undone {
        Ok(()) => why,
        Err(e) => ActionError::Failed(format!("{why}; {e}")),
    }
}

/// The user's note; without one, what the session was doing and the last lines of its pane.
async fn summary(hands: &ActionExecutor, pausing: &PausePlan) -> String {
    let lines = match &pausing.pane {
        Some(pane) if !pausing.noted => pane::last_lines(hands, pane).await,
        _ => None,
    };
    match lines {
        Some(lines) => with_pane(&pausing.summary, &lines),
        None => pausing.summary.clone(),
    }
}
