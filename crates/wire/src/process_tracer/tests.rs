use super::*;
use crate::process_scope::Confinement;
use std::process::{Command, Stdio};
#[cfg(target_os = "linux")]
use {
    rustix::fs::{Mode, OFlags, fstat, openat},
    rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen},
    rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    std::io::Read,
    std::os::fd::OwnedFd,
    trusty_fleet::authorization::MarkKind,
    trusty_fleet::identity::StartTime,
};

#[cfg(target_os = "linux")]
const PTY_FLAGS: OpenptFlags = OpenptFlags::RDWR
    .union(OpenptFlags::NOCTTY)
    .union(OpenptFlags::CLOEXEC);

pub(super) fn tracer() -> ProcessTracer {
    let home = tempfile::tempdir().expect("folder");
    let machine = sys::machine().expect("readable");
    // Confined to an empty home, so that no process that runs these tests counts as a session.
    let scope = ProcessScope {
        uid: machine.uid,
        confinement: Confinement::Confined,
        home: home.path().to_path_buf(),
        config_dirs: BTreeSet::new(),
    };
    ProcessTracer::new(machine, scope)
}

pub(super) fn session(tracer: &ProcessTracer, pid: u32, tty: Option<&str>) -> LivingSession {
    let start = sys::stat(pid).expect("readable").expect("alive").start;
    LivingSession {
        id: tracer.machine.session_id(ProcessKey { pid, start }),
        title: "api".into(),
        pid,
        claude_id: Some("c-1".into()),
        tty: tty.map(str::to_owned),
    }
}

#[test]
fn the_child_of_a_session_is_marked_and_other_processes_are_not() {
    let tracer = tracer();
    assert_eq!(tracer.own_mark(&[]), None);
    let own = session(&tracer, std::process::id(), None);
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
    let mark = tracer.find_mark(child.id(), std::slice::from_ref(&own));
    assert_eq!(tracer.find_mark(child.id(), &[]), None);
    child.kill().expect("our own child");
    child.wait().expect("collected");
    let mark = mark.expect("marked").to_string();
    let told = format!("this shell was started by session api, pid {}", own.pid);
    assert_eq!(mark, told);
}

#[test]
fn what_has_no_parent_here_and_is_not_the_first_process_was_put_here_from_outside() {
    assert!(is_from_outside(40, 0));
    assert!(!is_from_outside(FIRST_PID, 0));
    assert!(!is_from_outside(40, FIRST_PID));
}

#[test]
fn a_process_whose_environment_names_a_session_is_marked() {
    let tracer = tracer();
    let mut client = Command::new("sleep").arg("60").spawn().expect("sleep");
    let listed = session(&tracer, client.id(), None);
    let start = |name: &str, value: &str| {
        let mut command = Command::new("sleep");
        command.arg("60").env(name, value).stdin(Stdio::null());
        command.spawn().expect("sleep")
    };
    let mut with_pid = start("CLAUDE_PID", &client.id().to_string());
    let mut with_claude = start("CLAUDE_CODE_SESSION_ID", "c-1");
    let mut other = start("CLAUDE_CODE_SESSION_ID", "c-2");
    let sessions = [listed];
    let marks = [&with_pid, &with_claude, &other].map(|process| {
        tracer
            .find_mark(process.id(), &sessions)
            .map(|mark| mark.pid)
    });
    let expected = [Some(client.id()), Some(client.id()), None];
    for process in [&mut client, &mut with_pid, &mut with_claude, &mut other] {
        process.kill().expect("our own child");
        process.wait().expect("collected");
    }
    assert_eq!(marks, expected);
}

/// The masters and the slave of a terminal with this device number, in a devpts instance that is
/// mounted nowhere. None if only root may make an instance.
#[cfg(target_os = "linux")]
fn open_foreign_terminal(device: u64) -> Option<(Vec<OwnedFd>, OwnedFd)> {
    let made = fsopen("devpts", FsOpenFlags::FSOPEN_CLOEXEC).and_then(|context| {
        fsconfig_create(&context)?;
        let flags = FsMountFlags::FSMOUNT_CLOEXEC;
        fsmount(&context, flags, MountAttrFlags::empty())
    });
    let Ok(instance) = made else {
        crate::skip::skip("needs root to mount a devpts");
        return None;
    };
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut masters = Vec::new();
    // The instance counts from 0, so all lower numbers are opened first.
    loop {
        let master = openat(&instance, "ptmx", flags, Mode::empty()).expect("a master");
        unlockpt(&master).expect("unlocked");
        let terminal = ioctl_tiocgptpeer(&master, PTY_FLAGS).expect("the slave");
        masters.push(master);
        if fstat(&terminal).expect("a device").st_rdev == device {
            return Some((masters, terminal));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_terminal_of_a_session_marks_unless_it_is_one_of_another_devpts_instance() {
    let tracer = tracer();
    let master = openpt(PTY_FLAGS).expect("a terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let terminal = ioctl_tiocgptpeer(&master, PTY_FLAGS).expect("the slave");
    let device = fstat(&terminal).expect("a device").st_rdev;
    let Some((_masters, foreign)) = open_foreign_terminal(device) else {
        return;
    };
    // Only its terminal ties this process to a session. The process prints a line once it has it.
    let start = |terminal: OwnedFd| {
        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh", "-c", "echo ready >&2; exec sleep 60"]);
        command.stdin(terminal).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("setsid");
        let mut told = [0; 6];
        let stderr = child.stderr.as_mut().expect("piped");
        stderr.read_exact(&mut told).expect("ready");
        child
    };
    let mut client = start(terminal.try_clone().expect("another"));
    let mut within = start(foreign);
    let tty = sys::control_terminal(device);
    let here = session(&tracer, client.id(), tty.as_deref());
    let there = session(&tracer, within.id(), tty.as_deref());
    let origins =
        [client.id(), within.id()].map(|pid| tracer.origin(pid, &[here.clone(), there.clone()]));
    for process in [&mut client, &mut within] {
        process.kill().expect("our own child");
        process.wait().expect("collected");
    }
    for (mut origin, other) in origins.into_iter().zip([there.id, here.id]) {
        assert_eq!(origin.tty, tty);
        assert_eq!(origin.foreign_ttys, [other]);
        // Removes the mark of the session that the process itself stands for.
        origin.lineage.clear();
        let own = if other == here.id { &there } else { &here };
        assert_eq!(
            find_mark(&origin, std::slice::from_ref(own)).map(|m| m.pid),
            Some(own.pid)
        );
        let foreign = if other == here.id { &here } else { &there };
        assert_eq!(find_mark(&origin, std::slice::from_ref(foreign)), None);
    }
}

/// Starts a process with a later start time than this.
#[cfg(target_os = "linux")]
fn started_after(start: StartTime) -> std::process::Child {
    loop {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        let process = sys::stat(child.id()).expect("readable").expect("alive");
        if process.start > start {
            return child;
        }
        child.kill().expect("our own child");
        child.wait().expect("collected");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_control_group_of_a_session_marks_its_processes_and_a_shared_one_does_not() {
    // Only root can make cgroups, or a login that has some of its own.
    if !sys::cgroup::can_leave_cgroup(std::process::id()) {
        crate::skip::skip("no control group of version 2 is ours");
        return;
    }
    let tracer = tracer();
    let own = sys::cgroup::cgroup_of(std::process::id()).expect("readable");
    let parent = sys::cgroup::parent_for_sibling(&own.expect("one")).expect("a place");
    let group = parent.join(format!("trusty-test-{}", std::process::id()));
    sys::cgroup::make(&group).expect("made");
    let start = |child: &std::process::Child| {
        let stat = sys::stat(child.id()).expect("readable").expect("alive");
        stat.start
    };
    let mut login = started_after(StartTime(0));
    let mut client = started_after(start(&login));
    let mut other = started_after(start(&client));
    let sessions = [session(&tracer, client.id(), None)];
    for process in [&client, &other] {
        sys::cgroup::enter(&group, process.id()).expect("moved");
    }
    let alone = tracer.find_mark(other.id(), &sessions);
    sys::cgroup::enter(&group, login.id()).expect("moved");
    let shared = tracer.find_mark(other.id(), &sessions);
    for process in [&mut login, &mut client, &mut other] {
        process.kill().expect("our own child");
        process.wait().expect("collected");
    }
    sys::cgroup::remove(&group).expect("empty");
    let alone = alone.map(|mark| (mark.kind, mark.pid));
    assert_eq!(alone, Some((MarkKind::ControlGroup, sessions[0].pid)));
    assert_eq!(shared, None);
}
