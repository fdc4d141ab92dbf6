use super::*;
use std::path::Path;
use trusty_fleet::action::{PauseCandidate, PausePlan};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::observation::{PaneKey, ToolPausePolicy};
use trusty_fleet::pause::{Initiator, PauseMethod, PauseRecord};
use trusty_fleet::problem::ProblemCode;
use trusty_platform::sys;

fn executor(home: &Path) -> ActionExecutor {
    ActionExecutor::new(&Environment {
        home: home.into(),
        ..Environment::default()
    })
}

fn own_process() -> ProcessKey {
    let pid = std::process::id();
    let stat = sys::stat(pid).expect("stat").expect("alive");
    ProcessKey {
        pid,
        start: stat.start,
    }
}

fn nobody() -> ProcessKey {
    ProcessKey {
        start: StartTime(1),
        ..own_process()
    }
}

fn pause(client: ProcessKey, way: PauseCandidate) -> Plan {
    Plan {
        session: SessionId::new(),
        client,
        deed: PlannedAction::Pause(PausePlan {
            way,
            tools: ToolPausePolicy::Stop,
            by: Initiator::Command,
            summary: "ran Bash: make".into(),
            noted: true,
            at_work: trusty_fleet::pause::InterruptedWork::Nothing,
            pane: None,
            tty: None,
            registry: None,
        }),
    }
}

fn record_count(hands: &ActionExecutor) -> usize {
    let entries = std::fs::read_dir(hands.store.folder());
    entries.map_or(0, Iterator::count)
}

#[tokio::test]
async fn we_never_pause_ourselves() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let stop = PauseCandidate::Stop {
        shells: Vec::new(),
        group: 0,
    };
    for way in [PauseCandidate::Freeze, stop] {
        let refused = hands
            .perform(pause(own_process(), way))
            .await
            .expect_err("inside");
        assert_eq!(refused.code(), ProblemCode::Changed);
        assert!(refused.to_string().contains("runs inside that session"));
        assert_eq!(record_count(&hands), 0);
    }
}

#[tokio::test]
async fn one_that_has_ended_is_left_alone() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let refused = hands.perform(pause(nobody(), PauseCandidate::Hold)).await;
    assert_eq!(
        refused.expect_err("ended").code(),
        ProblemCode::NoSuchSession
    );
    assert_eq!(record_count(&hands), 0);
}

#[tokio::test]
async fn a_hold_is_a_record_and_only_one_works_on_it() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let plan = pause(own_process(), PauseCandidate::Hold);
    let id = plan.session;
    let lock = hands.lock(id).expect("free");
    let busy = hands.perform(plan.clone()).await.expect_err("busy");
    assert_eq!(busy.code(), ProblemCode::Busy);
    let us = format!("(pid {})", std::process::id());
    assert!(busy.to_string().contains(&us), "{busy}");
    let stopped = LockHolder {
        pid: Some(7),
        state: HolderState::Stopped,
    };
    assert!(stopped.to_string().contains("`kill -CONT 7`"), "{stopped}");
    assert_eq!(
        hands.reconcile(id).await.expect_err("busy").code(),
        ProblemCode::Busy
    );
    drop(lock);
    hands.perform(plan.clone()).await.expect("held");
    let record = hands.store.read(id).expect("readable").expect("written");
    assert_eq!(
        (record.phase, record.kind()),
        (PausePhase::Paused, PauseKind::Hold)
    );
    assert_eq!(record.summary, "ran Bash: make");
    let again = hands.perform(plan).await.expect_err("paused already");
    assert_eq!(again.code(), ProblemCode::AlreadyPaused);
    assert_eq!(hands.sessions().expect("readable"), [id]);
    assert_eq!(hands.reconcile(id).await.expect("true"), Reconciled::Paused);
    assert_eq!(
        hands.resume(id).await.expect("released"),
        Reconciled::Running
    );
    assert_eq!(record_count(&hands), 0);
}

fn record(client: ProcessKey, boot: &str) -> PauseRecord {
    PauseRecord {
        version: 1,
        session: SessionId::new(),
        boot: boot.into(),
        domain: None,
        client,
        phase: PausePhase::Paused,
        since: std::time::UNIX_EPOCH,
        by: Initiator::App,
        summary: String::new(),
        at_work: trusty_fleet::pause::InterruptedWork::Nothing,
        tty: None,
        means: PauseMethod::Stop {
            shells: Vec::new(),
            group: vec![client],
            tools: Vec::new(),
        },
    }
}

#[tokio::test]
async fn records_of_what_is_gone_go() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let boot = sys::machine().expect("machine").boot;
    for record in [record(own_process(), "another"), record(nobody(), &boot)] {
        hands.store.write(&record).expect("written");
        let done = hands.reconcile(record.session).await.expect("made true");
        assert_eq!(done, Reconciled::Ended);
        assert_eq!(record_count(&hands), 0);
    }
}

#[test]
fn nothing_is_left_beside_a_record_that_goes() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let record = record(nobody(), "b");
    hands.store.write(&record).expect("written");
    let id = record.session;
    for name in ["json.7.new", "7.gate", "7.gate.7.new"] {
        let path = hands.store.folder().join(format!("{id}.{name}"));
        std::fs::write(path, "half of i").expect("written");
    }
    hands.store.remove(id).expect("removed");
    assert_eq!(record_count(&hands), 0);
}

#[test]
fn records_of_other_machines_are_left_alone() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let machine = sys::machine().expect("machine");
    let Some(own) = machine.domain().filter(|_| machine.host.is_some()) else {
        skip::skip("this system does not tell where pids are from");
        return;
    };
    let elsewhere = own.replace(":pid:[", "x:pid:[");
    let within = own.replace(":pid:[", ":pid:[1");
    let [ours, other, inner] = [own, elsewhere, within].map(|domain| PauseRecord {
        domain: Some(domain),
        ..record(nobody(), &machine.boot)
    });
    for record in [&ours, &other, &inner] {
        hands.store.write(record).expect("written");
    }
    assert_eq!(hands.sessions().expect("readable"), [ours.session]);
}

#[tokio::test]
async fn an_interrupted_session_that_goes_on_loses_its_record() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let boot = sys::machine().expect("machine").boot;
    let pane = PaneKey {
        server: "/nowhere".into(),
        pane: "%1".into(),
    };
    let record = PauseRecord {
        means: PauseMethod::Interrupt { pane },
        ..record(own_process(), &boot)
    };
    hands.store.write(&record).expect("written");
    let done = hands.reconcile(record.session).await.expect("made true");
    assert_eq!(done, Reconciled::Running);
    assert_eq!(record_count(&hands), 0);
}

/// A process of ours in a group of its own; never left stopped.
struct GroupChild(std::process::Child);

impl Drop for GroupChild {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl GroupChild {
    fn new() -> Self {
        use std::os::unix::process::CommandExt;
        let mut sleep = std::process::Command::new("sleep");
        Self(sleep.arg("60").process_group(0).spawn().expect("sleep"))
    }

    fn key(&self) -> ProcessKey {
        let pid = self.0.id();
        let start = sys::stat(pid).expect("stat").expect("alive").start;
        ProcessKey { pid, start }
    }
}

#[tokio::test]
async fn what_is_stopped_goes_on_even_where_nothing_can_be_written() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let child = GroupChild::new();
    let key = child.key();
    let stop = PauseCandidate::Stop {
        shells: Vec::new(),
        group: key.pid,
    };
    let plan = pause(key, stop);
    let id = plan.session;
    hands.perform(plan).await.expect("stopped");
    assert!(process_tree::is_stopped_or_gone(key).expect("readable"));
    // As on a full disk: no record can be made any more.
    let mut taken = hands.store.path(id).into_os_string();
    taken.push(format!(".{}.new", std::process::id()));
    std::fs::create_dir(&taken).expect("in the way");
    // That its record stays is told; it would be seen to again.
    hands.resume(id).await.expect_err("it is in the way");
    assert!(process_tree::is_running_or_gone(key).expect("readable"));
    std::fs::remove_dir(&taken).expect("removed");
    let again = hands.resume(id).await.expect("goes on");
    assert_eq!(again, Reconciled::Running);
    assert_eq!(record_count(&hands), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_kept() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let record = record(own_process(), "another");
    hands.store.write(&record).expect("written");
    let path = hands.store.path(record.session);
    std::fs::write(&path, "{").expect("written");
    let told = hands.reconcile(record.session).await.expect_err("strange");
    assert_eq!(told.code(), ProblemCode::RecordNotKept);
    assert!(told.to_string().contains(&path.display().to_string()));
    assert_eq!(std::fs::read_to_string(&path).expect("kept"), "{");
}

/// A hold that is there meanwhile is another one, though it is of the same session.
#[test]
fn only_the_hold_that_was_judged_is_given_up() {
    let home = tempfile::tempdir().expect("folder");
    let hands = executor(home.path());
    let hour = std::time::Duration::from_hours(1);
    for (filed_ago, ahead, wanted) in [
        (std::time::Duration::ZERO, 0, GiveUpOutcome::Removed),
        (hour, 0, GiveUpOutcome::NothingToDo),
        // The wall clock was an hour ahead when it was filed, or has been set since.
        (hour, 3_600_000_000_000, GiveUpOutcome::Removed),
        (
            std::time::Duration::ZERO,
            3_600_000_000_000,
            GiveUpOutcome::Removed,
        ),
    ] {
        let since = std::time::UNIX_EPOCH + hour * 7 + std::time::Duration::from_nanos(82_064);
        let record = PauseRecord {
            means: PauseMethod::Hold,
            since,
            ..record(nobody(), "b")
        };
        hands.store.write(&record).expect("written");
        let filed = PauseRecord {
            since: since - filed_ago,
            ..record.clone()
        };
        let given_up = hands.give_up_hold(record.session, JudgedHold::new(&filed, ahead));
        assert_eq!(
            given_up.expect("looked at"),
            wanted,
            "{filed_ago:?} {ahead}"
        );
    }
}
