//! The local API: HTTP over a Unix socket that only its owner can reach. No TCP port.

mod act;
pub mod client;
mod document;

pub use act::{PauseRequest, Problem, StopRequest};
pub use document::openapi;

use crate::engine::Handle;
use crate::hooks;
use crate::io::socket::{self, Bound};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{Json, Router};
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::net::unix::SocketAddr;
use trusty_fleet::why::Explanation;
use trusty_fleet::{SessionId, Snapshot};

/// The header that tells which version answers.
pub const VERSION_HEADER: &str = "x-trusty-version";
/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Answers on a bound socket, and listens to hooks beside it, until the task is dropped.
pub async fn serve(bound: Bound, handle: Handle, uid: u32) -> io::Result<()> {
    let hooks = hooks::serve(bound.beside(hooks::NAME)?, handle.clone(), uid);
    let routes = Router::new()
        .route("/v1/sessions", get(sessions))
        .route("/v1/sessions/{id}/why", get(why))
        .route("/v1/sessions/{id}/pause", post(act::pause))
        .route("/v1/sessions/{id}/resume", post(act::resume))
        .route("/v1/sessions/{id}/stop", post(act::stop))
        .route("/v1/sessions/{id}/jump", post(act::jump))
        .route("/v1/events", get(events))
        .route("/v1/openapi.json", get(async || Json(openapi())))
        .layer(axum::middleware::map_response(
            async |mut response: Response| {
                response
                    .headers_mut()
                    .insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
                response
            },
        ))
        .with_state(handle);
    let answers = axum::serve(OwnPeers { bound, uid }, routes).into_future();
    tokio::try_join!(hooks, answers).map(|((), ())| ())
}

/// The newest snapshot.
#[utoipa::path(get, path = "/v1/sessions", responses((status = 200, body = Snapshot)))]
async fn sessions(State(handle): State<Handle>) -> impl IntoResponse {
    handle.primed().await;
    Json(handle.snapshot().as_ref().clone())
}

/// Why a session is what it is: what every source last said of it, and which one won.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/why",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    responses((status = 200, body = Explanation), (status = 404, description = "No such session"))
)]
async fn why(State(handle): State<Handle>, Path(id): Path<SessionId>) -> Response {
    handle.primed().await;
    match handle.explain(id).await {
        Some(explanation) => Json(explanation).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Server-sent events: the whole snapshot at once and at each change of substance, its revision
/// as the event's id.
#[utoipa::path(
    get,
    path = "/v1/events",
    responses((status = 200, body = Snapshot, content_type = "text/event-stream"))
)]
async fn events(
    State(handle): State<Handle>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut snapshots = handle.snapshots();
    handle.primed().await;
    snapshots.mark_changed();
    // Whoever listens looks: what raises no event is looked at more often meanwhile.
    let looking = handle.look();
    let news = stream::unfold((snapshots, looking), async |(mut snapshots, looking)| {
        snapshots.changed().await.ok()?;
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let event = Event::default().id(snapshot.revision.to_string());
        let event = event.json_data(snapshot.as_ref()).unwrap_or_default();
        Some((Ok(event), (snapshots, looking)))
    });
    Sse::new(news).keep_alive(KeepAlive::default())
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
