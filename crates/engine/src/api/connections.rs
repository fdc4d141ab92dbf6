//! The connections of the API: so many at a time, of this user alone, and none that only begins to
//! ask. Files are few, and hooks need them too.

use crate::io::socket::{self, Bound};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// So many connections are open at a time; more wait in the system's queue. Whoever listens to
/// events keeps one.
const AT_ONCE: usize = 256;
/// A request is asked whole within this, the first and each later one.
const PATIENCE: Duration = Duration::from_secs(10);
/// What keeps connections from being taken is given so long to pass.
const REST: Duration = Duration::from_millis(100);

/// Answers until it is dropped, which ends all connections.
pub(super) async fn serve(bound: Bound, routes: Router, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut connections = JoinSet::new();
    loop {
        let closed = |_| io::Error::other("nobody is answered any more");
        let turn = Arc::clone(&at_once).acquire_owned().await.map_err(closed)?;
        let Ok((stream, _)) = bound.listener.accept().await else {
            // Too many files are open, or the peer has gone already.
            sleep(REST).await;
            continue;
        };
        if !socket::is_own(&stream, uid) {
            continue;
        }
        while connections.try_join_next().is_some() {}
        let routes = routes.clone();
        connections.spawn(async move {
            answer(stream, routes).await;
            drop(turn);
        });
    }
}

/// Answers on one connection, to its end.
pub(super) async fn answer(stream: UnixStream, routes: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // How it ended is known to whoever asked.
    let _ = connection.await;
}
