//! Ends sessions, paused or not. Work that a pause held back never runs: SIGTERM is sent before the
//! processes are woken, so it is the first thing they receive.

use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, Reconciled, freezer, pause_methods, process_tree};
use rustix::process::Signal;
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{PauseKind, PauseMethod, PausePhase};

/// How long Claude Code may take to exit.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends a session that we have not paused.
pub(super) async fn end_session(client: ProcessKey) -> Result<(), ActionError> {
    ask(&[client])?;
    wait(client).await
}

/// Ends a paused session and removes its record.
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
        // In the background Claude Code would be stopped again and again for touching its terminal
        // (measured), so it is brought to the foreground to exit there.
        PauseKind::Suspend => {
            let back = pause_methods::roll_back(work, Rollback::Requested).await;
            let there = process_tree::live_stat(client).map_err(failed("end the session"))?;
            // If `fg` could not be typed, SIGTERM stays pending until the session is resumed.
            if back.is_err() && there.is_some_and(|stat| stat.stopped.is_some()) {
                work.enter_phase(PausePhase::Paused)?;
                let told = "the session exits as soon as fg is typed in its terminal";
                return Err(ActionError::DidNotExit(told.into()));
            }
        }
        PauseKind::Hold | PauseKind::Interrupt => {}
    }
    let done = wait(client).await;
    // After a hard pause all processes run again, so the record has nothing left to undo.
    if done.is_ok() || work.record.kind().is_hard() {
        work.remove_record(Reconciled::Ended)?;
    }
    done
}

/// Kills a session that did not exit on SIGTERM. A pause record is left to the caller.
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
