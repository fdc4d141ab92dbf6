//! What is known of a process that asks for something: gathered here, judged by
//! [`trusty_fleet::authorization`].
//!
//! *Invariant:* nothing here runs on the engine's loop.

use crate::io::{kin, sys};
use crate::settings::Settings;
use crate::sources::process::Scope;
use crate::surroundings::Surroundings;
use crate::sweep::{self, Setup};
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::{
    AnswerPolicy, Caller, FIRST_PID, GroupMember, LivingSession, NamedProcess, PeerFacts,
    PeerProgram, PeerTerminal, ProcessMark, ProcessOrigin, TerminalOperator, TracedProcess,
    find_mark,
};
use trusty_fleet::client::{Role, role};
use trusty_fleet::identity::{Machine, ProcessKey, StartTime};
use trusty_platform::file_identity::FileState;
use trusty_platform::peer_identity::{PeerIdentity, PeerIdentityError};
use trusty_platform::process_executable::{ProcessExecutable, process_executable};
use trusty_platform::terminal_master::{DevptsInstances, terminal_holders};

/// How long the facts of a caller may take to gather. A caller that is not known by then is
/// refused.
const GATHER_TIMEOUT: Duration = Duration::from_secs(2);

/// What a client tells its children of itself.
const SESSION_VARIABLES: [&str; 2] = ["CLAUDE_PID", "CLAUDE_CODE_SESSION_ID"];

/// The processes of a session, told from all others.
#[derive(Debug, Clone)]
pub struct ProcessTracer {
    machine: Machine,
    scope: Scope,
}

impl ProcessTracer {
    /// Traces the sessions that these surroundings and settings show.
    ///
    /// # Errors
    ///
    /// The machine does not tell what identity is made of.
    pub fn new(around: &Surroundings, settings: &Settings) -> io::Result<Self> {
        let Setup { machine, scope, .. } = Setup::of(around, settings)?;
        Ok(Self { machine, scope })
    }

    /// What tells that a session started a process, or this terminal; `sessions` may be empty
    /// where they are not known, then clients are known by their executables alone. Reads many
    /// small files: not for a thread that others wait for.
    pub fn mark(&self, pid: u32, sessions: &[LivingSession]) -> Option<ProcessMark> {
        find_mark(&self.origin(pid, sessions), sessions)
    }

    /// The same of this process.
    pub fn own_mark(&self, sessions: &[LivingSession]) -> Option<ProcessMark> {
        self.mark(std::process::id(), sessions)
    }

    fn origin(&self, pid: u32, sessions: &[LivingSession]) -> ProcessOrigin {
        let stat = sys::stat(pid).ok().flatten();
        let device = stat.map_or(0, |stat| stat.terminal);
        let tty = sys::control_terminal(device);
        let of_same_path = sessions
            .iter()
            .filter(|session| tty.is_some() && session.tty == tty);
        let (lineage, entered_namespace) = self.lineage(pid);
        ProcessOrigin {
            lineage,
            entered_namespace,
            foreign_ttys: foreign_terminals(pid, device, of_same_path),
            tty,
            group: self.group(pid),
        }
    }

    /// A process and its parents, to the last: a chain that was made long hides nothing. And
    /// whether the last was put into this PID namespace from outside.
    fn lineage(&self, pid: u32) -> (Vec<TracedProcess>, bool) {
        let mut seen = BTreeSet::new();
        let mut lineage = Vec::new();
        let mut entered_namespace = false;
        let mut next = pid;
        while next > 0 && seen.insert(next) {
            let Ok(Some(stat)) = sys::stat(next) else {
                break;
            };
            entered_namespace = is_from_outside(next, stat.parent);
            let key = ProcessKey {
                pid: next,
                start: stat.start,
            };
            let [client, claude_id] = kin::variables(next, SESSION_VARIABLES);
            let text = |value: std::ffi::OsString| value.into_string().ok();
            lineage.push(TracedProcess {
                key,
                id: self.machine.session_id(key),
                is_client: self.is_client(next),
                client: client.and_then(text).and_then(|pid| self.named(&pid)),
                claude_id: claude_id.and_then(text),
            });
            next = stat.parent;
        }
        (lineage, entered_namespace)
    }

    /// The process that a variable names, if it lives.
    fn named(&self, pid: &str) -> Option<NamedProcess> {
        let pid = pid.parse().ok()?;
        let stat = sys::stat(pid).ok()??;
        let key = ProcessKey {
            pid,
            start: stat.start,
        };
        (!stat.zombie).then(|| NamedProcess {
            key,
            id: self.machine.session_id(key),
            is_client: self.is_client(pid),
        })
    }

    /// Whether a process is a client by its executable and arguments, and one that discovery may
    /// see.
    fn is_client(&self, pid: u32) -> bool {
        let path = process_executable(pid)
            .ok()
            .map(|executable| executable.path);
        let Some(path) = path else {
            return false;
        };
        role(Some(&path), &kin::arguments(pid)) != Role::Other && self.scope.holds(pid)
    }

    /// The processes of a control group, if it is one of several.
    fn group(&self, pid: u32) -> Vec<GroupMember> {
        let Ok(Some(group)) = sys::cgroup::of(pid) else {
            return Vec::new();
        };
        if sys::cgroup::is_root(&group) {
            return Vec::new();
        }
        let pids = sys::cgroup::members(&group).unwrap_or_default();
        let keys = pids.into_iter().filter_map(|pid| {
            let start = sys::stat(pid).ok()??.start;
            Some(ProcessKey { pid, start })
        });
        let keys: Vec<ProcessKey> = keys.collect();
        let oldest = keys.iter().map(|key| key.start).min();
        let member = |key: ProcessKey| GroupMember {
            key,
            id: self.machine.session_id(key),
            is_client: Some(key.start) == oldest && self.is_client(key.pid),
        };
        keys.into_iter().map(member).collect()
    }
}

/// Whether a process was put into this PID namespace from outside: it has no parent here, and is
/// not the first.
fn is_from_outside(pid: u32, parent: u32) -> bool {
    parent == 0 && pid != FIRST_PID
}

/// The sessions whose terminal of this device is not that of the process: a container has its own
/// `/dev/pts/0`.
fn foreign_terminals<'a>(
    pid: u32,
    device: u64,
    sessions: impl Iterator<Item = &'a LivingSession>,
) -> Vec<SessionId> {
    let own = LazyCell::new(|| DevptsInstances::of_controlling_terminal(pid, device));
    let foreign = sessions.filter(|session| {
        let instances = DevptsInstances::of_controlling_terminal(session.pid, device);
        !instances.may_be_same(&own)
    });
    foreign.map(|session| session.id).collect()
}

/// What tells that a session started this process. Sessions are looked for only where something
/// could name one: a terminal, or a variable.
pub async fn mark_of_this_process(
    around: &Surroundings,
    settings: &Settings,
) -> Option<ProcessMark> {
    let tracer = ProcessTracer::new(around, settings).ok()?;
    if let Some(mark) = tracer.own_mark(&[]) {
        return Some(mark);
    }
    let own = sys::stat(std::process::id()).ok().flatten();
    let has_terminal = own.is_none_or(|own| own.terminal != 0);
    let is_named = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !has_terminal && !SESSION_VARIABLES.into_iter().any(is_named) {
        return None;
    }
    let seen = sweep::sweep(around, settings).await.ok()?;
    tracer.own_mark(&LivingSession::of_snapshot(&seen.snapshot()))
}

/// A peer of the local socket, or why it is not known.
pub type ConnectedPeer = Arc<Result<ConnectedProcess, PeerIdentityError>>;

/// A process at the other end of a connection.
#[derive(Debug)]
pub struct ConnectedProcess {
    /// The process.
    pub identity: PeerIdentity,
    /// The program that it ran when its connection was taken.
    executable: Option<FileState>,
}

/// The process at the other end of a connection that was just taken or made.
pub fn connected_peer(stream: impl AsFd) -> ConnectedPeer {
    let identity = PeerIdentity::of_socket(stream, read_start);
    Arc::new(identity.map(|identity| {
        let executable = process_executable(identity.pid);
        ConnectedProcess {
            executable: executable.ok().map(|executable| executable.file),
            identity,
        }
    }))
}

fn read_start(pid: u32) -> io::Result<Option<u64>> {
    let stat = sys::stat(pid)?;
    Ok(stat.filter(|stat| !stat.zombie).map(|stat| stat.start.0))
}

/// Knows callers, and what the settings allowed them when the engine started.
#[derive(Debug, Clone)]
pub struct CallerRegister {
    tracer: ProcessTracer,
    policy: AnswerPolicy,
    programs: OwnPrograms,
}

impl CallerRegister {
    /// For an engine that starts now with these settings: what they say of answers later counts
    /// from the next start.
    ///
    /// # Errors
    ///
    /// The machine does not tell what identity is made of.
    pub fn new(around: &Surroundings, settings: &Settings) -> io::Result<Self> {
        Ok(Self {
            tracer: ProcessTracer::new(around, settings)?,
            policy: settings.answer_policy,
            programs: OwnPrograms::beside_this(),
        })
    }

    /// What the settings allowed when the engine started.
    pub fn policy(&self) -> AnswerPolicy {
        self.policy
    }

    /// Everything that is known of a peer; one that cannot be known within 2 s is not.
    pub async fn caller(&self, peer: ConnectedPeer, sessions: Vec<LivingSession>) -> Caller {
        let register = self.clone();
        let gathered = spawn_blocking(move || match &*peer {
            Ok(peer) => register.gather(peer, &sessions),
            Err(e) => Caller::Unknown(e.to_string()),
        });
        match timeout(GATHER_TIMEOUT, gathered).await {
            Ok(Ok(caller)) => caller,
            Ok(Err(_)) => Caller::Unknown("identifying the calling process failed".into()),
            Err(_) => Caller::Unknown(format!(
                "identifying the calling process timed out ({} s)",
                GATHER_TIMEOUT.as_secs()
            )),
        }
    }

    fn gather(&self, peer: &ConnectedProcess, sessions: &[LivingSession]) -> Caller {
        let connected_with = peer.executable;
        let peer = &peer.identity;
        let executable = process_executable(peer.pid);
        // A program that hands its connection on and becomes another one is not that one.
        if executable.as_ref().ok().map(|executable| executable.file) != connected_with {
            let told = "the calling process has changed its program since it connected";
            return Caller::Unknown(told.into());
        }
        let facts = PeerFacts {
            process: ProcessKey {
                pid: peer.pid,
                start: StartTime(peer.start),
            },
            program: match &executable {
                Ok(executable) => self.programs.program(executable),
                Err(_) => PeerProgram::Other,
            },
            executable: executable.ok().map(|executable| executable.path),
            mark: self.tracer.mark(peer.pid, sessions),
            terminal: self.terminal(peer.pid, sessions),
        };
        // All of this was read by its pid: it counts only if that is still the same process.
        match peer.confirm(read_start) {
            Ok(()) => Caller::Process(Box::new(facts)),
            Err(e) => Caller::Unknown(e.to_string()),
        }
    }

    fn terminal(&self, pid: u32, sessions: &[LivingSession]) -> Option<PeerTerminal> {
        let stat = sys::stat(pid).ok()??;
        let tty = sys::control_terminal(stat.terminal)?;
        let instances = DevptsInstances::of_controlling_terminal(pid, stat.terminal);
        let holders = terminal_holders(stat.terminal, &instances);
        Some(PeerTerminal {
            tty,
            foreground: stat.foreground != 0 && stat.foreground == stat.group,
            operator: terminal_operator(holders, |holder| self.tracer.mark(holder, sessions)),
        })
    }
}

/// Who operates a terminal whose master these processes hold.
fn terminal_operator(
    holders: io::Result<Vec<u32>>,
    mark: impl Fn(u32) -> Option<ProcessMark>,
) -> TerminalOperator {
    match holders {
        Ok(holders) => match holders.into_iter().find_map(mark) {
            Some(mark) => TerminalOperator::Marked(mark),
            None => TerminalOperator::Unmarked,
        },
        Err(e) => TerminalOperator::Unknown(e.to_string()),
    }
}

/// Our programs: the engine's own file and those beside it, as they were when the engine started.
/// What a program of the user puts there later is none of them until the next start.
#[derive(Debug, Clone)]
struct OwnPrograms {
    folder: Option<PathBuf>,
    engine: Option<(FileState, PeerProgram)>,
    app: Option<FileState>,
    command: Option<FileState>,
}

const APP_NAME: &str = "trusty-bar";
const COMMAND_NAME: &str = "trusty";

impl OwnPrograms {
    fn beside_this() -> Self {
        let own = process_executable(std::process::id()).ok();
        Self::beside(own.as_ref())
    }

    fn beside(engine: Option<&ProcessExecutable>) -> Self {
        let folder = engine.and_then(|engine| Some(engine.path.parent()?.to_path_buf()));
        let there = |name: &str| FileState::of_target(&folder.as_ref()?.join(name)).ok();
        let name = engine.and_then(|engine| engine.path.file_name()?.to_str());
        let program = match name {
            Some(APP_NAME) => PeerProgram::App,
            Some(COMMAND_NAME) => PeerProgram::Command,
            _ => PeerProgram::Other,
        };
        Self {
            app: there(APP_NAME),
            command: there(COMMAND_NAME),
            engine: engine.map(|engine| (engine.file, program)),
            folder,
        }
    }

    /// Which of ours an executable is.
    fn program(&self, executable: &ProcessExecutable) -> PeerProgram {
        match self.by_file(executable.file) {
            // An app that leads has no other app that follows it.
            PeerProgram::App if self.is_app_engine() => PeerProgram::Other,
            PeerProgram::Other if is_named_command(&executable.path) => PeerProgram::OtherCommand,
            program => program,
        }
    }

    fn is_app_engine(&self) -> bool {
        matches!(self.engine, Some((_, PeerProgram::App)))
    }

    fn by_file(&self, file: FileState) -> PeerProgram {
        if let Some((own, program)) = self.engine
            && own == file
        {
            return program;
        }
        // What root has put there since is an upgrade.
        let is = |name: &str, known: Option<FileState>| {
            let place = self.folder.as_ref().map(|folder| folder.join(name));
            let is_there = || place.is_some_and(|p| FileState::of_target(&p).ok() == Some(file));
            known == Some(file) || (file.owner == ROOT_UID && is_there())
        };
        if is(APP_NAME, self.app) {
            PeerProgram::App
        } else if is(COMMAND_NAME, self.command) {
            PeerProgram::Command
        } else {
            PeerProgram::Other
        }
    }
}

const ROOT_UID: u32 = 0;

fn is_named_command(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == COMMAND_NAME)
}

#[cfg(test)]
mod operator_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    #[cfg(target_os = "linux")]
    use {
        rustix::fs::{Mode, OFlags, fstat, openat},
        rustix::mount::{
            FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen,
        },
        rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
        std::io::Read,
        std::os::fd::OwnedFd,
        trusty_fleet::authorization::MarkKind,
    };

    #[cfg(target_os = "linux")]
    const PTY_FLAGS: OpenptFlags = OpenptFlags::RDWR
        .union(OpenptFlags::NOCTTY)
        .union(OpenptFlags::CLOEXEC);

    pub(super) fn tracer() -> ProcessTracer {
        let home = tempfile::tempdir().expect("folder");
        let around = Surroundings {
            home: home.path().to_path_buf(),
            ..Surroundings::default()
        };
        // Of a home where nobody is: whatever runs these tests is no session of it.
        let settings = Settings {
            confinement: crate::settings::Confinement::Confined,
            ..Settings::default()
        };
        ProcessTracer::new(&around, &settings).expect("made")
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
        let mark = tracer.mark(child.id(), std::slice::from_ref(&own));
        assert_eq!(tracer.mark(child.id(), &[]), None);
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
        let marks = [&with_pid, &with_claude, &other]
            .map(|process| tracer.mark(process.id(), &sessions).map(|mark| mark.pid));
        let expected = [Some(client.id()), Some(client.id()), None];
        for process in [&mut client, &mut with_pid, &mut with_claude, &mut other] {
            process.kill().expect("our own child");
            process.wait().expect("collected");
        }
        assert_eq!(marks, expected);
    }

    #[test]
    fn only_files_that_were_there_at_the_start_are_our_programs() {
        let dir = tempfile::tempdir().expect("folder");
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("written");
            give_away(&path);
            let file = FileState::of_target(&path).expect("there");
            ProcessExecutable { path, file }
        };
        let (engine, command) = (file("engine", "e"), file(COMMAND_NAME, "c"));
        let programs = OwnPrograms::beside(Some(&engine));
        assert_eq!(programs.program(&command), PeerProgram::Command);
        let planted = file(APP_NAME, "curl");
        assert_eq!(programs.program(&planted), PeerProgram::Other);
        let overwritten = file(COMMAND_NAME, "curl");
        assert_eq!(overwritten.file.file, command.file.file, "in place");
        assert_eq!(programs.program(&overwritten), PeerProgram::OtherCommand);
        let restarted = OwnPrograms::beside(Some(&engine));
        assert_eq!(restarted.program(&planted), PeerProgram::App);
        // An app that leads is followed by no other.
        let leads = OwnPrograms::beside(Some(&planted));
        assert_eq!(leads.program(&planted), PeerProgram::Other);
    }

    /// What root owns counts as an upgrade whenever it comes.
    fn give_away(path: &Path) {
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(path, Some(1), None).expect("given away");
        }
    }

    /// A terminal of a devpts instance that is mounted nowhere, with this device number: its
    /// masters and its other end. None where only root may make one.
    #[cfg(target_os = "linux")]
    fn open_foreign_terminal(device: u64) -> Option<(Vec<OwnedFd>, OwnedFd)> {
        let made = fsopen("devpts", FsOpenFlags::FSOPEN_CLOEXEC).and_then(|context| {
            fsconfig_create(&context)?;
            let flags = FsMountFlags::FSMOUNT_CLOEXEC;
            fsmount(&context, flags, MountAttrFlags::empty())
        });
        let Ok(instance) = made else {
            println!("skipped: needs root to mount a devpts");
            return None;
        };
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mut masters = Vec::new();
        // The instance counts from 0.
        loop {
            let master = openat(&instance, "ptmx", flags, Mode::empty()).expect("a master");
            unlockpt(&master).expect("unlocked");
            let terminal = ioctl_tiocgptpeer(&master, PTY_FLAGS).expect("its other end");
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
        let terminal = ioctl_tiocgptpeer(&master, PTY_FLAGS).expect("its other end");
        let device = fstat(&terminal).expect("a device").st_rdev;
        let Some((_masters, foreign)) = open_foreign_terminal(device) else {
            return;
        };
        // Nothing but its terminal ties a process to a session; it says so once it has one.
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
        let origins = [client.id(), within.id()]
            .map(|pid| tracer.origin(pid, &[here.clone(), there.clone()]));
        for process in [&mut client, &mut within] {
            process.kill().expect("our own child");
            process.wait().expect("collected");
        }
        for (mut origin, other) in origins.into_iter().zip([there.id, here.id]) {
            assert_eq!(origin.tty, tty);
            assert_eq!(origin.foreign_ttys, [other]);
            // But for the session that the process itself is.
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

    /// A process that started later than this.
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
        // Control groups are made by root, or where a login has some of its own.
        if !sys::cgroup::may_leave(std::process::id()) {
            crate::skip::skip("no control group of version 2 is ours");
            return;
        }
        let tracer = tracer();
        let own = sys::cgroup::of(std::process::id()).expect("readable");
        let around = sys::cgroup::around(&own.expect("one")).expect("a place");
        let group = around.join(format!("trusty-test-{}", std::process::id()));
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
        let alone = tracer.mark(other.id(), &sessions);
        sys::cgroup::enter(&group, login.id()).expect("moved");
        let shared = tracer.mark(other.id(), &sessions);
        for process in [&mut login, &mut client, &mut other] {
            process.kill().expect("our own child");
            process.wait().expect("collected");
        }
        sys::cgroup::remove(&group).expect("empty");
        let alone = alone.map(|mark| (mark.kind, mark.pid));
        assert_eq!(alone, Some((MarkKind::ControlGroup, sessions[0].pid)));
        assert_eq!(shared, None);
    }
}
