//! Hooks whose environment is not the engine's: they find it all the same.

use crate::stage::WAIT_TIMEOUT;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use trusty_tests::trusty::{
    RunningProgram, connect, environment_variables, program, session_of, trusty,
};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{StandIn, TestHome, http, skip};

/// What a client waits for before it asks: its registry file.
const CLIENT_SCRIPT: &str = r#"until [ -e "$GO" ]; do sleep 0.02; done
CLAUDE_PID=$$ "$HOOK" ask PermissionRequest < "$PAYLOAD"
:"#;

/// A process where a client would lie, whose hook asks for leave; its hook runs below it.
struct AskingClient {
    running: RunningProgram,
    go: PathBuf,
}

impl AskingClient {
    fn start(home: &TestHome, number: usize, environment: &[(&str, Option<PathBuf>)]) -> Self {
        let exe = home.path().join("lib/claude-code/claude");
        if !exe.exists() {
            fs::create_dir_all(exe.parent().expect("a folder")).expect("folders");
            fs::copy("/bin/bash", &exe).expect("copied");
        }
        let payload = home.path().join(format!("payload-{number}"));
        let asked = json!({
            "hook_event_name": "PermissionRequest",
            "session_id": format!("s-{number}"),
            "tool_name": "Bash",
            "tool_input": {"command": format!("make {number}")},
            "permission_suggestions": [],
        });
        fs::write(&payload, asked.to_string()).expect("written");
        let go = home.path().join(format!("go-{number}"));
        let mut command = Command::new(&exe);
        command
            .args(["-c", CLIENT_SCRIPT])
            .env_clear()
            .envs(environment_variables(home))
            .env("HOOK", home.xdg_data().join("trusty/bin/trusty-hook"))
            .env("PAYLOAD", &payload)
            .env("GO", &go)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let running = RunningProgram::start(&mut command);
        let process = running.process();
        let said = json!({
            "sessionId": format!("s-{number}"),
            "procStart": process.start_ticks.to_string(),
            "version": "2.1.330",
            "kind": "interactive",
            "entrypoint": "cli",
            "status": "waiting",
            "waitingFor": "permission prompt",
        });
        let sessions = home.config_dir().join("sessions");
        fs::create_dir_all(&sessions).expect("a folder");
        let file = sessions.join(format!("{}.json", process.pid));
        fs::write(file, said.to_string()).expect("written");
        Self { running, go }
    }

    /// Lets its hook ask.
    fn ask(&self) {
        fs::write(&self.go, "").expect("written");
    }

    fn pid(&self) -> u32 {
        self.running.process().pid
    }
}

/// The pids of the sessions whose requests are held.
fn held(socket: &Path) -> Vec<u64> {
    let snapshot = http::get(socket, "/v1/sessions");
    let sessions = snapshot["sessions"].as_array().into_iter().flatten();
    let is_held = |session: &&Value| session["requests"][0]["held"] == true;
    let mut pids: Vec<u64> = sessions
        .filter(is_held)
        .filter_map(|s| s["pid"].as_u64())
        .collect();
    pids.sort_unstable();
    pids
}

fn private(folder: PathBuf) -> PathBuf {
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("private");
    folder
}

/// Starts an engine in this environment, and clients in those; all must be held.
fn all_are_held(
    engine: &[(&str, Option<PathBuf>)],
    clients: &[&[(&str, Option<PathBuf>)]],
    home: &TestHome,
    socket: &Path,
) {
    connect(home);
    let mut command = trusty(home);
    command.arg("serve").stdout(Stdio::null());
    for (name, value) in engine {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let _serving = RunningProgram::start(&mut command);
    until(WAIT_TIMEOUT, "the socket", || {
        UnixStream::connect(socket).ok()
    });
    let asking: Vec<AskingClient> = clients
        .iter()
        .enumerate()
        .map(|(number, environment)| AskingClient::start(home, number, environment))
        .collect();
    let mut pids: Vec<u64> = asking.iter().map(|client| client.pid().into()).collect();
    pids.sort_unstable();
    let is_listed = |snapshot: &Value, pid| session_of(snapshot, pid).is_some();
    until(WAIT_TIMEOUT, "all sessions", || {
        let now = http::get(socket, "/v1/sessions");
        let all = asking.iter().all(|client| is_listed(&now, client.pid()));
        all.then_some(())
    });
    for client in &asking {
        client.ask();
    }
    until_or(
        WAIT_TIMEOUT,
        "the requests of all",
        || (held(socket) == pids).then_some(()),
        || format!("{:?} of {pids:?}", held(socket)),
    );
    // Whoever answers finds it the same way.
    for environment in clients {
        let mut list = trusty(home);
        list.args(["requests", "--json"]);
        for (name, value) in *environment {
            match value {
                Some(value) => list.env(name, value),
                None => list.env_remove(name),
            };
        }
        let told = list.output().expect("runs");
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        let found = told["requests"].as_array().map_or(0, Vec::len);
        assert_eq!(found, clients.len(), "{environment:?}");
    }
}

const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

#[test]
fn requests_are_held_whatever_runtime_folder_their_clients_have() {
    let home = TestHome::new();
    let other = private(home.path().join("snap"));
    let none = home.path().join("none");
    let clients: [&[(&str, Option<PathBuf>)]; 4] = [
        &[],
        &[(RUNTIME_VARIABLE, Some(other))],
        &[(RUNTIME_VARIABLE, None)],
        &[(RUNTIME_VARIABLE, Some(none))],
    ];
    let socket = home.runtime().join("trusty/trusty.sock");
    all_are_held(&[], &clients, &home, &socket);
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
        private(home.path().join("t1")),
        private(home.path().join("t2")),
    );
    let within = |folder: &PathBuf| [(RUNTIME_VARIABLE, None), ("TMPDIR", Some(folder.clone()))];
    let socket = first.join(format!("trusty-{uid}/trusty.sock"));
    all_are_held(
        &within(&first),
        &[&within(&first), &within(&second)],
        &home,
        &socket,
    );
}

/// Whether a hook connects to a socket in the runtime folder, which has this mode.
fn is_told_in_folder(home: &TestHome, mode: u32, arguments: &[&str], client: &StandIn) -> bool {
    let folder = private(home.runtime().join("trusty"));
    let socket = folder.join("hooks.sock");
    let listener = UnixListener::bind(&socket).expect("bound");
    listener.set_nonblocking(true).expect("set");
    fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("chmod");
    let payload = home.path().join("payload");
    fs::write(&payload, "{}").expect("written");
    let done = Command::new(program("trusty-hook"))
        .args(arguments)
        .env_clear()
        .envs(environment_variables(home))
        .env("CLAUDE_PID", client.process().pid.to_string())
        .stdin(File::open(&payload).expect("there"))
        .output();
    let done = done.expect("runs");
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
