//! The connections of the API: so many at a time, of this user alone, none that only begins to ask
//! and none that does not read. Files are few, and hooks need them too.

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

/// The most connections that are open at a time; more wait in the system's queue. No more than a
/// quarter of the files that may be open are connections.
const MAX_CONNECTIONS: usize = 256;
/// The fewest that are open at a time, however few files may be.
const MIN_CONNECTIONS: usize = 16;
/// Connections that are left to requests: no listener to events takes them. At most half of all.
const REQUEST_CONNECTIONS: usize = 32;
/// A request is asked whole within this, the first and each later one.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that reads nothing of what it is sent for this long is not answered any more.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// What keeps connections from being taken is given so long to pass.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// How often the queue of new connections is known to be empty while nobody connects.
const EMPTY_QUEUE_INTERVAL: Duration = Duration::from_secs(1);

/// How many connections are open at a time.
fn max_connections() -> usize {
    let limit = open_files::soft_limit().and_then(|limit| usize::try_from(limit / 4).ok());
    limit.map_or(MAX_CONNECTIONS, |limit| {
        limit.clamp(MIN_CONNECTIONS, MAX_CONNECTIONS)
    })
}

/// The places of those who listen to events.
#[derive(Debug, Clone)]
pub(super) struct EventPlaces(Arc<Semaphore>);

impl EventPlaces {
    /// All but those that are left to requests.
    pub(super) fn new() -> Self {
        let all = max_connections();
        let places = all - REQUEST_CONNECTIONS.min(all / 2);
        Self(Arc::new(Semaphore::new(places)))
    }

    /// A place for as long as the returned value lives; none if all are taken.
    pub(super) fn reserve_event_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Marks the requests of a connection for which no descriptor was left but a spare one.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpareConnection;

/// When a connection last had nothing to read, in milliseconds since boot. What is read then was
/// sent later; so a request that waited while this engine was stopped is known to be old.
#[derive(Debug, Clone)]
pub(super) struct QuietSince(Arc<AtomicU64>);

impl QuietSince {
    /// A connection that nobody had made at this time since boot.
    pub(super) fn new(since_boot: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(millis(since_boot))))
    }

    /// A request was answered, and the next one may come.
    pub(super) fn note_answered(&self) {
        self.0.store(millis(sys::since_boot()), Ordering::Relaxed);
    }

    pub(super) fn since_boot(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Answers until it is dropped, which ends all connections.
pub(super) async fn serve(mut feed: SocketFeed, routes: Router, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(max_connections()));
    let mut connections = JoinSet::new();
    let mut queue_empty_at = sys::since_boot();
    loop {
        let closed = |_| io::Error::other("the server no longer accepts connections");
        let turn = Arc::clone(&at_once).acquire_owned().await.map_err(closed)?;
        let accepted = accept(&mut feed, &mut queue_empty_at).await;
        let Ok((AcceptedStream { stream, room }, quiet)) = accepted else {
            // Too many files are open, or the peer has gone already.
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

/// Takes the next connection, which was made after the queue was last known to be empty.
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

/// Answers on one connection, to its end. Each request knows the process that connected.
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
    // How it ended is known to whoever asked.
    let _ = connection.await;
}
