//! The local API: HTTP over a Unix socket that only this user can reach. No TCP port.

mod commands;
mod deadline;
mod document;
mod events;
mod extract;
mod problem;
mod queries;
mod responses;

pub use document::openapi;
use trusty_client::api_types::{API_EVENTS_PATH, VERSION_HEADER};

use crate::hook_server;
use crate::http_connections::{self, EventPlaces};
use crate::leader::{Leader, LeaderEvent};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::HeaderValue;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::sync::mpsc;
use trusty_engine::EngineHandle;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, SessionId};
use trusty_platform::clock;
use trusty_wire::discovery::EnginePlaces;
use trusty_wire::version::TRUSTY_VERSION;

/// The state that handlers share: the engine, this run of it, and the limit of listeners.
#[derive(Debug, Clone)]
struct ApiState {
    handle: EngineHandle,
    about: Arc<EngineRun>,
    event_places: EventPlaces,
}

impl FromRef<ApiState> for EngineHandle {
    fn from_ref(api: &ApiState) -> Self {
        api.handle.clone()
    }
}

/// One run of the engine.
#[derive(Debug)]
struct EngineRun {
    /// The id of the run; revisions count within one run.
    run: String,
    since: SystemTime,
    history: Mutex<events::SnapshotHistory>,
}

impl EngineRun {
    fn new() -> Self {
        Self {
            run: SessionId::new().0.simple().to_string(),
            since: clock::wall(),
            history: Mutex::default(),
        }
    }
}

/// Why an engine stopped serving its sockets.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The sockets cannot be listened on.
    #[error("could not listen on the local sockets: {0}")]
    Io(#[from] io::Error),
    /// Another engine has taken the lock after this engine's lock file was removed.
    #[error(
        "another Trusty Bar or `trusty serve` took over after this engine's lock file was removed"
    )]
    Lost,
}

/// Serves programs and hooks until the engine exits or the future is dropped.
///
/// # Errors
/// If the sockets cannot be listened on, or another engine has become the leader.
pub async fn serve(leader: Leader, handle: EngineHandle) -> Result<(), ServeError> {
    let places = leader.places().clone();
    let Leader {
        mut right,
        api,
        hooks,
        ..
    } = leader;
    let news = right.start_keeper()?;
    let ended = handle.clone();
    let lost = report_events(news, &places, &ended);
    let hooks = hook_server::serve(hooks, handle.clone(), places.uid());
    let answers = http_connections::serve(api, routes(handle), places.uid());
    let served = tokio::select! {
        served = async { tokio::try_join!(hooks, answers) } => Ok(served.map(|((), ())| ())?),
        () = lost => Err(ServeError::Lost),
        () = ended.wait_ended() => Ok(()),
    };
    drop(right);
    served
}

/// Reports problems of leadership to the engine; returns when leadership is lost.
async fn report_events(
    mut news: mpsc::UnboundedReceiver<LeaderEvent>,
    places: &EnginePlaces,
    handle: &EngineHandle,
) {
    let tell = async |subject: String, problem| {
        let source = Source::Engine;
        let key = HealthKey { source, subject };
        handle.send_fact(Fact::Health(key, problem)).await;
    };
    while let Some(told) = news.recv().await {
        match told {
            LeaderEvent::Problem(problem) => {
                tell(places.record_path().display().to_string(), problem).await;
            }
            LeaderEvent::FilesScarce(problem) => tell("open files".to_owned(), problem).await,
            LeaderEvent::Lost => return,
        }
    }
    // The keeper has ended, but the sockets are still served.
    std::future::pending::<()>().await;
}

fn routes(handle: EngineHandle) -> Router {
    Router::new()
        .route("/v1/sessions", get(queries::sessions))
        .route("/v1/sessions/{id}", get(queries::session))
        .route("/v1/sessions/{id}/why", get(queries::why))
        .route(
            "/v1/sessions/{id}/requests/{request}",
            get(queries::request),
        )
        .route("/v1/sessions/{id}/pause", post(commands::pause))
        .route("/v1/sessions/{id}/resume", post(commands::resume))
        .route("/v1/sessions/{id}/answer", post(commands::answer))
        .route("/v1/sessions/{id}/stop", post(commands::stop))
        .route("/v1/sessions/{id}/jump", post(commands::jump))
        .route("/v1/attention", post(commands::attention))
        .route(API_EVENTS_PATH, get(events::events))
        .route("/v1/health", get(queries::health))
        .route("/v1/openapi.json", get(queries::description))
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(extract::MAX_BODY_BYTES))
        .layer(from_fn(deadline::refuse_late_commands))
        .layer(from_fn(extract::acceptable))
        .layer(map_response(async |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(VERSION_HEADER, HeaderValue::from_static(TRUSTY_VERSION));
            response
        }))
        .with_state(ApiState {
            handle,
            about: Arc::new(EngineRun::new()),
            event_places: EventPlaces::new(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;
    use trusty_engine::Engine;
    use trusty_records::settings::Settings;
    use trusty_wire::environment::Environment;

    #[tokio::test]
    async fn an_engine_is_healthy_before_its_first_look() {
        let env = Environment::default();
        // The engine of this handle never runs.
        let (handle, _ends) = Engine::open_channels(&env, &Settings::default()).expect("made");
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let quiet = http_connections::QuietSince::new(trusty_platform::sys::since_boot());
        let told = async {
            near.write_all(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await
                .expect("asked");
            let mut told = String::new();
            near.read_to_string(&mut told).await.expect("answered");
            told
        };
        let (told, ()) = tokio::join!(
            told,
            http_connections::answer(far, routes(handle), quiet, Duration::from_secs(30))
        );
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n"), "{told}");
        assert!(told.contains("\"sessions\":0"), "{told}");
    }

    #[tokio::test]
    async fn a_reader_that_reads_nothing_is_dropped() {
        let env = Environment::default();
        // The engine of this handle never runs.
        let (handle, _ends) = Engine::open_channels(&env, &Settings::default()).expect("made");
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let asks = async {
            // The description is larger than the socket's buffers.
            let ask = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
            for _ in 0..64 {
                if near.write_all(ask).await.is_err() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        let quiet = http_connections::QuietSince::new(trusty_platform::sys::since_boot());
        let answers =
            http_connections::answer(far, routes(handle), quiet, Duration::from_millis(50));
        let dropped = async {
            tokio::select! {
                () = answers => {}
                () = asks => std::future::pending().await,
            }
        };
        let dropped = tokio::time::timeout(Duration::from_mins(1), dropped).await;
        assert!(dropped.is_ok(), "connections were not dropped in time");
    }
}
