//! The local API: HTTP over a Unix socket that only its owner can reach. No TCP port.

mod act;
pub mod client;
mod connections;
mod document;
mod events;
mod problem;
mod read;
mod take;

pub use act::{AnswerRequest, AttentionRequest, PauseRequest, StopRequest};
pub use document::openapi;
pub use events::EventData;
pub use problem::Problem;
pub use read::{EngineHealth, WholeRequest};

use crate::engine::Handle;
use crate::hooks;
use crate::io::clock;
use crate::io::socket::Bound;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::HeaderValue;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use trusty_fleet::SessionId;

/// The header that tells which version answers.
pub const VERSION_HEADER: &str = "x-trusty-version";
/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where events are.
const EVENTS: &str = "/v1/events";

/// What answers: the engine, and what is known of this run of it.
#[derive(Debug, Clone)]
struct Api {
    handle: Handle,
    about: Arc<About>,
}

impl FromRef<Api> for Handle {
    fn from_ref(api: &Api) -> Self {
        api.handle.clone()
    }
}

/// What is known of a run that answers.
#[derive(Debug)]
struct About {
    /// Names it: revisions count within one.
    run: String,
    since: SystemTime,
    history: Mutex<events::History>,
}

impl About {
    fn new() -> Self {
        Self {
            run: SessionId::new().0.simple().to_string(),
            since: clock::wall(),
            history: Mutex::default(),
        }
    }
}

/// Answers on a bound socket, and listens to hooks beside it, until the engine ends or the task is
/// dropped.
pub async fn serve(bound: Bound, handle: Handle, uid: u32) -> io::Result<()> {
    let hooks = hooks::serve(bound.beside(hooks::NAME)?, handle.clone(), uid);
    let ended = handle.clone();
    let answers = connections::serve(bound, routes(handle), uid);
    tokio::select! {
        served = async { tokio::try_join!(hooks, answers) } => served.map(|((), ())| ()),
        () = ended.ended() => Ok(()),
    }
}

fn routes(handle: Handle) -> Router {
    Router::new()
        .route("/v1/sessions", get(read::sessions))
        .route("/v1/sessions/{id}", get(read::session))
        .route("/v1/sessions/{id}/why", get(read::why))
        .route("/v1/sessions/{id}/requests/{request}", get(read::request))
        .route("/v1/sessions/{id}/pause", post(act::pause))
        .route("/v1/sessions/{id}/resume", post(act::resume))
        .route("/v1/sessions/{id}/answer", post(act::answer))
        .route("/v1/sessions/{id}/stop", post(act::stop))
        .route("/v1/sessions/{id}/jump", post(act::jump))
        .route("/v1/attention", post(act::attention))
        .route(EVENTS, get(events::events))
        .route("/v1/health", get(read::health))
        .route("/v1/openapi.json", get(read::description))
        .fallback(problem::nowhere)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(take::MOST))
        .layer(from_fn(take::acceptable))
        .layer(map_response(async |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
            response
        }))
        .with_state(Api {
            handle,
            about: Arc::new(About::new()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::settings::Settings;
    use crate::surroundings::Surroundings;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    #[tokio::test]
    async fn an_engine_is_healthy_before_its_first_look() {
        let around = Surroundings::default();
        // Nobody runs this one.
        let (handle, _ends) = Engine::ends(&around, &Settings::default()).expect("made");
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let told = async {
            near.write_all(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await
                .expect("asked");
            let mut told = String::new();
            near.read_to_string(&mut told).await.expect("answered");
            told
        };
        let (told, ()) = tokio::join!(told, connections::answer(far, routes(handle)));
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n"), "{told}");
        assert!(told.contains("\"sessions\":0"), "{told}");
    }
}
