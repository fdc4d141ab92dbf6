//! An engine and hooks in the places of macOS: the hooks find the engine whatever their session's
//! environment is, and held requests survive that the engine's files vanish.

use crate::other_environment::{AskingClient, EnvironmentChanges, held};
use crate::stage::WAIT_TIMEOUT;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use trusty_daemon::{LeadError, Leader, api};
use trusty_engine::Engine;
use trusty_fleet::System;
use trusty_integration::program as hook_program;
use trusty_records::Settings;
use trusty_tests::trusty::{configure, private_folder, program};
use trusty_tests::wait::until;
use trusty_tests::{HookClient, LocalApi, TestHome};
use trusty_wire::hooks::HOOK_SOCKET;
use trusty_wire::{EnginePlaces, Environment, socket_names};

/// An engine of this process in the places of macOS, with an installed hook program.
struct MacEngine {
    runtime: Option<tokio::runtime::Runtime>,
    places: EnginePlaces,
    env: Environment,
    api: LocalApi,
    home: TestHome,
}

impl MacEngine {
    fn start() -> Self {
        let home = TestHome::new();
        configure(&home, "");
        let env = Environment {
            system: System::Mac,
            ..home.environment()
        };
        let hook = hook_program(&env);
        private_folder(env.data_dir());
        private_folder(hook.parent().expect("a folder").to_path_buf());
        fs::copy(program("trusty-hook"), &hook).expect("installed");
        let places = EnginePlaces::find(&env).expect("a machine");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let leader = Leader::elect(&places).expect("free");
        let handle = Engine::start(&env, &Settings::read(&env)).expect("starts");
        runtime.spawn(async move {
            // Ends with the runtime.
            let _ = api::serve(leader, handle).await;
        });
        let api = LocalApi::for_socket(socket_names::api_socket(places.runtime_dir()));
        api.get("/v1/health");
        Self {
            runtime: Some(runtime),
            places,
            env,
            api,
            home,
        }
    }

    fn session(&self, number: usize, environment: EnvironmentChanges<'_>) -> AskingClient {
        let hook = hook_program(&self.env);
        let session = AskingClient::start(&self.home, &hook, number, environment);
        session.wait_listed(&self.api);
        session
    }

    fn wait_held(&self, sessions: &[&AskingClient]) {
        let mut pids: Vec<u64> = sessions
            .iter()
            .map(|session| session.pid().into())
            .collect();
        pids.sort_unstable();
        until(WAIT_TIMEOUT, "the held requests", || {
            (held(&self.api) == pids).then_some(())
        });
    }

    /// Denies the request of a session, and waits until its hook has printed that.
    fn deny(&self, session: &AskingClient) {
        let listed = self.api.session(session.pid()).expect("listed");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, request) = (text(&listed["id"]), text(&listed["requests"][0]["id"]));
        let body = json!({"request": request, "answer": {"kind": "deny"}});
        let path = format!("/v1/sessions/{id}/answer");
        let response = self.api.post(&path, body.to_string());
        assert_eq!(response.status, 204, "{response:?}");
        until(WAIT_TIMEOUT, "the answer of the hook", || {
            session.answer().contains("deny").then_some(())
        });
    }
}

impl Drop for MacEngine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[test]
fn hooks_in_the_places_of_macos_find_the_engine_whatever_their_session_s_variables_say() {
    let engine = MacEngine::start();
    let other = |name: &str| Some(private_folder(engine.home.path().join(name)));
    let environments: [Vec<(&str, Option<PathBuf>)>; 3] = [
        Vec::new(),
        vec![
            ("TMPDIR", other("nix-shell.1")),
            ("XDG_RUNTIME_DIR", other("xdg-run")),
            ("XDG_DATA_HOME", other("xdg-data")),
            ("XDG_CONFIG_HOME", other("xdg-config")),
        ],
        vec![
            ("TMPDIR", None),
            ("XDG_RUNTIME_DIR", None),
            ("XDG_DATA_HOME", None),
            ("XDG_CONFIG_HOME", None),
            ("PATH", None),
        ],
    ];
    let sessions: Vec<AskingClient> = environments
        .iter()
        .enumerate()
        .map(|(number, environment)| engine.session(number, environment))
        .collect();
    for session in &sessions {
        session.ask();
    }
    let all: Vec<&AskingClient> = sessions.iter().collect();
    engine.wait_held(&all);
    for session in &sessions {
        engine.deny(session);
    }
}

#[test]
fn held_requests_survive_that_the_files_of_their_engine_vanish() {
    let engine = MacEngine::start();
    let (places, runtime_dir) = (&engine.places, engine.places.runtime_dir());
    let files = [
        socket_names::api_socket(runtime_dir),
        runtime_dir.join(HOOK_SOCKET),
        runtime_dir.join("lock"),
        places.lock_path(),
        places.record_path(),
    ];
    let earlier = engine.session(0, &[]);
    earlier.ask();
    engine.wait_held(&[&earlier]);
    for (number, vanishing) in files.iter().enumerate() {
        fs::remove_file(vanishing).expect("removed");
        let told = vanishing.display().to_string();
        until(WAIT_TIMEOUT, &told, || {
            let is_back = files.iter().all(|file| file.exists());
            (is_back && HookClient::open(&runtime_dir.join(HOOK_SOCKET)).is_ok()).then_some(())
        });
        let second = Leader::elect(places);
        assert!(matches!(second, Err(LeadError::Taken)), "{told}");
        let later = engine.session(number + 1, &[]);
        later.ask();
        engine.wait_held(&[&earlier, &later]);
        engine.deny(&later);
        engine.wait_held(&[&earlier]);
    }
    engine.deny(&earlier);
}
