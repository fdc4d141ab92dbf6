//! tmux: every server of this user, one `list-panes` each. A server that hangs delays nobody.

mod decode;

pub use decode::{FORMAT, decode};

use super::{Ended, Orders, Outlet};
use crate::io::clock;
use crate::io::tmux::{self, TmuxError};
use crate::settings::Confinement;
use crate::surroundings::Surroundings;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;

/// What is known of the servers.
#[derive(Debug)]
pub struct Tmux {
    program: Option<PathBuf>,
    folders: Vec<PathBuf>,
    /// The server we run in, if any.
    own: Option<PathBuf>,
    /// Servers that live sessions name.
    named: BTreeSet<PathBuf>,
    confinement: Confinement,
    /// Servers that were told of: a silent one must be told gone.
    told: BTreeSet<PathBuf>,
}

impl Tmux {
    /// Asks the servers that these surroundings lead to.
    pub fn new(around: &Surroundings, uid: u32, confinement: Confinement) -> Self {
        let mut roots: Vec<PathBuf> = around.tmux_folder.iter().cloned().collect();
        let mut own = None;
        if confinement == Confinement::Open {
            roots.push("/tmp".into());
            let socket = around
                .tmux
                .as_ref()
                .and_then(|t| t.to_str()?.rsplitn(3, ',').nth(2));
            own = socket.map(PathBuf::from);
        }
        Self {
            program: tmux::program(around.path.as_deref()),
            folders: roots
                .into_iter()
                .map(|r| r.join(format!("tmux-{uid}")))
                .collect(),
            own,
            named: BTreeSet::new(),
            confinement,
            told: BTreeSet::new(),
        }
    }

    /// Asks the servers that live sessions name, too. Tells whether any is new.
    pub fn follow(&mut self, named: &BTreeSet<PathBuf>) -> bool {
        if self.confinement == Confinement::Confined {
            return false;
        }
        let new = !named.is_subset(&self.named);
        self.named.clone_from(named);
        new
    }

    fn sockets(&self) -> BTreeSet<PathBuf> {
        let listed = self.folders.iter().flat_map(|folder| tmux::sockets(folder));
        let named = self.own.iter().chain(&self.named).filter(|s| s.exists());
        listed.chain(named.cloned()).collect()
    }

    /// Asks all servers at once; each answer is handed over as soon as it is there.
    pub async fn list(&mut self, mut hand_over: impl AsyncFnMut(Vec<Fact>)) {
        let sockets = self.sockets();
        let missing = self.named.difference(&sockets);
        let ended: BTreeSet<_> = self
            .told
            .difference(&sockets)
            .chain(missing)
            .cloned()
            .collect();
        for socket in ended {
            hand_over(gone(&socket)).await;
        }
        let program = self.program.clone();
        let mut asked: FuturesUnordered<_> = sockets
            .iter()
            .map(|socket| {
                let program = program.clone();
                async move {
                    let answer = match &program {
                        None => Err(TmuxError::NotInstalled),
                        Some(program) => tmux::list_panes(program, socket, FORMAT).await,
                    };
                    (socket, answer)
                }
            })
            .collect();
        while let Some((socket, answer)) = asked.next().await {
            hand_over(facts(socket, answer)).await;
        }
        drop(asked);
        self.told = sockets;
    }
}

fn facts(socket: &Path, answer: Result<Vec<u8>, TmuxError>) -> Vec<Fact> {
    match answer {
        Ok(bytes) => {
            vec![
                Fact::Panes(socket.to_path_buf(), decode(&bytes)),
                health(socket, None),
            ]
        }
        Err(TmuxError::NoServer) => gone(socket),
        // What the server last said stays: it may only be busy.
        Err(e) => vec![health(socket, Some(e.to_string()))],
    }
}

fn gone(socket: &Path) -> Vec<Fact> {
    vec![
        Fact::Panes(socket.to_path_buf(), Vec::new()),
        health(socket, None),
    ]
}

fn health(socket: &Path, problem: Option<String>) -> Fact {
    let key = HealthKey {
        source: Source::Tmux,
        subject: socket.display().to_string(),
    };
    Fact::Health(key, problem)
}

/// Asks at each tick, and at once when a session is new.
pub async fn run(mut tmux: Tmux, mut orders: Receiver<Orders>, out: Outlet) -> Ended {
    loop {
        let mut known = {
            let wanted = &orders.borrow_and_update().wanted;
            tmux.follow(&wanted.tmux_sockets);
            wanted.pids.clone()
        };
        let mut ended = false;
        tmux.list(async |facts| ended |= out.tell(facts).await.is_err())
            .await;
        if ended {
            return Ended;
        }
        let asked_at = clock::instant();
        loop {
            let period = orders.borrow().cadence.tmux;
            tokio::select! {
                () = clock::sleep(period.saturating_sub(asked_at.elapsed())) => break,
                changed = orders.changed() => {
                    if changed.is_err() {
                        return Ended;
                    }
                    let wanted = orders.borrow_and_update().wanted.clone();
                    let new = wanted.pids.difference(&known).next().is_some();
                    known = wanted.pids;
                    if tmux.follow(&wanted.tmux_sockets) || new {
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
