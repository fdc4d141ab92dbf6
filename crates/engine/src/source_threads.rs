//! The threads of the sources. Each waits for its source until the first look is over.

use crate::sweep::Sources;
use crate::threads::{StartError, spawn};
use tokio::sync::{oneshot, watch};
use trusty_sources::connection;
use trusty_sources::connection::Connections;
use trusty_sources::listing;
use trusty_sources::listing::Lists;
use trusty_sources::pause;
use trusty_sources::pause::Pauses;
use trusty_sources::process;
use trusty_sources::process::Processes;
use trusty_sources::registry;
use trusty_sources::registry::Registry;
use trusty_sources::screen;
use trusty_sources::screen::Screens;
use trusty_sources::tmux;
use trusty_sources::tmux::Tmux;
use trusty_sources::transcript;
use trusty_sources::transcript::Transcripts;
use trusty_sources::{Ended, Orders, Outlet};

/// Starts the sources once the first look is over, which they go on from.
pub(crate) struct Release {
    registry: oneshot::Sender<Registry>,
    processes: oneshot::Sender<Processes>,
    tmux: oneshot::Sender<Tmux>,
    transcripts: oneshot::Sender<Transcripts>,
    screens: oneshot::Sender<Screens>,
    lists: oneshot::Sender<Lists>,
    pauses: oneshot::Sender<Pauses>,
    connections: oneshot::Sender<Connections>,
}

impl Release {
    /// Starts the threads, which wait.
    pub(crate) fn start(feed: &(watch::Receiver<Orders>, Outlet)) -> Result<Self, StartError> {
        Ok(Self {
            registry: hold("trusty-registry", feed, registry::run)?,
            processes: hold("trusty-process", feed, process::run)?,
            tmux: hold("trusty-tmux", feed, tmux::run)?,
            transcripts: hold("trusty-transcript", feed, transcript::run)?,
            screens: hold("trusty-screen", feed, screen::run)?,
            lists: hold("trusty-list", feed, listing::run)?,
            pauses: hold("trusty-pause", feed, pause::run)?,
            connections: hold("trusty-connect", feed, connection::run)?,
        })
    }

    /// Lets the sources go on from here.
    pub(crate) fn hand_over(self, sources: Sources) {
        // A source whose thread has ended takes nothing more.
        let _ = self.registry.send(sources.registry);
        let _ = self.processes.send(sources.processes);
        let _ = self.tmux.send(sources.tmux);
        let _ = self.transcripts.send(sources.transcripts);
        let _ = self.screens.send(sources.screens);
        let _ = self.lists.send(sources.lists);
        let _ = self.pauses.send(sources.pauses);
        let _ = self.connections.send(sources.connections);
    }
}

/// A thread that runs a source as soon as it is released.
fn hold<S, F, R>(
    name: &str,
    (orders, out): &(watch::Receiver<Orders>, Outlet),
    run: R,
) -> Result<oneshot::Sender<S>, StartError>
where
    S: Send + 'static,
    R: FnOnce(S, watch::Receiver<Orders>, Outlet) -> F + Send + 'static,
    F: Future<Output = Ended>,
{
    let (release, released) = oneshot::channel();
    let (orders, out) = (orders.clone(), out.clone());
    spawn(name, move || async move {
        match released.await {
            Ok(source) => run(source, orders, out).await,
            Err(_) => Ended,
        }
    })?;
    Ok(release)
}
