//! The local API as programs use it: its problems, its events, its description, and one engine
//! for all who ask.
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
#[path = "local_api/unseen_callers.rs"]
mod unseen_callers;
#[path = "local_api/with_and_without_engine.rs"]
mod with_and_without_engine;

use std::path::PathBuf;
use std::time::Duration;
use trusty_tests::trusty::{RunningProgram, configure, serve};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, http};

const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// An engine that answers, and its sessions.
struct LocalApiFixture {
    serving: RunningProgram,
    socket: PathBuf,
    home: TestHome,
}

impl LocalApiFixture {
    /// One that lets programs answer.
    fn start() -> Self {
        Self::start_with("[answers]\nprograms = true\n")
    }

    /// One with these settings.
    fn start_with(settings: &str) -> Self {
        let home = TestHome::new();
        configure(&home, settings);
        let serving = serve(&home);
        let socket = socket_of(&home);
        Self {
            serving,
            socket,
            home,
        }
    }

    /// A session that is at work.
    fn session(&self) -> StandIn {
        let session = StandIn::start(&self.home);
        session.write_status(r#""status":"busy""#);
        wait_word(self, &session, "Working");
        session
    }

    fn id(&self, session: &StandIn) -> String {
        session
            .id(&http::get(&self.socket, "/v1/sessions"))
            .expect("it is there")
    }
}

fn socket_of(home: &TestHome) -> PathBuf {
    home.runtime().join("trusty/trusty.sock")
}

fn wait_word(served: &LocalApiFixture, session: &StandIn, word: &str) {
    until(WAIT_TIMEOUT, word, || {
        let told = session.status_word(&http::get(&served.socket, "/v1/sessions"));
        (told.as_deref() == Some(word)).then_some(())
    });
}
