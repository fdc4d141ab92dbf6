//! The end of a session, paused or not. What it was kept from never runs: the signal to end is
//! sent first, and is what a woken process finds.

use super::work::{Undo, Work, failed};
use super::{ActionError, freezer, tree};
use crate::io::clock;
use rustix::process::Signal;
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{Means, PauseKind, Phase};

/// How long a client may take to end.
const LIMIT: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(50);

/// Ends a session that is not paused by us.
pub(super) async fn end(client: ProcessKey) -> Result<(), ActionError> {
    ask(&[client])?;
    wait(client).await
}

/// Ends a paused session. Its record is removed.
pub(super) async fn end_paused(work: &mut Work<'_>) -> Result<(), ActionError> {
    let client = work.client();
    work.enter(Phase::Ending)?;
    match work.record.means.clone() {
        Means::Freeze { group, .. } => {
            let others = freezer::others(client, &group);
            let others = others.map_err(failed("look at its control group"))?;
            ask(&[&[client], &others[..]].concat())?;
        }
        Means::Stop { group, tools, .. } => ask(&[&[client], &group[..], &tools].concat())?,
        Means::Suspend { .. } | Means::Hold | Means::Interrupt { .. } => ask(&[client])?,
    }
    let done = match work.record.kind() {
        PauseKind::Freeze | PauseKind::Stop => {
            work.undo(Undo::Left).await?;
            wait(client).await
        }
        PauseKind::Suspend | PauseKind::Hold | PauseKind::Interrupt => wait(client).await,
    };
    // Whatever still runs of it runs free.
    let over = work.record.kind().is_hard() && tree::runs(client).unwrap_or(false);
    if done.is_ok() || over {
        work.forget()?;
    }
    done
}

fn ask(who: &[ProcessKey]) -> Result<(), ActionError> {
    for process in who {
        tree::signal(*process, Signal::TERM).map_err(failed("end it"))?;
    }
    Ok(())
}

/// One that was put aside wakes to end, and may be put aside again for touching the terminal
/// that its shell has.
async fn wait(client: ProcessKey) -> Result<(), ActionError> {
    let begun = clock::instant();
    while tree::alive(client).map_err(failed("end it"))?.is_some() {
        if begun.elapsed() >= LIMIT {
            return Err(ActionError::Failed(
                "it does not end within 5 s; end it in its terminal".into(),
            ));
        }
        if tree::rests(client).map_err(failed("end it"))? {
            tree::signal(client, Signal::CONT).map_err(failed("end it"))?;
        }
        clock::sleep(STEP).await;
    }
    Ok(())
}
