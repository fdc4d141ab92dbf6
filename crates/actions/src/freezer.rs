//! Frozen in a control group of its own: neither shell nor terminal notice anything.

use super::failpoints::failpoint;
use super::pause_transaction::{PauseTransaction, failed};
use super::{ActionError, group_keeper, process_tree};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;
use trusty_fleet::SessionId;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::ToolPausePolicy;
use trusty_fleet::pause::{MovedProcess, PauseMethod};
use trusty_platform::clock;
use trusty_platform::sys::{self, FreezerState, cgroup};

/// How long the kernel may take to freeze or thaw a group.
const FREEZE_TIMEOUT: Duration = Duration::from_secs(5);
/// Commands that start commands as fast as they are moved: no end is to be seen.
const MAX_MOVE_ROUNDS: usize = 50;
const MOVE_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Where it will be moved to; nothing has been made yet.
pub(super) fn prepare(session: SessionId, client: ProcessKey) -> Result<PauseMethod, ActionError> {
    let look = || failed("inspect the session's cgroup");
    let none = || ActionError::Failed("could not freeze the session: no writable cgroup v2".into());
    let own = cgroup::cgroup_of(client.pid)
        .map_err(look())?
        .ok_or_else(none)?;
    let parent = cgroup::parent_for_sibling(&own).ok_or_else(none)?;
    let group = parent.join(format!("trusty-{session}"));
    let strangers = cgroup::members(&group).map_err(look())?;
    if !strangers.is_empty() || is_frozen(&group).map_err(look())? {
        return Err(ActionError::Failed(format!(
            "could not freeze the session: the cgroup {} is already in use",
            group.display()
        )));
    }
    Ok(PauseMethod::Freeze {
        group,
        moved: Vec::new(),
        keeper: None,
    })
}

/// Moves and freezes. Each process is on record before it is moved.
pub(super) async fn pause(
    work: &mut PauseTransaction<'_>,
    tools: ToolPausePolicy,
) -> Result<(), ActionError> {
    let client = work.client();
    let PauseMethod::Freeze { group, .. } = work.record.means.clone() else {
        return Ok(());
    };
    let own = cgroup::cgroup_of(client.pid).map_err(failed("inspect the session's cgroup"))?;
    let own = own.ok_or_else(|| ActionError::Changed("the session has exited".into()))?;
    if !cgroup::is_root(&own) {
        keep_alive(work, &own)?;
    }
    cgroup::make(&group).map_err(failed("create a cgroup"))?;
    failpoint("freeze.group-made");
    gather(work, &group, &[client])?;
    failpoint("freeze.client-moved");
    if tools == ToolPausePolicy::Stop {
        gather_all(work, &group)?;
    }
    failpoint("freeze.tools-moved");
    cgroup::set_freezer_state(&group, FreezerState::Frozen)
        .map_err(failed("freeze the session"))?;
    wait(&group, FreezerState::Frozen).await?;
    if tools == ToolPausePolicy::Stop {
        // What a command had started while it was itself not moved yet.
        gather_all(work, &group)?;
        wait(&group, FreezerState::Frozen).await?;
    }
    failpoint("freeze.frozen");
    Ok(())
}

/// Without a process a group may be removed by whoever made it.
fn keep_alive(work: &mut PauseTransaction<'_>, own: &Path) -> Result<(), ActionError> {
    let record = work.hands.store.path(work.record.session);
    let started = group_keeper::start_keeper(work.hands, &record)?;
    change(work, |_, keeper| *keeper = Some(started))?;
    failpoint("freeze.keeper-recorded");
    let what = "keep the session's cgroup";
    match cgroup::enter(own, started.pid) {
        Ok(true) => {}
        Ok(false) => return Err(failed(what)("the helper process has exited; try again")),
        // What we start lies where we do, and not everything may be moved everywhere.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            let told = "not permitted from here; pause the session from the app, or from a \
                        terminal next to the session's";
            return Err(failed(what)(told));
        }
        Err(e) => return Err(failed(what)(e)),
    }
    failpoint("freeze.keeper-placed");
    Ok(())
}

fn change(
    work: &mut PauseTransaction<'_>,
    how: impl FnOnce(&mut Vec<MovedProcess>, &mut Option<ProcessKey>),
) -> Result<(), ActionError> {
    if let PauseMethod::Freeze { moved, keeper, .. } = &mut work.record.means {
        how(moved, keeper);
    }
    work.write_record()
}

fn gather_all(work: &mut PauseTransaction<'_>, group: &Path) -> Result<(), ActionError> {
    let us = process_tree::own_process_chain();
    for _ in 0..MAX_MOVE_ROUNDS {
        let below = process_tree::descendants(work.client())
            .map_err(failed("inspect the session's processes"))?;
        if below.iter().any(|f| us.contains(&f.key.pid)) {
            return Err(super::own_session_error());
        }
        let there = cgroup::members(group).map_err(failed("inspect the session's cgroup"))?;
        let there: BTreeSet<u32> = there.into_iter().collect();
        let new: Vec<ProcessKey> = below
            .iter()
            .filter(|f| process_tree::is_ours(&f.stat) && !there.contains(&f.key.pid))
            // A session within this one that is paused by itself stays so when this one goes on.
            .filter(|f| !sys::is_frozen(f.key.pid))
            .map(|f| f.key)
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        gather(work, group, &new)?;
    }
    Err(failed("move the session's commands")(
        "the commands keep starting new ones; try again",
    ))
}

fn gather(
    work: &mut PauseTransaction<'_>,
    group: &Path,
    who: &[ProcessKey],
) -> Result<(), ActionError> {
    let what = "move the session into a cgroup";
    let mut new = Vec::new();
    for process in who {
        let from = match cgroup::cgroup_of(process.pid) {
            Ok(from) => from,
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed(what)(e)),
        };
        new.extend(from.map(|from| MovedProcess {
            process: *process,
            from,
        }));
    }
    change(work, |moved, _| moved.extend(new.iter().cloned()))?;
    for MovedProcess { process, .. } in new {
        if process_tree::live_stat(process)
            .map_err(failed(what))?
            .is_some()
        {
            cgroup::enter(group, process.pid).map_err(failed(what))?;
        }
    }
    Ok(())
}

fn is_frozen(group: &Path) -> io::Result<bool> {
    Ok(cgroup::freezer_state(group)? == Some(FreezerState::Frozen))
}

async fn wait(group: &Path, wanted: FreezerState) -> Result<(), ActionError> {
    let what = match wanted {
        FreezerState::Frozen => "freeze the session",
        FreezerState::Thawed => "thaw the session",
    };
    // A group that is gone holds nobody.
    let so = || Ok(cgroup::freezer_state(group)?.is_none_or(|frost| frost == wanted));
    if process_tree::wait_until(FREEZE_TIMEOUT, so)
        .await
        .map_err(failed(what))?
    {
        return Ok(());
    }
    Err(failed(what)(
        "the kernel did not finish within 5 s; try again",
    ))
}

/// Thaws, moves everybody back to where they came from, and removes the group.
pub(super) async fn roll_back_freeze(work: &mut PauseTransaction<'_>) -> Result<(), ActionError> {
    let PauseMethod::Freeze {
        group,
        moved,
        keeper,
    } = work.record.means.clone()
    else {
        return Ok(());
    };
    if cgroup::freezer_state(&group)
        .map_err(failed("thaw the session"))?
        .is_some()
    {
        cgroup::set_freezer_state(&group, FreezerState::Thawed)
            .map_err(failed("thaw the session"))?;
        wait(&group, FreezerState::Thawed).await?;
        failpoint("freeze.thawed");
        let emptied = move_processes_back(&group, &moved).await?;
        failpoint("freeze.moved-back");
        if emptied {
            remove(&group).await?;
        }
    }
    failpoint("freeze.group-removed");
    if let Some(keeper) = keeper {
        group_keeper::end_keeper(keeper)?;
    }
    failpoint("freeze.keeper-ended");
    Ok(())
}

/// Whether all could be moved. If no group takes one back, it stays and runs where it is.
async fn move_processes_back(group: &Path, moved: &[MovedProcess]) -> Result<bool, ActionError> {
    let what = "move the session back to its cgroup";
    // The client's old one; above it, should that be gone.
    let home = moved.first().map(|m| m.from.clone());
    let above = cgroup::parent_for_sibling(group);
    for _ in 0..MAX_MOVE_ROUNDS {
        let members = cgroup::members(group).map_err(failed(what))?;
        if members.is_empty() {
            return Ok(true);
        }
        for pid in members {
            let Some(found) = process_tree::process_at(pid).map_err(failed(what))? else {
                continue;
            };
            let from = moved.iter().find(|m| m.process == found.key);
            let wanted = from.map(|m| &m.from).or(home.as_ref());
            let places = [wanted, home.as_ref(), above.as_ref()];
            if !places
                .into_iter()
                .flatten()
                .any(|place| try_move(place, pid))
            {
                return Ok(false);
            }
        }
        // One that is ending is a member until it has ended.
        clock::sleep(MOVE_POLL_INTERVAL).await;
    }
    Err(failed(what)("new processes keep starting; try again"))
}

fn try_move(place: &Path, pid: u32) -> bool {
    cgroup::enter(place, pid).is_ok()
}

async fn remove(group: &Path) -> Result<(), ActionError> {
    let gone = || match cgroup::remove(group) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::ResourceBusy => Ok(false),
        Err(e) => Err(e),
    };
    let what = "remove the temporary cgroup";
    if process_tree::wait_until(FREEZE_TIMEOUT, gone)
        .await
        .map_err(failed(what))?
    {
        return Ok(());
    }
    Err(failed(what)("a process is still in it; try again"))
}

/// Whether the client lies in this group, and nothing in it can run.
pub(super) fn is_client_frozen(client: ProcessKey, group: &Path) -> io::Result<bool> {
    let there = cgroup::cgroup_of(client.pid)?.is_some_and(|own| own == group);
    Ok(there && is_frozen(group)?)
}

/// Those in a frozen group besides the client.
pub(super) fn other_members(client: ProcessKey, group: &Path) -> io::Result<Vec<ProcessKey>> {
    let mut found = Vec::new();
    for pid in cgroup::members(group)? {
        found.extend(
            process_tree::process_at(pid)?
                .map(|f| f.key)
                .filter(|key| *key != client),
        );
    }
    Ok(found)
}
