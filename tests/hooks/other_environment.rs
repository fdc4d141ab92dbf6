//! Hooks whose environment differs from the engine's find the engine nevertheless.

use crate::serving::permission;
use crate::stage::WAIT_TIMEOUT;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use trusty_tests::trusty::{
    RunningProgram, connect, environment_variables, hook, private_folder, program,
    start_with_input, trusty,
};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{LocalApi, StandIn, TestHome, skip};

/// Waits for a file of the test before it runs the hook, as Claude Code would after it has written
/// its registry file.
const CLIENT_SCRIPT: &str = r#"until [ -e "$GO" ]; do sleep 0.02; done
CLAUDE_PID=$$ "$HOOK" ask PermissionRequest < "$PAYLOAD" > "$ANSWER"
:"#;

pub(crate) type EnvironmentChanges<'a> = &'a [(&'a str, Option<PathBuf>)];

/// A shell at the path of a Claude Code program; its hook runs below it and asks for permission.
pub(crate) struct AskingClient {
    stand_in: StandIn,
    go: PathBuf,
    answer: PathBuf,
}

impl AskingClient {
    /// Starts a session that runs this hook program.
    pub(crate) fn start(
        home: &TestHome,
        hook: &Path,
        number: usize,
        environment: EnvironmentChanges<'_>,
    ) -> Self {
        let payload = home.path().join(format!("payload-{number}"));
        fs::write(&payload, permission(number, &format!("make {number}"))).expect("written");
        let go = home.path().join(format!("go-{number}"));
        let answer = home.path().join(format!("answer-{number}"));
        let mut builder = StandIn::builder(home)
            .session_id(format!("s-{number}"))
            .shell::<&str>(CLIENT_SCRIPT, []);
        for (name, value) in environment_variables(home) {
            builder = builder.env(&name, Some(value));
        }
        for (name, value) in [
            ("HOOK", hook),
            ("PAYLOAD", &payload),
            ("GO", &go),
            ("ANSWER", &answer),
        ] {
            builder = builder.env(name, Some(value));
        }
        for (name, value) in environment {
            builder = builder.env(name, value.as_ref());
        }
        let stand_in = builder.start();
        stand_in.waits();
        Self {
            stand_in,
            go,
            answer,
        }
    }

    /// What the hook has printed.
    pub(crate) fn answer(&self) -> String {
        fs::read_to_string(&self.answer).unwrap_or_default()
    }

    /// Waits until the engine lists the session.
    pub(crate) fn wait_listed(&self, api: &LocalApi) {
        until(WAIT_TIMEOUT, "the session", || {
            self.stand_in.status_word(&api.sessions())
        });
    }

    /// Makes the hook ask.
    pub(crate) fn ask(&self) {
        fs::write(&self.go, "").expect("written");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.stand_in.process().pid
    }
}

/// The pids of the sessions with a held request.
pub(crate) fn held(api: &LocalApi) -> Vec<u64> {
    let snapshot = api.sessions();
    let sessions = snapshot["sessions"].as_array().into_iter().flatten();
    let is_held = |session: &&Value| session["requests"][0]["held"] == true;
    let mut pids: Vec<u64> = sessions
        .filter(is_held)
        .filter_map(|s| s["pid"].as_u64())
        .collect();
    pids.sort_unstable();
    pids
}

fn with_variables<'a>(
    command: &'a mut Command,
    variables: EnvironmentChanges<'_>,
) -> &'a mut Command {
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Starts an engine in this environment and sessions in those; the requests of all must be held.
fn all_are_held(
    engine: EnvironmentChanges<'_>,
    clients: &[EnvironmentChanges<'_>],
    home: &TestHome,
    api: &LocalApi,
) {
    connect(home);
    let mut command = trusty(home);
    command.arg("serve").stdout(Stdio::null());
    let _serving = RunningProgram::start(with_variables(&mut command, engine));
    api.wait_open();
    let hook = home.xdg_data().join("trusty/bin/trusty-hook");
    let asking: Vec<AskingClient> = clients
        .iter()
        .enumerate()
        .map(|(number, environment)| AskingClient::start(home, &hook, number, environment))
        .collect();
    let mut pids: Vec<u64> = asking.iter().map(|client| client.pid().into()).collect();
    pids.sort_unstable();
    until(WAIT_TIMEOUT, "all sessions", || {
        let now = api.sessions();
        let mut all = asking.iter();
        all.all(|client| client.stand_in.status_word(&now).is_some())
            .then_some(())
    });
    for client in &asking {
        client.ask();
    }
    until_or(
        WAIT_TIMEOUT,
        "the requests of all",
        || (held(api) == pids).then_some(()),
        || format!("{:?} of {pids:?}", held(api)),
    );
    // `trusty` in the same environments finds the engine, too.
    for environment in clients {
        let mut list = trusty(home);
        let list = with_variables(&mut list, environment);
        let told = list.args(["requests", "--json"]).output().expect("runs");
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        let found = told["requests"].as_array().map_or(0, Vec::len);
        assert_eq!(found, clients.len(), "{environment:?}");
    }
}

const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

#[test]
fn requests_are_held_whatever_runtime_folder_their_clients_have() {
    let home = TestHome::new();
    let other = private_folder(home.path().join("snap"));
    let none = home.path().join("none");
    let clients: [EnvironmentChanges<'_>; 4] = [
        &[],
        &[(RUNTIME_VARIABLE, Some(other))],
        &[(RUNTIME_VARIABLE, None)],
        &[(RUNTIME_VARIABLE, Some(none))],
    ];
    all_are_held(&[], &clients, &home, &LocalApi::for_home(&home));
}

#[test]
fn requests_are_held_whatever_folder_for_temporary_files_their_clients_have() {
    let uid = rustix::process::getuid().as_raw();
    if Path::new(&format!("/run/user/{uid}")).exists() {
        skip("this user has a runtime folder that needs no variable");
        return;
    }
    let home = TestHome::new();
    let (first, second) = (
        private_folder(home.path().join("t1")),
        private_folder(home.path().join("t2")),
    );
    let within = |folder: &PathBuf| [(RUNTIME_VARIABLE, None), ("TMPDIR", Some(folder.clone()))];
    let socket = first.join(format!("trusty-{uid}/trusty.sock"));
    all_are_held(
        &within(&first),
        &[&within(&first), &within(&second)],
        &home,
        &LocalApi::for_socket(socket),
    );
}

/// Whether a hook connects to a socket in the runtime folder when that has this mode.
fn is_told_in_folder(home: &TestHome, mode: u32, arguments: &[&str], client: &StandIn) -> bool {
    let folder = private_folder(home.runtime().join("trusty"));
    let socket = folder.join("hooks.sock");
    let listener = UnixListener::bind(&socket).expect("bound");
    listener.set_nonblocking(true).expect("set");
    fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("chmod");
    let mut hook = hook(home, client.process().pid, &program("trusty-hook"));
    let done = start_with_input(hook.args(arguments), b"{}").wait_with_output();
    let done = done.expect("ends");
    assert!(done.status.success(), "{done:?}");
    fs::remove_file(&socket).expect("removed");
    listener.accept().is_ok()
}

#[test]
fn a_hook_tells_nothing_in_a_folder_that_others_may_enter() {
    let home = TestHome::new();
    let client = StandIn::start(&home);
    for arguments in [&["PostToolUse"][..], &["ask", "PermissionRequest"]] {
        let is_told = |mode| is_told_in_folder(&home, mode, arguments, &client);
        for mode in [0o755, 0o711, 0o777] {
            assert!(!is_told(mode), "{arguments:?}, {mode:o}");
        }
        assert!(is_told(0o700), "{arguments:?}");
    }
}
