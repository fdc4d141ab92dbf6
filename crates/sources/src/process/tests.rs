use super::*;
use std::fs;
use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Instant;
use trusty_fleet::identity::StartTime;
use trusty_fleet::observation::{ConfigFolder, RunState, StopSignal};
use trusty_platform::sys;
use trusty_wire::process_scope::Confinement;

/// A program at a path of Claude Code, run and ended by the test.
struct ClientProgram {
    child: Child,
    folder: tempfile::TempDir,
}

impl ClientProgram {
    fn start(place: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let exe = folder.path().join(place);
        fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
        fs::copy("/bin/sleep", &exe).expect("copy");
        let mut command = Command::new(&exe);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", folder.path())
            .current_dir(folder.path());
        Self {
            child: start(&mut command),
            folder,
        }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let raw = i32::try_from(self.pid()).expect("pid");
        let pid = rustix::process::Pid::from_raw(raw).expect("pid");
        rustix::process::kill_process(pid, signal).expect("our own child");
    }

    fn scope(&self, confinement: Confinement) -> ProcessScope {
        let uid = rustix::process::getuid().as_raw();
        let home = self.folder.path().to_path_buf();
        ProcessScope {
            uid,
            confinement,
            home,
            config_dirs: BTreeSet::new(),
        }
    }
}

impl Drop for ClientProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program that was just written, which may still be open for writing in a child that
/// another test forks.
fn start(command: &mut Command) -> Child {
    wait_for(|| match command.spawn() {
        Ok(child) => Some(child),
        Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => None,
        Err(e) => panic!("{e}"),
    })
}

fn describer() -> ProcessDescriber<LiveKernel> {
    ProcessDescriber::new(LiveKernel, Clock::start(), PathBuf::from("/nowhere"))
}

const CLIENT_PATH: &str = "lib/claude-code/claude";

fn found(facts: &[Fact], pid: u32) -> Option<&ProcessFacts> {
    facts.iter().find_map(|f| match f {
        Fact::Process(facts) if facts.key.pid == pid => Some(facts.as_ref()),
        _ => None,
    })
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "did not happen");
        std::thread::yield_now();
    }
}

fn swept(processes: &mut ProcessSource, pid: u32) -> ProcessFacts {
    wait_for(|| found(&processes.scan_all(), pid).cloned())
}

#[test]
fn a_client_without_a_file_is_found_by_its_place() {
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    let facts = swept(&mut processes, program.pid());
    assert_eq!(facts.role, ProcessRole::Interactive);
    assert_eq!(facts.cwd.as_deref(), Some(program.folder.path()));
    assert_eq!(
        facts.config_dir,
        Some(program.folder.path().join(".claude"))
    );
    assert_eq!(facts.config_folder, ConfigFolder::Missing);
    assert_eq!(facts.ancestors[0].pid, std::process::id());
    assert!(
        found(&processes.scan_all(), program.pid()).is_none(),
        "reported once"
    );
}

#[test]
fn p2_other_programs_called_claude_are_no_sessions() {
    let other = ClientProgram::start("bin/claude", &["60"]);
    let mut processes = ProcessSource::new(other.scope(Confinement::Open), Clock::start());
    wait_for(|| sys::stat(other.pid()).ok()?);
    assert!(found(&processes.scan_all(), other.pid()).is_none());
    // A process that a registry file names is described as what it is.
    let told = processes.describe_unwatched(&[other.pid()].into());
    assert_eq!(
        found(&told, other.pid()).expect("described").role,
        ProcessRole::Other
    );
}

#[test]
fn confinement_leaves_other_homes_alone() {
    let ours = ClientProgram::start(CLIENT_PATH, &["60"]);
    let theirs = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(ours.scope(Confinement::Confined), Clock::start());
    swept(&mut processes, ours.pid());
    wait_for(|| (describer().role(theirs.pid()) == ProcessRole::Interactive).then_some(()));
    assert!(found(&processes.scan_all(), theirs.pid()).is_none());
}

#[test]
fn a_stopped_process_is_seen_as_stopped() {
    use rustix::process::Signal;
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    swept(&mut processes, program.pid());
    let mut state = || {
        processes
            .sample_processes(UsageSampling::Hidden)
            .iter()
            .find_map(|f| match f {
                Fact::ProcessSamples(pulses) => pulses.first().map(|p| p.state),
                _ => None,
            })
    };
    assert_eq!(state(), Some(RunState::Running));
    program.signal(Signal::STOP);
    wait_for(|| (state() == Some(RunState::Stopped(StopSignal::Program))).then_some(()));
    program.signal(Signal::CONT);
    wait_for(|| (state() == Some(RunState::Running)).then_some(()));
}

#[test]
fn an_end_is_seen_even_of_a_zombie() {
    let mut program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    let key = swept(&mut processes, program.pid()).key;
    program.child.kill().expect("our own child");
    // A killed child that was not waited for stays in the table as a zombie.
    wait_for(|| sys::stat(key.pid).ok()?.filter(|s| s.zombie));
    assert_eq!(
        processes.sample_processes(UsageSampling::Hidden),
        [Fact::ProcessExited(key)]
    );
    assert_eq!(
        processes.describe_unwatched(&[key.pid].into()),
        [Fact::ProcessAbsent(key.pid)]
    );
    program.child.wait().expect("collect");
    assert_eq!(
        processes.describe_unwatched(&[key.pid].into()),
        [Fact::ProcessAbsent(key.pid)]
    );
}

#[test]
fn p2_a_reused_pid_is_another_process() {
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    let key = swept(&mut processes, program.pid()).key;
    let earlier = ProcessKey {
        start: StartTime(key.start.0 - 1),
        ..key
    };
    processes.watched.insert(
        key.pid,
        WatchedProcess {
            key: earlier,
            parent: 0,
            terminal: 0,
        },
    );
    assert_eq!(
        processes.sample_processes(UsageSampling::Hidden),
        [Fact::ProcessExited(earlier)]
    );
    let again = processes.describe_unwatched(&[key.pid].into());
    assert_eq!(found(&again, key.pid).expect("described").key, key);
}

#[test]
fn one_that_has_lost_its_terminal_is_described_again() {
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    let key = swept(&mut processes, program.pid()).key;
    assert!(found(&processes.sample_processes(UsageSampling::Hidden), key.pid).is_none());
    let watched = processes.watched.get_mut(&key.pid).expect("watched");
    watched.terminal += 1;
    assert!(found(&processes.sample_processes(UsageSampling::Hidden), key.pid).is_some());
    assert!(
        found(&processes.sample_processes(UsageSampling::Hidden), key.pid).is_none(),
        "reported once"
    );
}

#[test]
fn figures_are_of_the_whole_tree() {
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    swept(&mut processes, program.pid());
    let us = std::process::id();
    let roots = [us, program.pid()].into_iter();
    let usages = processes
        .meter
        .measure(&LiveKernel, roots, clock::instant());
    assert!(usages[&us].rss >= usages[&program.pid()].rss);
    assert!(usages[&program.pid()].rss > 0);
}

#[test]
fn pids_that_never_were_are_absent() {
    let folder = tempfile::tempdir().expect("folder");
    let scope = ProcessScope {
        uid: rustix::process::getuid().as_raw(),
        confinement: Confinement::Open,
        home: folder.path().to_path_buf(),
        config_dirs: BTreeSet::new(),
    };
    let mut processes = ProcessSource::new(scope, Clock::start());
    let facts = processes.describe_unwatched(&[4_194_305, u32::MAX].into());
    assert_eq!(
        facts,
        [
            Fact::ProcessAbsent(4_194_305),
            Fact::ProcessAbsent(u32::MAX)
        ]
    );
}

#[test]
fn a_client_s_own_children_are_no_sessions() {
    // A shell at a path of Claude Code starts a copy of itself, as Claude Code does for a command.
    let folder = tempfile::tempdir().expect("folder");
    let exe = folder.path().join(CLIENT_PATH);
    fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
    fs::copy("/bin/sh", &exe).expect("copy");
    let mut command = Command::new(&exe);
    command
        .args(["-c", "\"$0\" -c 'echo; read line; true'; true"])
        .arg(&exe);
    command.env_clear().env("HOME", folder.path());
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let child = start(&mut command);
    let mut program = ClientProgram { child, folder };
    let mut out = program.child.stdout.take().expect("piped");
    out.read_exact(&mut [0]).expect("the copy runs");
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    let facts = processes.scan_all();
    let pids: Vec<u32> = facts
        .iter()
        .filter_map(|f| match f {
            Fact::Process(facts) => Some(facts.key.pid),
            _ => None,
        })
        .collect();
    assert_eq!(pids, [program.pid()]);
    drop(program.child.stdin.take());
}

/// A shell that becomes Claude Code by exec when its input ends.
fn becoming() -> ClientProgram {
    let folder = tempfile::tempdir().expect("folder");
    let exe = folder.path().join(CLIENT_PATH);
    fs::create_dir_all(exe.parent().expect("parent")).expect("folders");
    fs::copy("/bin/sleep", &exe).expect("copy");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "echo; read line; exec \"$0\" 60"])
        .arg(&exe)
        .env_clear()
        .env("HOME", folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = start(&mut command);
    let out = child.stdout.as_mut().expect("piped");
    out.read_exact(&mut [0]).expect("it runs");
    ClientProgram { child, folder }
}

#[test]
fn a_process_that_was_dismissed_may_become_a_client() {
    let mut program = becoming();
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    processes.pace.settled = Duration::ZERO;
    wait_for(|| {
        processes.scan_all();
        processes
            .dismissed
            .contains_key(&program.pid())
            .then_some(())
    });
    drop(program.child.stdin.take());
    wait_for(|| (describer().role(program.pid()) == ProcessRole::Interactive).then_some(()));
    assert!(
        found(&processes.scan_all(), program.pid()).is_none(),
        "not checked at every scan"
    );
    processes.pace.again = Duration::ZERO;
    let facts = processes.scan_all();
    assert!(found(&facts, program.pid()).is_some(), "checked again");
    assert!(!processes.dismissed.contains_key(&program.pid()));
}

#[test]
fn the_dismissed_are_not_all_looked_at_again_at_once() {
    let rests: BTreeSet<Duration> = (0..64)
        .map(|pid| DISMISSED_RECHECK_INTERVAL.mul_f64(rest_share(pid)))
        .collect();
    assert!(rests.len() >= 16);
    assert!(
        rests.first() >= Some(&(DISMISSED_RECHECK_INTERVAL / 2))
            && rests.last() <= Some(&DISMISSED_RECHECK_INTERVAL)
    );
}

#[test]
fn a_client_whose_program_was_replaced_is_one_still() {
    let program = ClientProgram::start(CLIENT_PATH, &["60"]);
    let exe = program.folder.path().join(CLIENT_PATH);
    let mut processes = ProcessSource::new(program.scope(Confinement::Confined), Clock::start());
    // Once the process runs, its program may be removed.
    wait_for(|| (describer().role(program.pid()) == ProcessRole::Interactive).then_some(()));
    fs::remove_file(&exe).expect("removed");
    let facts = swept(&mut processes, program.pid());
    assert_eq!(facts.exe, Some(exe), "the kernel marks it as deleted");
}

/// The pid that a script prints first; `None` where this user may not create a namespace.
#[cfg(target_os = "linux")]
fn told_pid(child: &mut Child) -> Option<u32> {
    let mut told = String::new();
    let out = child.stdout.take().expect("piped");
    io::BufRead::read_line(&mut io::BufReader::new(out), &mut told).expect("readable");
    told.trim().parse().ok()
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_in_a_container_names_no_tmux_server() {
    for (before, contained) in [
        (&[][..], false),
        (&["unshare", "--user", "--map-root-user", "--mount"], true),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        let mut words = before.iter().chain(&["/bin/sh", "-c", "echo $$; read end"]);
        let mut command = Command::new(words.next().expect("a program"));
        command
            .args(words)
            .env("HOME", folder.path())
            .env("TMUX", "/repository/.s/sock,1,0")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped());
        let mut program = ClientProgram {
            child: start(&mut command),
            folder,
        };
        let Some(pid) = told_pid(&mut program.child) else {
            crate::skip::skip("this user may not make a user namespace");
            return;
        };
        let stat = sys::stat(pid).expect("readable").expect("it runs");
        let facts = describer().describe(pid, &stat).expect("it runs");
        let server = Some(PathBuf::from("/repository/.s/sock"));
        assert_eq!(facts.contained, contained);
        assert_eq!(facts.tmux_socket, server.filter(|_| !contained));
        drop(program.child.stdin.take());
    }
}
