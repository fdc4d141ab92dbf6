//! The local API: HTTP over a Unix socket that only its owner can reach. No TCP port.

mod act;
pub mod client;
mod document;

pub use act::{PauseRequest, Problem};
pub use document::openapi;

use crate::engine::Handle;
use crate::io::socket::{self, Bound};
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{Json, Router};
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::net::unix::SocketAddr;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use trusty_fleet::why::Explanation;
use trusty_fleet::{SessionId, Snapshot};

/// The header that tells which version answers.
pub const VERSION_HEADER: &str = "x-trusty-version";
/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The header that tells a hook's client.
pub const PID_HEADER: &str = "x-claude-pid";
/// The largest payload of a hook that is taken, in bytes; it holds a tool's whole input.
pub const HOOK_BOUND: usize = 16 << 20;
/// A payload above this, in bytes, is a large one, of which two are taken at a time.
const LARGE: u64 = 64 << 10;
static LARGE_ONES: Semaphore = Semaphore::const_new(2);
/// Whoever hands over a payload for so long is not waited for: its own client does not, either.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers on a bound socket until the task is dropped.
pub async fn serve(bound: Bound, handle: Handle, uid: u32) -> io::Result<()> {
    let routes = Router::new()
        .route("/v1/sessions", get(sessions))
        .route("/v1/sessions/{id}/why", get(why))
        .route("/v1/sessions/{id}/pause", post(act::pause))
        .route("/v1/sessions/{id}/resume", post(act::resume))
        .route("/v1/sessions/{id}/stop", post(act::stop))
        .route("/v1/events", get(events))
        .route("/v1/hooks", post(hooks))
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
    axum::serve(OwnPeers { bound, uid }, routes).await
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

/// What a hook of a client was given, as the client wrote it; the client's pid in the header
/// `x-claude-pid`.
#[utoipa::path(
    post,
    path = "/v1/hooks",
    request_body(content = String, content_type = "application/json"),
    responses((status = 204, description = "Taken"))
)]
async fn hooks(State(handle): State<Handle>, headers: HeaderMap, body: Body) -> StatusCode {
    let pid = headers
        .get(PID_HEADER)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    let size = body.size_hint();
    if usize::try_from(size.lower()).is_ok_and(|least| least > HOOK_BOUND) {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    let small = size.upper().is_some_and(|most| most <= LARGE);
    // Held until the payload is dropped.
    let _turn = if small {
        None
    } else {
        LARGE_ONES.acquire().await.ok()
    };
    let payload = match timeout(PATIENCE, to_bytes(body, HOOK_BOUND)).await {
        Ok(Ok(payload)) => payload,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
    };
    handle.hear(&payload, pid).await;
    StatusCode::NO_CONTENT
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
