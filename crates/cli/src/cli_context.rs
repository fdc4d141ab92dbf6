//! The source of snapshots: a running engine if one answers, else a scan of this process.

use crate::failure::CommandFailure;
use crate::interrupts::run_uninterrupted;
use crate::terminal_output;
use anyhow::Context;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use trusty_client::api_types::EngineHealth;
use trusty_client::{ClientError, EngineClient};
use trusty_daemon::session_access::{EngineRoute, Face, JumpOrder, SessionAccess};
use trusty_engine::scan::{self, ScannedFleet};
use trusty_engine::{Engine, EngineHandle, StartError};
use trusty_fleet::explanation::Explanation;
use trusty_fleet::{SessionId, Snapshot, System, session_selector};
use trusty_records::Settings;
use trusty_wire::engine_vetting::{EngineContinuity, EngineVetting};
use trusty_wire::{EnginePlaces, Environment};

/// The environment and the settings of the user, and the way to the engine.
pub(crate) struct CliContext {
    pub(crate) env: Environment,
    pub(crate) settings: Settings,
    /// Where the user's engine is found.
    pub(crate) places: EnginePlaces,
    /// One engine for the whole command: all that it reads and does goes through this engine.
    pub(crate) sessions: SessionAccess<CommandFace>,
    /// The running engine, or the one that takes its place.
    changing_remote: EngineClient,
}

/// The face `trusty`, which has no engine of its own.
pub(crate) struct CommandFace;

impl Face for CommandFace {
    const JUMP_ORDER: JumpOrder = JumpOrder::EngineFirst;

    fn engine(&self) -> Option<&EngineHandle> {
        None
    }

    fn report(&self, message: &str) {
        terminal_output::print_diagnostic(message);
    }

    async fn finish<T: Send>(&self, action: impl Future<Output = T> + Send) -> T {
        run_uninterrupted(action).await
    }
}

impl CliContext {
    pub(crate) fn find() -> Result<Self, CommandFailure> {
        let env = Environment::read();
        // A session's variables may come from a repository, and no file there is to become the
        // user's settings.
        if env.system == System::Mac && !is_of_session(&env) {
            for problem in trusty_integration::adopt_former_places(&env) {
                terminal_output::print_diagnostic(&problem.to_string());
            }
        }
        let settings = Settings::read(&env);
        let places = EnginePlaces::find(&env)
            .map_err(StartError::Machine)
            .context("failed to start trusty")?;
        let tracer = settings.tracer(&env).map_err(StartError::Machine);
        let tracer = tracer.context("failed to start trusty")?;
        let vetting = EngineVetting::new(tracer, EngineContinuity::OneProcess);
        let remote = EngineClient::for_places(&places).vetted_by(vetting.clone());
        let sessions = SessionAccess::new(CommandFace, &env, EngineRoute::Any(remote));
        Ok(Self {
            env,
            settings,
            sessions,
            changing_remote: EngineClient::for_places(&places).vetted_by(vetting.allowing_change()),
            places,
        })
    }

    /// The sessions as they are now.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, CommandFailure> {
        match self.sessions.snapshot().await {
            Ok(snapshot) => Ok(Arc::unwrap_or_clone(snapshot)),
            Err(e) => {
                // Printed once, however often the snapshot is read.
                if !(e.is_hang() && self.sessions.note_hang()) {
                    warn(&e);
                }
                Ok(self.scan().await?.snapshot())
            }
        }
    }

    /// The version and process of the running engine.
    pub(crate) async fn engine_health(&self) -> Result<EngineHealth, ClientError> {
        self.changing_remote.health().await
    }

    /// Scans once in this process.
    pub(crate) async fn scan(&self) -> Result<ScannedFleet, CommandFailure> {
        let swept = scan::scan_once(&self.env, &self.settings).await;
        Ok(swept.context("failed to scan for sessions")?)
    }

    /// Explains the status of the session that a word names.
    pub(crate) async fn explain(&self, word: &str) -> Result<Explanation, CommandFailure> {
        match self.sessions.snapshot().await {
            Ok(snapshot) => {
                let id = find_session(&snapshot, word)?;
                let told = self.sessions.explain(id).await;
                let told = told.context("failed to query the running engine")?;
                Ok(told.context("the session has exited")?)
            }
            Err(e) => {
                warn(&e);
                let swept = self.scan().await?;
                let id = find_session(&swept.snapshot(), word)?;
                Ok(swept.explain(id).context("the session has exited")?)
            }
        }
    }

    /// The sessions now and at each change. Starts an engine in this process when the running one
    /// exits.
    pub(crate) async fn snapshots(
        &self,
    ) -> Result<BoxStream<'static, Arc<Snapshot>>, CommandFailure> {
        let remote = match self.changing_remote.events().await {
            Ok(events) => {
                let ended = "Trusty Bar exited; scanning directly";
                let told = events.map(Some).chain(stream::once(async { None }));
                let told = told.scan((), move |(), event| {
                    let goes_on = match event {
                        Some(Ok(snapshot)) => Some(snapshot),
                        // An engine that exits usually breaks its connections.
                        Some(Err(e)) if !matches!(e, ClientError::ConnectionLost(_)) => {
                            warn(&e);
                            None
                        }
                        Some(Err(_)) | None => {
                            terminal_output::print_diagnostic(ended);
                            None
                        }
                    };
                    std::future::ready(goes_on)
                });
                told.boxed()
            }
            Err(e) => {
                warn(&e);
                stream::empty().boxed()
            }
        };
        let (env, settings) = (self.env.clone(), self.settings.clone());
        let own = stream::once(async move { own_engine(&env, &settings) }).flatten();
        Ok(remote.chain(own).boxed())
    }
}

/// The snapshots of an engine in this process.
fn own_engine(env: &Environment, settings: &Settings) -> BoxStream<'static, Arc<Snapshot>> {
    let handle = match Engine::start(env, settings) {
        Ok(handle) => handle,
        Err(e) => {
            terminal_output::print_diagnostic(&e.to_string());
            return stream::empty().boxed();
        }
    };
    let looking = handle.mark_visible();
    let snapshots = handle.snapshots();
    stream::unfold(
        (snapshots, looking, handle),
        async |(mut snapshots, looking, handle)| {
            snapshots.changed().await.ok()?;
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            Some((snapshot, (snapshots, looking, handle)))
        },
    )
    .boxed()
}

fn warn(e: &ClientError) {
    if !matches!(e, ClientError::NotRunning) {
        terminal_output::print_diagnostic(&format!("{e}; scanning directly"));
    }
}

/// The session that a word names.
pub(crate) fn find_session(snapshot: &Snapshot, word: &str) -> Result<SessionId, CommandFailure> {
    let found = session_selector::select(&snapshot.sessions, word);
    found
        .map(|s| s.id)
        .map_err(|unclear| CommandFailure::from_selection(word, &unclear))
}

/// The snapshot with this session only.
pub(crate) fn only_session(snapshot: &Snapshot, id: SessionId) -> Snapshot {
    let sessions = snapshot
        .sessions
        .iter()
        .filter(|s| s.id == id)
        .cloned()
        .collect();
    Snapshot {
        sessions,
        ..snapshot.clone()
    }
}

/// Whether a session started this process, as far as that shows without a scan for sessions.
fn is_of_session(env: &Environment) -> bool {
    let tracer = Settings::read(env).tracer(env);
    tracer.is_ok_and(|tracer| tracer.own_mark(&[]).is_some())
}
