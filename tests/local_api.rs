//! The local API as programs use it: its problems, its events, its description, and one engine for
//! all callers.
#![cfg(target_os = "linux")]

#[path = "local_api/answer_log.rs"]
mod answer_log;
#[path = "local_api/answer_permissions.rs"]
mod answer_permissions;
#[path = "local_api/commands.rs"]
mod commands;
#[path = "local_api/connection_limits.rs"]
mod connection_limits;
#[path = "local_api/engine_files.rs"]
mod engine_files;
#[path = "local_api/events.rs"]
mod events;
#[path = "local_api/late_commands.rs"]
mod late_commands;
#[path = "local_api/leader_election.rs"]
mod leader_election;
#[path = "local_api/openapi.rs"]
mod openapi;
#[path = "local_api/peer_identity.rs"]
mod peer_identity;
#[path = "local_api/problems.rs"]
mod problems;
#[path = "local_api/sockets.rs"]
mod sockets;
#[path = "local_api/unseen_callers.rs"]
mod unseen_callers;
#[path = "local_api/with_and_without_engine.rs"]
mod with_and_without_engine;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use trusty_tests::trusty::{RunningProgram, configure, serve};
use trusty_tests::{HookClient, LocalApi, StandIn, TestHome, WAIT_TIMEOUT};

/// An engine that answers, and the home of its sessions.
struct LocalApiFixture {
    serving: RunningProgram,
    api: LocalApi,
    home: TestHome,
}

impl LocalApiFixture {
    /// Starts an engine that lets programs answer.
    fn start() -> Self {
        Self::start_with("[answers]\nprograms = true\n")
    }

    /// Starts an engine with these settings.
    fn start_with(settings: &str) -> Self {
        let home = TestHome::new();
        configure(&home, settings);
        Self {
            serving: serve(&home),
            api: LocalApi::for_home(&home),
            home,
        }
    }

    /// Starts a session that is working, and waits until the engine says so.
    fn session(&self) -> StandIn {
        let session = StandIn::busy(&self.home);
        self.api.wait_word(&session, "Working");
        session
    }

    fn id(&self, session: &StandIn) -> String {
        session.id(&self.api.sessions()).expect("listed")
    }

    /// The session as the engine lists it.
    fn listed(&self, session: &StandIn) -> Value {
        self.api.session(session.process().pid).expect("listed")
    }

    /// What the engine replies to these bytes on its hook socket.
    fn hook_reply(&self, bytes: &[u8]) -> std::io::Result<String> {
        let mut hook = HookClient::for_home(&self.home);
        hook.send_raw(bytes)?;
        hook.read_rest()
    }

    /// The path of a command on this session.
    fn path(&self, session: &StandIn, command: &str) -> String {
        format!("/v1/sessions/{}/{command}", self.id(session))
    }

    /// A hook of this session asks for permission to run a command; the hook and the request's
    /// hash, once the request is held.
    fn ask(&self, session: &StandIn, command: &str) -> (HookClient, String) {
        session.waits();
        self.api.wait_word(session, "Permission");
        let pid = session.process().pid;
        let payload = json!({
            "hook_event_name": "PermissionRequest", "session_id": "s", "tool_name": "Bash",
            "tool_input": {"command": command},
        });
        let hook = session.hook_connection();
        let hook = hook.ask(pid, payload.to_string().as_bytes());
        (hook.expect("taken"), self.api.wait_held(pid))
    }
}

/// Responds to each request in an engine's place, for as long as the test runs.
fn answer_as_engine(listener: UnixListener, respond: impl Fn(&[u8]) -> String + Send + 'static) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap_or(0);
            // A client that has read enough may have hung up.
            let _ = stream.write_all(respond(&asked[..count]).as_bytes());
        }
    });
}
