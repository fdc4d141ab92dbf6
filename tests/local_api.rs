//! The local API as programs use it: its problems, its events, its description, and one engine
//! for all who ask.
#![cfg(target_os = "linux")]

#[path = "local_api/alike.rs"]
mod alike;
#[path = "local_api/answered.rs"]
mod answered;
#[path = "local_api/commands.rs"]
mod commands;
#[path = "local_api/crowded.rs"]
mod crowded;
#[path = "local_api/described.rs"]
mod described;
#[path = "local_api/events.rs"]
mod events;
#[path = "local_api/late.rs"]
mod late;
#[path = "local_api/one.rs"]
mod one;
#[path = "local_api/peers.rs"]
mod peers;
#[path = "local_api/permitted.rs"]
mod permitted;
#[path = "local_api/places.rs"]
mod places;
#[path = "local_api/problems.rs"]
mod problems;
#[path = "local_api/unseen.rs"]
mod unseen;

use std::path::PathBuf;
use trusty_tests::trusty::{RunningProgram, configure, serve};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, WAIT_TIMEOUT, http};

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
        session.says(r#""status":"busy""#);
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
        let told = session.word(&http::get(&served.socket, "/v1/sessions"));
        (told.as_deref() == Some(word)).then_some(())
    });
}
