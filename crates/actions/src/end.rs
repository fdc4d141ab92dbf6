//! The end of a session, paused or not. What it was kept from never runs: the signal to end is
//! sent first, and is what a woken process finds.

use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, Reconciled, freezer, pause_methods, process_tree};
use rustix::process::Signal;
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{PauseKind, PauseMethod, PausePhase};

/// How long a client may take to end.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends a session that is not paused by us.
pub(super) async fn end_session(client: ProcessKey) -> Result<(), ActionError> {
    ask(&[client])?;
    wait(client).await
}

/// Ends a paused session. Its record is removed.
pub(super) async fn end_paused(work: &mut PauseTransaction<'_>) -> Result<(), ActionError> {
    let client = work.client();
    work.enter_phase(PausePhase::Ending)?;
    match work.record.means.clone() {
        PauseMethod::Freeze { group, .. } => {
            let others = freezer::other_members(client, &group);
            let others = others.map_err(failed("inspect the session's cgroup"))?;
            ask(&[&[client], &others[..]].concat())?;
        }
        PauseMethod::Stop { group, tools, .. } => ask(&[&[client], &group[..], &tools].concat())?,
        PauseMethod::Suspend { .. } | PauseMethod::Hold | PauseMethod::Interrupt { .. } => {
            ask(&[client])?;
        }
    }
    match work.record.kind() {
        PauseKind::Freeze | PauseKind::Stop => {
            pause_methods::roll_back(work, Rollback::Recovery).await?;
        }
        // In the background it would be stopped again for touching its terminal, for ever
        // (measured): it ends in the foreground.
        PauseKind::Suspend => {
            let back = pause_methods::roll_back(work, Rollback::Requested).await;
            let there = process_tree::live_stat(client).map_err(failed("end the session"))?;
            // Where fg could not be typed, it has the signal all the same, and finds it then.
            if back.is_err() && there.is_some_and(|stat| stat.stopped.is_some()) {
                work.enter_phase(PausePhase::Paused)?;
                let told = "the session exits as soon as fg is typed in its terminal";
                return Err(ActionError::DidNotExit(told.into()));
            }
        }
        PauseKind::Hold | PauseKind::Interrupt => {}
    }
    let done = wait(client).await;
    // Whatever still runs of it runs free.
    if done.is_ok() || work.record.kind().is_hard() {
        work.remove_record(Reconciled::Ended)?;
    }
    done
}

/// Kills a session that was asked to end and did not. Its record, if it has one, is left.
pub(super) async fn kill_session(
    client: ProcessKey,
    asked: Result<(), ActionError>,
) -> Result<(), ActionError> {
    match asked {
        Err(ActionError::DidNotExit(_) | ActionError::Failed(_) | ActionError::Changed(_)) => {}
        done => return done,
    }
    process_tree::signal(client, Signal::KILL).map_err(failed("kill the session"))?;
    wait(client).await
}

fn ask(who: &[ProcessKey]) -> Result<(), ActionError> {
    for process in who {
        process_tree::signal(*process, Signal::TERM).map_err(failed("end the session"))?;
    }
    Ok(())
}

async fn wait(client: ProcessKey) -> Result<(), ActionError> {
    let ended = || Ok(process_tree::live_stat(client)?.is_none());
    if process_tree::wait_until(EXIT_TIMEOUT, ended)
        .await
        .map_err(failed("end the session"))?
    {
        return Ok(());
    }
    let told = match process_tree::is_stopped_or_gone(client) {
        Ok(true) => "the session is stopped and cannot exit; type fg in its terminal",
        _ => "the session did not exit within 5 s; quit it in its terminal",
    };
    Err(ActionError::DidNotExit(told.into()))
}
