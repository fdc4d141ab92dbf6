//! What is left of a pause of ours whose record is lost, or cannot be used: found at the session
//! itself, and undone only when the user asks for that by name.

use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::{ActionError, ActionExecutor, Reconciled, pause_methods, process_tree};
use std::path::PathBuf;
use trusty_fleet::SessionId;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::pause::{Initiator, InterruptedWork, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::clock;
use trusty_platform::sys::{self, cgroup};
use trusty_records::store::{RECORD_FORM, StoreError};

/// A longer chain of parents is a loop.
const MAX_SHELL_CHAIN: usize = 32;

/// What is left of a pause of a session, and why its record does not help.
#[derive(Debug)]
pub struct PauseRemains {
    session: SessionId,
    /// The process that was looked at.
    pid: Option<u32>,
    /// Why the record that is there cannot be used; none where it is lost.
    record: Option<StoreError>,
    /// The client, and what still keeps it from running.
    kept: Option<(ProcessKey, PauseMethod)>,
    aside: PathBuf,
}

impl PauseRemains {
    /// Why the pause cannot be ended as others are.
    pub fn reason(&self) -> String {
        match (&self.record, &self.kept) {
            (Some(e), _) => format!("the pause record cannot be used: {e}"),
            // Its name shows that the group is ours; a signal has no name.
            (None, Some((_, PauseMethod::Stop { .. }))) => {
                "the session is stopped without a pause record: another program stopped it, or the \
                 record is lost"
                    .to_owned()
            }
            (None, _) => "the pause record is lost".to_owned(),
        }
    }

    /// What is done to end it, in the order in which it is done.
    pub fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        match &self.kept {
            Some((_, PauseMethod::Freeze { group, .. })) => steps.push(format!(
                "thaw the cgroup {} and move its processes to the parent cgroup",
                group.display()
            )),
            Some((
                _,
                PauseMethod::Stop {
                    shells,
                    group,
                    tools,
                },
            )) => {
                let all = [&tools[..], group, shells].concat();
                let pids: Vec<String> = all.iter().map(|key| key.pid.to_string()).collect();
                steps.push(format!("send SIGCONT to pid {}", pids.join(", ")));
            }
            _ => {}
        }
        if self.record.is_some() {
            steps.push(format!("move the pause record to {}", self.aside.display()));
        }
        steps
    }
}

impl ActionExecutor {
    /// What is left of a pause of this session that no usable record tells of; none where there is
    /// a usable record, or nothing is left. Without a pid, or if that process is not the session
    /// any more, only the record is looked at.
    ///
    /// # Errors
    ///
    /// If the session cannot be looked at, or a shell has put it aside.
    pub fn remains(
        &self,
        session: SessionId,
        pid: Option<u32>,
    ) -> Result<Option<PauseRemains>, ActionError> {
        let look = || failed("inspect the session's process");
        let machine = sys::machine().map_err(look())?;
        let found = match pid {
            Some(pid) => process_tree::process_at(pid).map_err(look())?,
            None => None,
        };
        let record = match self.store.read(session) {
            Ok(Some(_)) => return Ok(None),
            Ok(None) => None,
            Err(e) => Some(e),
        };
        let kept = match found.filter(|f| machine.session_id(f.key) == session) {
            Some(client) => kept_by(session, client.key)?.map(|means| (client.key, means)),
            None => None,
        };
        if record.is_none() && kept.is_none() {
            return Ok(None);
        }
        Ok(Some(PauseRemains {
            session,
            pid,
            record,
            kept,
            aside: self.store.kept_aside_path(session),
        }))
    }

    /// Undoes it.
    ///
    /// # Errors
    ///
    /// If another process works on the session, it is not as it was when the user was asked, or a
    /// step fails; what was not undone is left.
    pub async fn clear(&self, asked: PauseRemains) -> Result<(), ActionError> {
        let session = asked.session;
        let _lock = self.lock(session)?;
        let now = self.remains(session, asked.pid)?;
        let now = now.filter(|now| (now.reason(), now.steps()) == (asked.reason(), asked.steps()));
        let Some(PauseRemains { record, kept, .. }) = now else {
            return Err(ActionError::Changed(
                "the session has changed since the command began; run the command again".into(),
            ));
        };
        let machine = sys::machine().map_err(failed("identify this machine"))?;
        if let Some((client, means)) = kept {
            let mut work = PauseTransaction {
                hands: self,
                record: PauseRecord {
                    version: RECORD_FORM,
                    session,
                    domain: machine.domain(),
                    boot: machine.boot,
                    client,
                    phase: PausePhase::Resuming,
                    since: clock::wall(),
                    by: Initiator::Command,
                    summary: String::new(),
                    at_work: InterruptedWork::Nothing,
                    tty: None,
                    means,
                },
            };
            pause_methods::roll_back(&mut work, Rollback::Recovery).await?;
        }
        let left = |e| ActionError::RecordLeft(Reconciled::Running, e);
        if record.is_some() {
            self.store.set_aside(session).map_err(left)?;
        }
        self.store.remove(session).map_err(left)
    }
}

/// What keeps a client from running, as far as it can be ours.
fn kept_by(session: SessionId, client: ProcessKey) -> Result<Option<PauseMethod>, ActionError> {
    let look = || failed("inspect the session's processes");
    let own = cgroup::cgroup_of(client.pid).map_err(look())?;
    // Nobody else gives a group this name.
    let ours = format!("trusty-{session}");
    if let Some(group) = own.filter(|own| own.file_name().is_some_and(|name| *name == *ours)) {
        return Ok(Some(PauseMethod::Freeze {
            group,
            moved: Vec::new(),
            keeper: None,
        }));
    }
    let Some(stat) = process_tree::live_stat(client).map_err(look())? else {
        return Ok(None);
    };
    if stat.stopped.is_none() {
        return Ok(None);
    }
    let mut shells = Vec::new();
    let mut next = stat.parent;
    while let Some(above) = process_tree::process_at(next).map_err(look())?
        && shells.len() < MAX_SHELL_CHAIN
        && above.stat.session == stat.session
        && above.stat.stopped.is_some()
        && process_tree::is_ours(&above.stat)
    {
        if above.stat.group != stat.group {
            shells.push(above.key);
        }
        next = above.stat.parent;
    }
    shells.reverse();
    let has_terminal = stat.terminal == 0 || stat.foreground == stat.group;
    if shells.is_empty() && !has_terminal {
        return Err(ActionError::Changed(
            "the session is suspended by its shell; type `fg` in that terminal".into(),
        ));
    }
    let stopped = |found: Vec<process_tree::LiveProcess>| {
        let stopped = found.into_iter().filter(|f| f.stat.stopped.is_some());
        let ours = stopped.filter(|f| process_tree::is_ours(&f.stat));
        ours.collect::<Vec<_>>()
    };
    let group = stopped(process_tree::group(stat.group).map_err(look())?);
    let mut tools = stopped(process_tree::descendants(client).map_err(look())?);
    tools.retain(|f| f.stat.group != stat.group);
    let keys = |found: Vec<process_tree::LiveProcess>| found.into_iter().map(|f| f.key).collect();
    Ok(Some(PauseMethod::Stop {
        shells,
        group: keys(group),
        tools: keys(tools),
    }))
}
