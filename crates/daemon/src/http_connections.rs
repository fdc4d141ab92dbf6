//! The connections of the API: limited in number, from this user only, and with timeouts for peers
//! that send or read nothing. Descriptors are scarce, and hooks need them too.

use axum::Router;
use futures_util::future::poll_immediate;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use trusty_client::api_types::millis;
use trusty_platform::listening_socket::{self, AcceptedStream, SocketFeed};
use trusty_platform::write_timeout::WriteTimeoutStream;
use trusty_platform::{open_files, sys};
use trusty_wire::process_tracer::connected_peer;

/// The limit of open connections; further ones wait in the system's queue. Connections may take at
/// most a quarter of the open-file limit.
const MAX_CONNECTIONS: usize = 256;
/// The limit of open connections where the open-file limit is very low.
const MIN_CONNECTIONS: usize = 16;
/// Connections reserved for requests, which event listeners cannot take; at most half of all.
const REQUEST_CONNECTIONS: usize = 32;
/// How long a peer may take to send the head of a request, the first or a later one.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may read nothing of a response before the connection is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The delay after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// How often the queue of new connections is confirmed to be empty while none arrives.
const EMPTY_QUEUE_INTERVAL: Duration = Duration::from_secs(1);

/// The limit of open connections on this machine.
fn max_connections() -> usize {
    let limit = open_files::soft_limit().and_then(|limit| usize::try_from(limit / 4).ok());
    limit.map_or(MAX_CONNECTIONS, |limit| {
        limit.clamp(MIN_CONNECTIONS, MAX_CONNECTIONS)
    })
}

/// The connections that event listeners may take.
#[derive(Debug, Clone)]
pub(super) struct EventPlaces(Arc<Semaphore>);

impl EventPlaces {
    /// All connections except those reserved for requests.
    pub(super) fn new() -> Self {
        let all = max_connections();
        let places = all - REQUEST_CONNECTIONS.min(all / 2);
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Reserves a connection until the returned value is dropped; none if all are taken.
    pub(super) fn reserve_event_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Marks the requests of a connection that was accepted on a spare descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpareConnection;

/// The time at which a connection last had nothing to read, in milliseconds since boot.
///
/// Whatever is read next was sent later. A request that waited while this engine was stopped is
/// thus known to be old.
#[derive(Debug, Clone)]
pub(super) struct QuietSince(Arc<AtomicU64>);

impl QuietSince {
    /// For a connection that did not exist yet at this time since boot.
    pub(super) fn new(since_boot: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(millis(since_boot))))
    }

    /// Records that a request was answered; the next one is sent later.
    pub(super) fn note_answered(&self) {
        self.0.store(millis(sys::since_boot()), Ordering::Relaxed);
    }

    pub(super) fn since_boot(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Serves connections until dropped, which closes all of them.
pub(super) async fn serve(mut feed: SocketFeed, routes: Router, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(max_connections()));
    let mut connections = JoinSet::new();
    let mut queue_empty_at = sys::since_boot();
    loop {
        let closed = |_| io::Error::other("the server no longer accepts connections");
        let turn = Arc::clone(&at_once).acquire_owned().await.map_err(closed)?;
        let accepted = accept(&mut feed, &mut queue_empty_at).await;
        let Ok((AcceptedStream { stream, room }, quiet)) = accepted else {
            // Too many files are open, or the peer has already gone.
            sleep(ACCEPT_BACKOFF).await;
            continue;
        };
        if !listening_socket::is_own(&stream, uid) {
            continue;
        }
        while connections.try_join_next().is_some() {}
        let routes = match room {
            None => routes.clone(),
            Some(_) => routes.clone().layer(axum::Extension(SpareConnection)),
        };
        connections.spawn(async move {
            answer(stream, routes, quiet, WRITE_TIMEOUT).await;
            drop((turn, room));
        });
    }
}

/// Accepts the next connection, with the time at which the queue was last known to be empty: the
/// connection was made after that.
async fn accept(
    feed: &mut SocketFeed,
    queue_empty_at: &mut Duration,
) -> io::Result<(AcceptedStream, QuietSince)> {
    loop {
        if let Some(accepted) = poll_immediate(Box::pin(feed.accept())).await {
            return Ok((accepted?, QuietSince::new(*queue_empty_at)));
        }
        *queue_empty_at = sys::since_boot();
        if let Ok(accepted) = timeout(EMPTY_QUEUE_INTERVAL, feed.accept()).await {
            return Ok((accepted?, QuietSince::new(*queue_empty_at)));
        }
    }
}

/// Serves one connection until it closes. Each request carries the identity of the peer process.
pub(super) async fn answer(
    stream: UnixStream,
    routes: Router,
    quiet: QuietSince,
    write_timeout: Duration,
) {
    let peer = connected_peer(&stream);
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&peer));
        request.extensions_mut().insert(quiet.clone());
        let (answering, quiet) = (routes.call(request), quiet.clone());
        async move {
            let answer = answering.await;
            quiet.note_answered();
            answer
        }
    });
    let stream = WriteTimeoutStream::new(stream, write_timeout);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // The peer sees how the connection ended; there is no one else to report it to.
    let _ = connection.await;
}
