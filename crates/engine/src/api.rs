//! The local API: HTTP over a Unix socket that only its owner can reach. No TCP port.

mod act;
pub mod client;
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
use crate::io::socket::{self, Bound};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::HeaderValue;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::Listener;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::net::UnixStream;
use tokio::net::unix::SocketAddr;
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
    let answers = axum::serve(OwnPeers { bound, uid }, routes(handle)).into_future();
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

/// Connections of this user only.
struct OwnPeers {
    bound: Bound,
    uid: u32,
}

impl Listener for OwnPeers {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.bound.listener).await;
            if socket::is_own(&stream, self.uid) {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.bound.listener.local_addr()
    }
}
