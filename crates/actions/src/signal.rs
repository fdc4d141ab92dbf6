//! Pauses with SIGSTOP: first the shells above Claude Code, so that none of them sees its job stop
//! and takes the terminal; then its process group, then the processes that it started elsewhere.

use super::failpoints::failpoint;
use super::pause_transaction::{PauseTransaction, failed};
use super::process_tree::{self, LiveProcess};
use super::{ActionError, own_session_error};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::ToolPausePolicy;
use trusty_fleet::pause::PauseMethod;
use trusty_platform::clock;
use trusty_platform::sys;

/// How long a process may take to stop, or to continue.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long stopped processes are watched: a program that wakes them does so within 100 ms (tmux:
/// measured).
const STAYS_STOPPED_TIME: Duration = Duration::from_millis(250);
const STOP_POLL_INTERVAL: Duration = Duration::from_millis(20);
/// A process that has not stopped after this time is waiting for a child that it just started.
const CHILD_START_TIME: Duration = Duration::from_millis(100);
/// How long Claude Code may take to set up its terminal again before its shell is woken
/// (measured).
const CLIENT_HEAD_START: Duration = Duration::from_millis(300);
/// The limit of rounds, for commands that start new ones as fast as they are stopped.
const MAX_STOP_ROUNDS: usize = 50;

/// The processes to stop, as far as they are known; none has been touched.
pub(super) fn prepare(
    client: ProcessKey,
    shells: &[ProcessKey],
    group: u32,
) -> Result<PauseMethod, ActionError> {
    let look = || failed("inspect the session's processes");
    let stat = process_tree::live_stat(client).map_err(look())?;
    if stat.is_none_or(|s| s.group != group) {
        return Err(changed_error("the session's process group has changed"));
    }
    let us = process_tree::own_process_chain();
    for shell in shells {
        if us.contains(&shell.pid) {
            let told = "this program runs in the session's terminal; pause the session from \
                        another terminal, or use hold";
            return Err(ActionError::Changed(told.into()));
        }
        match process_tree::live_stat(*shell).map_err(look())? {
            Some(stat) if process_tree::is_ours(&stat) => {}
            _ => return Err(changed_error("a shell above the session has exited")),
        }
    }
    let members = process_tree::group(group).map_err(look())?;
    // A script without job control runs everything in one group, which may include this process.
    let is_of_ours =
        |f: &LiveProcess| us.contains(&f.key.pid) || process_tree::is_own_program(f.key.pid);
    if members.iter().any(is_of_ours) {
        return Err(own_session_error());
    }
    Ok(PauseMethod::Stop {
        shells: shells.to_vec(),
        group: running_keys(&members),
        tools: Vec::new(),
    })
}

fn changed_error(what: &str) -> ActionError {
    ActionError::Changed(format!("{what}; try again"))
}

/// The processes for us to stop: those that another program has stopped are not ours to wake.
fn running_keys(found: &[LiveProcess]) -> Vec<ProcessKey> {
    let ours = found
        .iter()
        .filter(|f| f.stat.stopped.is_none() && process_tree::is_ours(&f.stat));
    ours.map(|f| f.key).collect()
}

/// Stops the session. Each process is on record before it is touched.
pub(super) async fn pause(
    work: &mut PauseTransaction<'_>,
    tools: ToolPausePolicy,
) -> Result<(), ActionError> {
    let client = work.client();
    let PauseMethod::Stop { shells, .. } = work.record.means.clone() else {
        return Ok(());
    };
    let look = || failed("inspect the session's processes");
    let before = process_tree::live_stat(client).map_err(look())?;
    let before = before.ok_or_else(|| ActionError::Changed("the session has exited".into()))?;
    let others = process_tree::stopped().map_err(look())?;
    for shell in &shells {
        stop(&[*shell], &others, "stop the shell above the session").await?;
        failpoint("stop.shell-stopped");
    }
    let mut members = running_keys(&process_tree::group(before.group).map_err(look())?);
    let kept = |group: &Vec<ProcessKey>, tools: &Vec<ProcessKey>| PauseMethod::Stop {
        shells: shells.clone(),
        group: group.clone(),
        tools: tools.clone(),
    };
    let mut stopped = Vec::new();
    work.set_means(kept(&members, &stopped))?;
    let sent = sys::signal_group(client, before.group, Signal::STOP);
    if !sent.map_err(failed("stop the session"))? {
        return Err(changed_error("the session's process group has changed"));
    }
    wait_stopped(&members, &others, "stop the session").await?;
    // Processes that were just being started have joined the group.
    let joined = process_tree::group(before.group).map_err(look())?;
    let joined = joined.iter().filter(|f| process_tree::is_ours(&f.stat));
    members = joined.map(|f| f.key).collect();
    members.retain(|key| !others.contains(key));
    work.set_means(kept(&members, &stopped))?;
    wait_stopped(&members, &others, "stop the session").await?;
    failpoint("stop.group-stopped");
    if tools == ToolPausePolicy::Stop {
        let mut rounds = 0;
        loop {
            let mut below = process_tree::descendants(client).map_err(look())?;
            below.retain(|f| f.stat.group != before.group);
            let new = running_keys(&below);
            if new.is_empty() {
                break;
            }
            if rounds == MAX_STOP_ROUNDS {
                return Err(failed("stop the session's commands")(
                    "the commands keep starting new ones; try again",
                ));
            }
            rounds += 1;
            stopped.extend(new.iter().copied());
            work.set_means(kept(&members, &stopped))?;
            stop(&new, &others, "stop the session's commands").await?;
        }
    }
    failpoint("stop.tools-stopped");
    let all = [&shells[..], &members, &stopped].concat();
    let begun = clock::instant();
    while begun.elapsed() < STAYS_STOPPED_TIME {
        let now = process_tree::live_stat(client).map_err(look())?;
        let woken = all
            .iter()
            .any(|key| !process_tree::is_stopped_or_gone(*key).unwrap_or(false));
        if woken || now.is_none_or(|now| now.foreground != before.foreground) {
            let told = "another program resumed the session at once, as tmux and screen do; \
                        connect hooks to pause it";
            return Err(ActionError::Failed(told.into()));
        }
        clock::sleep(STOP_POLL_INTERVAL).await;
    }
    failpoint("stop.watched");
    Ok(())
}

/// The processes that were already stopped before the pause, which are not ours to wake.
type ForeignStops = BTreeSet<ProcessKey>;

async fn stop(
    keys: &[ProcessKey],
    others: &ForeignStops,
    what: &'static str,
) -> Result<(), ActionError> {
    for key in keys {
        process_tree::signal(*key, Signal::STOP).map_err(failed(what))?;
    }
    wait_stopped(keys, others, what).await
}

async fn wait_stopped(
    keys: &[ProcessKey],
    others: &ForeignStops,
    what: &'static str,
) -> Result<(), ActionError> {
    let begun = clock::instant();
    while !all_processes(keys, process_tree::is_stopped_or_gone).map_err(failed(what))? {
        if begun.elapsed() >= STOP_TIMEOUT {
            return Err(failed(what)("the process keeps running; try again"));
        }
        if begun.elapsed() >= CHILD_START_TIME {
            let_start(keys, others).await.map_err(failed(what))?;
        }
        clock::sleep(STOP_POLL_INTERVAL).await;
    }
    Ok(())
}

/// Lets new children run for a moment: a process that calls vfork(2) stops only once its child
/// runs a program, and a child that is stopped does not get there.
async fn let_start(keys: &[ProcessKey], others: &ForeignStops) -> io::Result<()> {
    let mut started = Vec::new();
    for key in keys {
        if !process_tree::is_stopped_or_gone(*key)? {
            started.extend(process_tree::children(key.pid)?);
        }
    }
    started.retain(|f| f.stat.stopped.is_some() && !others.contains(&f.key));
    for found in &started {
        process_tree::signal(found.key, Signal::CONT)?;
    }
    clock::sleep(STOP_POLL_INTERVAL).await;
    for found in &started {
        process_tree::signal(found.key, Signal::STOP)?;
    }
    Ok(())
}

fn all_processes(keys: &[ProcessKey], so: fn(ProcessKey) -> io::Result<bool>) -> io::Result<bool> {
    for key in keys {
        if !so(*key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Wakes the processes in reverse order. One that does not wake does not prevent the others.
pub(super) async fn roll_back_stop(work: &mut PauseTransaction<'_>) -> Result<(), ActionError> {
    let client = work.client();
    let PauseMethod::Stop {
        shells,
        group,
        tools,
    } = work.record.means.clone()
    else {
        return Ok(());
    };
    let mut problem = Ok(());
    for tool in tools.iter().rev() {
        keep_first_error(
            &mut problem,
            process_tree::signal(*tool, Signal::CONT).map(drop),
        );
    }
    failpoint("stop.tools-woken");
    // Processes that have joined the group since were stopped with it.
    if let Ok(Some(stat)) = process_tree::live_stat(client) {
        let sent = sys::signal_group(client, stat.group, Signal::CONT);
        keep_first_error(&mut problem, sent.map(drop));
    }
    for member in &group {
        keep_first_error(
            &mut problem,
            process_tree::signal(*member, Signal::CONT).map(drop),
        );
    }
    let awake =
        process_tree::wait_until(STOP_TIMEOUT, || process_tree::is_running_or_gone(client)).await;
    keep_first_error(&mut problem, awake.and_then(still_stopped_error));
    failpoint("stop.group-woken");
    if !shells.is_empty() {
        clock::sleep(CLIENT_HEAD_START).await;
    }
    for shell in shells.iter().rev() {
        keep_first_error(
            &mut problem,
            process_tree::signal(*shell, Signal::CONT).map(drop),
        );
        let awake =
            process_tree::wait_until(STOP_TIMEOUT, || process_tree::is_running_or_gone(*shell))
                .await;
        keep_first_error(&mut problem, awake.and_then(still_stopped_error));
        failpoint("stop.shell-woken");
    }
    problem.map_err(failed("wake all processes of the session"))
}

fn still_stopped_error(so: bool) -> io::Result<()> {
    if so {
        return Ok(());
    }
    Err(io::Error::other(
        "one process is still stopped; type fg in its terminal",
    ))
}

fn keep_first_error(problem: &mut io::Result<()>, done: io::Result<()>) {
    if problem.is_ok() {
        *problem = done;
    }
}

/// Whether Claude Code and all processes that were stopped are still stopped.
pub(super) fn are_all_stopped(
    client: ProcessKey,
    stopped: [&Vec<ProcessKey>; 3],
) -> io::Result<bool> {
    let mut held = process_tree::is_stopped_or_gone(client)?;
    for keys in stopped {
        held = held && all_processes(keys, process_tree::is_stopped_or_gone)?;
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// Has `make` start one process after another with vfork(2), as Claude Code does.
    const SPAWNING_MAKEFILE: &str =
        "N := $(foreach a,$(shell seq 1000),$(foreach b,$(shell seq 1000),$(shell true)))";

    /// Stops and wakes a process group 100 times, at different moments.
    async fn stop_often(client: ProcessKey) -> Result<(), ActionError> {
        let look = || failed("look");
        let started = || Ok(!process_tree::children(client.pid)?.is_empty());
        process_tree::wait_until(STOP_TIMEOUT, started)
            .await
            .map_err(look())?;
        for round in 0..100 {
            clock::sleep(Duration::from_micros(round * 137 % 4_000)).await;
            let others = process_tree::stopped().map_err(look())?;
            let members = running_keys(&process_tree::group(client.pid).map_err(look())?);
            sys::signal_group(client, client.pid, Signal::STOP).map_err(look())?;
            wait_stopped(&members, &others, "stop the session").await?;
            sys::signal_group(client, client.pid, Signal::CONT).map_err(look())?;
            let awake =
                process_tree::wait_until(STOP_TIMEOUT, || process_tree::is_running_or_gone(client))
                    .await;
            awake
                .and_then(still_stopped_error)
                .map_err(failed("wake it"))?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn who_is_just_starting_a_process_stops_too() {
        // A file, because Apple's make (3.81) has no `--eval`.
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), SPAWNING_MAKEFILE).expect("written");
        let mut starts = Command::new("make")
            .args(["--silent", "--file"])
            .arg(file.path())
            .process_group(0)
            .spawn()
            .expect("starts");
        let client = process_tree::process_at(starts.id())
            .expect("looked")
            .expect("lives")
            .key;
        let stopped = stop_often(client).await;
        starts.kill().expect("killed");
        starts.wait().expect("ended");
        assert!(stopped.is_ok(), "{stopped:?}");
    }

    #[test]
    fn a_group_that_holds_this_process_is_not_stopped() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        let found = process_tree::process_at(child.id())
            .expect("readable")
            .expect("alive");
        let refused = prepare(found.key, &[], found.stat.group);
        child.kill().expect("our own child");
        child.wait().expect("collected");
        let told = refused.expect_err("we would stop ourselves").to_string();
        assert!(told.contains("runs inside that session"), "{told}");
    }
}
