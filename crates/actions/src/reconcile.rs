//! Records made true: fully paused, fully running, or gone with their sessions.

use super::failpoints::failpoint;
use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, Reconciled, pause_methods, process_tree};
use trusty_fleet::pause::{PauseKind, PausePhase};
use trusty_platform::sys;

/// Ends a pause, because its owner wants it.
pub(super) async fn resume(work: &mut PauseTransaction<'_>) -> Result<Reconciled, ActionError> {
    if is_over(work)? {
        return clean_up(work).await;
    }
    if work.record.phase != PausePhase::Paused {
        return match finish(work).await? {
            RecoveryOutcome::Reconciled(became) => Ok(became),
            RecoveryOutcome::PutAside(why) => Err(why),
        };
    }
    let kind = work.record.kind();
    // What is checked first may refuse: then it stays paused, as it was.
    let before = work.record.clone();
    if kind != PauseKind::Hold {
        // On a full disk it goes on all the same: what was undone is seen by itself.
        let _ = work.enter_phase(PausePhase::Resuming);
    }
    failpoint(match kind {
        PauseKind::Freeze => "freeze.resuming",
        PauseKind::Stop => "stop.resuming",
        PauseKind::Suspend => "suspend.resuming",
        PauseKind::Hold => "hold.resuming",
        PauseKind::Interrupt => "interrupt.resuming",
    });
    if let Err(e) = pause_methods::roll_back(work, Rollback::Requested).await {
        let untouched = matches!(e, ActionError::Changed(_)) && !kind_runs(work)?;
        if untouched {
            work.record = before;
            // See above; what is asked for is told in any case.
            let _ = work.write_record();
        }
        return Err(e);
    }
    let became = state(work)?;
    match work.remove_record(became) {
        // The record is the hold: as long as it is there, the hooks keep waiting.
        Err(ActionError::RecordLeft(Reconciled::Running, e)) if kind == PauseKind::Hold => {
            Err(ActionError::Store(e))
        }
        forgotten => forgotten.map(|()| became),
    }
}

/// Whether a session that is paused by stopping it goes on.
fn kind_runs(work: &PauseTransaction<'_>) -> Result<bool, ActionError> {
    Ok(work.record.kind().is_hard() && !pause_methods::is_paused(work)?)
}

/// Makes a record true.
pub(super) async fn reconcile(work: &mut PauseTransaction<'_>) -> Result<Reconciled, ActionError> {
    if is_over(work)? {
        return clean_up(work).await;
    }
    // Nothing holds an interrupted session, so only who sees that it goes on asks for this.
    let interrupted = work.record.kind() == PauseKind::Interrupt;
    if work.record.phase == PausePhase::Paused
        && !interrupted
        && pause_methods::is_paused(work)?
        && !has_hung_up(work)?
    {
        return Ok(Reconciled::Paused);
    }
    Ok(match finish(work).await? {
        RecoveryOutcome::Reconciled(became) => became,
        RecoveryOutcome::PutAside(_) => Reconciled::Paused,
    })
}

/// Whether the session has ended.
fn is_over(work: &PauseTransaction<'_>) -> Result<bool, ActionError> {
    let boot = sys::machine()
        .map_err(failed("identify this machine"))?
        .boot;
    let alive =
        process_tree::live_stat(work.client()).map_err(failed("inspect the session's process"))?;
    Ok(work.record.boot != boot || alive.is_none())
}

async fn clean_up(work: &mut PauseTransaction<'_>) -> Result<Reconciled, ActionError> {
    let boot = sys::machine()
        .map_err(failed("identify this machine"))?
        .boot;
    // Of another boot nothing is left, and its pids are others' now.
    if work.record.boot == boot && work.record.kind() != PauseKind::Interrupt {
        pause_methods::roll_back(work, Rollback::Recovery).await?;
    }
    work.remove_record(Reconciled::Ended)?;
    Ok(Reconciled::Ended)
}

/// What became of a pause that was not finished.
enum RecoveryOutcome {
    /// Nothing of it is left.
    Reconciled(Reconciled),
    /// Its client is put aside, and for this reason not ours to bring back.
    PutAside(ActionError),
}

/// Undoes whatever is left.
async fn finish(work: &mut PauseTransaction<'_>) -> Result<RecoveryOutcome, ActionError> {
    match pause_methods::roll_back(work, Rollback::Recovery).await {
        Ok(()) => {
            let became = state(work)?;
            work.remove_record(became)?;
            Ok(RecoveryOutcome::Reconciled(became))
        }
        // Then that is what it is, until somebody does.
        Err(why @ ActionError::Changed(_))
            if work.record.kind() == PauseKind::Suspend && pause_methods::is_paused(work)? =>
        {
            work.enter_phase(PausePhase::Paused)?;
            Ok(RecoveryOutcome::PutAside(why))
        }
        Err(e) => Err(e),
    }
}

fn state(work: &PauseTransaction<'_>) -> Result<Reconciled, ActionError> {
    let alive =
        process_tree::live_stat(work.client()).map_err(failed("inspect the session's process"))?;
    Ok(match alive {
        Some(_) => Reconciled::Running,
        None => Reconciled::Ended,
    })
}

/// Whether the terminal it was paused in was closed: it cannot hear of that before it goes on.
fn has_hung_up(work: &PauseTransaction<'_>) -> Result<bool, ActionError> {
    let stat =
        process_tree::live_stat(work.client()).map_err(failed("inspect the session's process"))?;
    Ok(work.record.tty.is_some() && stat.is_some_and(|s| s.terminal == 0))
}
