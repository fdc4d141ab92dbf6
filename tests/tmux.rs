//! Real tmux servers: names, clients, servers that hang.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use trusty_fleet::Fact;
use trusty_fleet::observation::TmuxPane;
use trusty_records::settings::Confinement;
use trusty_sources::tmux::TmuxSource;
use trusty_tests::wait::until;
use trusty_tests::{ProcessRef, Signal, StandIn, TestHome, block_on};
use trusty_wire::Environment;

const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

struct TestTmuxServer {
    name: &'static str,
    program: PathBuf,
    folder: PathBuf,
    process: Option<ProcessRef>,
}

impl TestTmuxServer {
    fn start(home: &TestHome, name: &'static str, session: &str) -> Self {
        Self::start_program(home, "tmux".into(), name, session)
    }

    /// Starts a server of this program.
    fn start_program(home: &TestHome, program: PathBuf, name: &'static str, session: &str) -> Self {
        let mut server = Self {
            name,
            program,
            folder: home.tmux_tmpdir(),
            process: None,
        };
        server.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-s",
            session,
            "sleep 600",
        ]);
        server.find_process();
        server
    }

    /// Finds the process of the server, which is killed on drop.
    fn find_process(&mut self) {
        let pid = self.run(&["display-message", "-p", "#{pid}"]);
        self.process = ProcessRef::of_pid(pid.trim().parse().expect("a pid"));
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(["-u", "-L", self.name]).args(arguments);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("TMUX_TMPDIR", &self.folder)
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm");
        let output = command
            .stdin(Stdio::null())
            .output()
            .expect("tmux is installed");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn signal(&self, signal: Signal) {
        assert!(self.process.expect("started").signal(signal));
    }
}

impl Drop for TestTmuxServer {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            for one in process.tree() {
                one.signal(Signal::KILL);
            }
        }
    }
}

fn tmux(home: &TestHome) -> TmuxSource {
    let env = Environment {
        tmux_folder: Some(home.tmux_tmpdir()),
        path: std::env::var_os("PATH"),
        ..Environment::default()
    };
    TmuxSource::new(
        &env,
        rustix::process::getuid().as_raw(),
        Confinement::Confined,
    )
}

fn list_panes(tmux: &mut TmuxSource) -> Vec<Fact> {
    let mut all = Vec::new();
    block_on(tmux.list_panes(async |facts| all.extend(facts)));
    all
}

fn panes(facts: &[Fact]) -> Vec<&TmuxPane> {
    let panes = facts.iter().filter_map(|f| match f {
        Fact::Panes(_, panes) => Some(panes),
        _ => None,
    });
    panes.flatten().collect()
}

fn problems(facts: &[Fact]) -> Vec<&str> {
    let problem = |f| match f {
        &Fact::Health(_, Some(ref problem)) => Some(problem.as_str()),
        _ => None,
    };
    facts.iter().filter_map(problem).collect()
}

/// tmux as it is found in the search path of the tests.
fn installed_tmux() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&folders).map(|folder| folder.join("tmux"));
    programs
        .find(|tmux| tmux.is_file())
        .expect("tmux is installed")
}

/// A copy of tmux below the home, in a folder of no search path.
fn copied_tmux(home: &TestHome, name: &str) -> PathBuf {
    let copy = home.path().join("Cellar/tmux/3.5/bin").join(name);
    std::fs::create_dir_all(copy.parent().expect("a folder")).expect("folder");
    std::fs::copy(installed_tmux(), &copy).expect("copied");
    copy
}

/// As an app from Finder: the search path has a `tmux` only if `stand_in` is one, and no usual
/// folder has any.
fn tmux_of_app(home: &TestHome, stand_in: Option<&str>) -> TmuxSource {
    use std::os::unix::fs::PermissionsExt;
    let bin = home.path().join("bin");
    std::fs::create_dir_all(&bin).expect("folder");
    if let Some(script) = stand_in {
        let tmux = bin.join("tmux");
        std::fs::write(&tmux, format!("#!/bin/sh\n{script}\n")).expect("written");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&tmux, mode).expect("chmod");
    }
    let env = Environment {
        home: home.path().to_path_buf(),
        tmux_folder: Some(home.tmux_tmpdir()),
        path: Some(bin.into()),
        ..Environment::default()
    };
    let uid = rustix::process::getuid().as_raw();
    TmuxSource::new(&env, uid, Confinement::Confined)
}

#[test]
fn a_server_is_asked_by_its_own_program_wherever_that_lies() {
    let home = TestHome::new();
    let copy = copied_tmux(&home, "tmux");
    let server = TestTmuxServer::start_program(&home, copy.clone(), "brewed", "one");
    let told = list_panes(&mut tmux_of_app(&home, None));
    assert_eq!(panes(&told).len(), 1, "{told:?}");
    // Another version in the search path is not used.
    let mut source = tmux_of_app(&home, Some("echo 'protocol version mismatch' >&2; exit 1"));
    let told = list_panes(&mut source);
    assert_eq!(
        (panes(&told).len(), problems(&told)),
        (1, Vec::new()),
        "{told:?}"
    );
    // An update removes the program of a running server.
    std::fs::remove_file(&copy).expect("removed");
    let told = list_panes(&mut source);
    assert_eq!(problems(&told), ["tmux failed: protocol version mismatch"]);
    drop(server);
}

#[test]
fn a_server_whose_program_others_could_change_or_has_another_name_is_asked_by_the_found_one() {
    use std::os::unix::fs::PermissionsExt;
    let home = TestHome::new();
    let open = copied_tmux(&home, "tmux");
    for folder in open.ancestors().skip(1).take_while(|f| *f != home.path()) {
        let reach = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder, reach).expect("chmod");
    }
    let reach = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.path(), reach).expect("chmod");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o757)).expect("chmod");
    let renamed = copied_tmux(&home, "screen");
    for (program, name) in [(open, "open"), (renamed, "renamed")] {
        let server = TestTmuxServer::start_program(&home, program, name, "one");
        let told = list_panes(&mut tmux_of_app(&home, Some("echo found >&2; exit 1")));
        assert_eq!(problems(&told), ["tmux failed: found"], "{name}");
        drop(server);
    }
}

#[test]
fn a_server_that_a_session_has_started_is_not_asked_by_its_own_program() {
    let home = TestHome::new();
    let copy = copied_tmux(&home, "tmux");
    let script = r#"export CLAUDE_PID=$$
"$0" -f /dev/null -L own new-session -d -s one 'sleep 600'; sleep 600; :"#;
    let script = script.replace("$0", copy.to_str().expect("text"));
    let session = StandIn::builder(&home)
        .env("TMUX_TMPDIR", Some(home.tmux_tmpdir()))
        .env("TERM", Some("xterm"))
        .shell::<&str>(&script, [])
        .start();
    let mut server = TestTmuxServer {
        name: "own",
        program: copy,
        folder: home.tmux_tmpdir(),
        process: None,
    };
    let uid = rustix::process::getuid().as_raw();
    let socket = home.tmux_tmpdir().join(format!("tmux-{uid}/own"));
    until(WAIT_TIMEOUT, "the server", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
    server.find_process();
    let told = list_panes(&mut tmux_of_app(&home, Some("echo found >&2; exit 1")));
    assert_eq!(problems(&told), ["tmux failed: found"]);
    drop((server, session));
}

#[test]
fn hostile_names_are_read_as_tmux_shows_them() {
    let home = TestHome::new();
    let names = [
        "two words",
        "it's \"quoted\"",
        "#{pane_id}",
        "ünï 日本 😀",
        "%1 2 /dev/pts/3 @1 0 x",
    ];
    let server = TestTmuxServer::start(&home, "names", names[0]);
    for name in &names[1..] {
        // tmux expands a name as a format, in which `##` stands for `#`.
        let name = name.replace('#', "##");
        server.run(&["new-session", "-d", "-s", &name, "sleep 600"]);
    }
    // This tmux turns a line break into an escape; other versions may not.
    server.run(&["new-session", "-d", "-s", "two\nlines", "sleep 600"]);
    let facts = list_panes(&mut tmux(&home));
    let mut found: Vec<&str> = panes(&facts).iter().map(|p| p.session.as_str()).collect();
    found.sort_unstable();
    let listed = server.run(&["list-sessions", "-F", "#{session_name}"]);
    let mut expected: Vec<&str> = listed.trim_end().split('\n').collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for name in names {
        assert!(found.contains(&name), "{name} in {found:?}");
    }
    for pane in panes(&facts) {
        assert!(ProcessRef::of_pid(pane.pid).is_some(), "{pane:?}");
        assert!(pane.tty.starts_with("/dev/"), "{pane:?}");
        assert_eq!(pane.clients, 0);
    }
}

#[test]
fn a_hung_server_is_told_and_hides_no_other() {
    let home = TestHome::new();
    let (hung, well) = (
        TestTmuxServer::start(&home, "hung", "a"),
        TestTmuxServer::start(&home, "well", "b"),
    );
    let mut tmux = tmux(&home);
    assert_eq!(panes(&list_panes(&mut tmux)).len(), 2);
    hung.signal(Signal::STOP);
    until(WAIT_TIMEOUT, "the stop", || {
        (hung.process?.state() == Some('T')).then_some(())
    });
    let facts = list_panes(&mut tmux);
    assert_eq!(
        panes(&facts)
            .iter()
            .map(|p| p.session.as_str())
            .collect::<Vec<_>>(),
        ["b"]
    );
    assert_eq!(problems(&facts), ["tmux did not answer within 1 s"]);
    hung.signal(Signal::CONT);
    until(WAIT_TIMEOUT, "an answer", || {
        (panes(&list_panes(&mut tmux)).len() == 2).then_some(())
    });
    drop(well);
    drop(hung);
    until(WAIT_TIMEOUT, "the end of both", || {
        panes(&list_panes(&mut tmux)).is_empty().then_some(())
    });
}

/// As on macOS, where `/tmp` is a link to `/private/tmp`.
#[test]
fn a_server_whose_folder_is_reached_through_a_link_is_asked_once() {
    let home = TestHome::new();
    let link = home.path().join("linked");
    std::os::unix::fs::symlink(home.tmux_tmpdir(), &link).expect("link");
    let mut server = TestTmuxServer::start(&home, "linked", "a");
    server.folder.clone_from(&link);
    let named = server.run(&["display-message", "-p", "#{socket_path}"]);
    let named = PathBuf::from(named.trim());
    let env = Environment {
        tmux_folder: Some(link.clone()),
        path: std::env::var_os("PATH"),
        ..Environment::default()
    };
    let uid = rustix::process::getuid().as_raw();
    let mut tmux = TmuxSource::new(&env, uid, Confinement::Open);
    let through_link = link.join(format!("tmux-{uid}/linked"));
    tmux.set_named_servers(&[named.clone(), through_link].into());
    let facts = list_panes(&mut tmux);
    let ours = facts.iter().filter_map(|f| match f {
        Fact::Panes(server, panes) if panes.iter().any(|p| p.session == "a") => Some(server),
        _ => None,
    });
    assert_eq!(ours.collect::<Vec<_>>(), [&named]);
}

#[test]
fn no_server_is_no_problem() {
    let home = TestHome::new();
    assert!(list_panes(&mut tmux(&home)).is_empty());
}
