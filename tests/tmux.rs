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
use trusty_tests::{ProcessRef, Signal, TestHome, block_on};
use trusty_wire::Environment;

const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

struct TestTmuxServer {
    name: &'static str,
    folder: PathBuf,
    process: Option<ProcessRef>,
}

impl TestTmuxServer {
    fn start(home: &TestHome, name: &'static str, session: &str) -> Self {
        let mut server = Self {
            name,
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
        let pid = server.run(&["display-message", "-p", "#{pid}"]);
        server.process = ProcessRef::of_pid(pid.trim().parse().expect("a pid"));
        server
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
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
