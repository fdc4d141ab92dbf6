//! tmux: one `list-panes` for each server of this user. A server that hangs delays no other.

mod decode;

pub use decode::{PANE_FORMAT, decode};

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_platform::clock;
use trusty_platform::folder_access::FolderAccess;
use trusty_platform::programs::ProgramSearch;
use trusty_platform::tmux::{self, TmuxError};
use trusty_wire::environment::Environment;
use trusty_wire::process_scope::Confinement;
use trusty_wire::tmux_programs::TmuxPrograms;

/// The tmux servers, and what was last reported of each.
#[derive(Debug)]
pub struct TmuxSource {
    programs: TmuxPrograms,
    access: FolderAccess,
    folders: Vec<PathBuf>,
    /// The server that this process runs in, if any.
    own: Option<PathBuf>,
    /// Servers that live sessions name: the path by which each is known, by the path as named.
    named: BTreeMap<PathBuf, PathBuf>,
    confinement: Confinement,
    /// Servers that were last asked; one that is missing later is reported gone.
    told: BTreeSet<PathBuf>,
    /// Folders, sockets and programs that are not used because other users could change them.
    refused: BTreeMap<PathBuf, String>,
}

impl TmuxSource {
    /// Will ask the servers to which this environment leads.
    pub fn new(env: &Environment, uid: u32, confinement: Confinement) -> Self {
        let mut roots: Vec<PathBuf> = env.tmux_folder.iter().cloned().collect();
        let mut own = None;
        if confinement == Confinement::Open {
            roots.push("/tmp".into());
            own = env.tmux.as_deref().and_then(tmux::socket_in_variable);
        }
        Self {
            programs: TmuxPrograms::new(env),
            access: env.folder_access(),
            folders: roots
                .into_iter()
                .map(|r| r.join(format!("tmux-{uid}")))
                .collect(),
            own,
            named: BTreeMap::new(),
            confinement,
            told: BTreeSet::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Sets the servers that live sessions name, and returns whether any is new. Ignored if
    /// discovery is confined to the home folder.
    pub fn set_named_servers(&mut self, named: &BTreeSet<PathBuf>) -> bool {
        if self.confinement == Confinement::Confined {
            return false;
        }
        let new = !named.iter().all(|socket| self.named.contains_key(socket));
        let known = std::mem::take(&mut self.named);
        self.named = named
            .iter()
            .map(|socket| {
                let path = known.get(socket).cloned();
                let path = path.unwrap_or_else(|| tmux::server_path(socket, &self.access));
                (socket.clone(), path)
            })
            .collect();
        new
    }

    /// The tmux program that asks a server.
    pub fn program_for(&self, socket: &Path) -> ProgramSearch {
        self.programs.for_server(socket)
    }

    /// The sockets that may be asked, and everything that may not be used, with the reason.
    pub fn sockets(&self) -> (BTreeSet<PathBuf>, BTreeMap<PathBuf, String>) {
        let mut refused = BTreeMap::new();
        let mut found = BTreeSet::new();
        // Each path is checked as it is given: once its links are resolved, a link that another user
        // could turn is not seen any more.
        let own = self.own.iter();
        let own = own.map(|socket| (socket, tmux::server_path(socket, &self.access)));
        let named = self.named.iter();
        let named = named.map(|(socket, path)| (socket, path.clone()));
        for (socket, path) in own.chain(named) {
            match tmux::check_socket(socket) {
                Err(refusal) if !refusal.is_missing() => {
                    refused.insert(path, TmuxError::Refused(refusal).to_string());
                }
                Ok(_) | Err(_) => {
                    found.insert(path);
                }
            }
        }
        // Two folders may be one, as `/tmp` and `/private/tmp` on macOS.
        for folder in &self.folders {
            match tmux::sockets(folder) {
                Ok(sockets) => {
                    let sockets = sockets.iter();
                    found.extend(sockets.map(|at| tmux::server_path(at, &self.access)));
                }
                Err(refusal) => {
                    let folder = tmux::server_folder(folder, &self.access);
                    refused.insert(folder, refusal.to_string());
                }
            }
        }
        let mut resolved = BTreeSet::new();
        found.retain(|socket| match tmux::check_socket(socket) {
            // A socket that is a link to another one is not asked a second time.
            Ok(path) => resolved.insert(path),
            Err(refusal) if refusal.is_missing() => false,
            Err(refusal) => {
                let told = TmuxError::Refused(refusal).to_string();
                refused.insert(socket.clone(), told);
                false
            }
        });
        (found, refused)
    }

    /// The health of what is refused now, and of what no longer is.
    fn changed_refusals(&mut self, now: BTreeMap<PathBuf, String>) -> Vec<Fact> {
        let before = std::mem::replace(&mut self.refused, now);
        let over = before.keys().filter(|at| !self.refused.contains_key(*at));
        let over = over.map(|at| health(at, None));
        let told = self.refused.iter();
        let told = told.map(|(at, why)| health(at, Some(why.clone())));
        over.chain(told).collect()
    }

    /// Asks all servers at once, and passes each answer to `hand_over` as soon as it arrives.
    pub async fn list_panes(&mut self, mut hand_over: impl AsyncFnMut(Vec<Fact>)) {
        let (sockets, mut refused) = self.sockets();
        let searched = sockets.iter().map(|socket| {
            let search = self.programs.for_server(socket);
            (socket, search)
        });
        let searched: Vec<_> = searched.collect();
        for tmux in searched
            .iter()
            .filter_map(|(_, search)| search.refused.as_ref())
        {
            refused.insert(tmux.program.clone(), tmux.refusal.to_string());
        }
        let is_refused = |socket: &&PathBuf| refused.contains_key(*socket);
        let missing = self.named.values();
        let missing = missing.filter(|socket| !sockets.contains(*socket) && !is_refused(socket));
        let ended: BTreeSet<_> = self
            .told
            .difference(&sockets)
            .chain(missing)
            .cloned()
            .collect();
        for socket in ended {
            hand_over(gone_facts(&socket)).await;
        }
        // Sent after the panes of servers that are gone: a server that is no longer asked has no
        // panes, but a problem.
        let refusals = self.changed_refusals(refused);
        if !refusals.is_empty() {
            hand_over(refusals).await;
        }
        let mut asked: FuturesUnordered<_> = searched
            .into_iter()
            .map(async |(socket, search)| {
                let answer = match (search.program, search.refused) {
                    (Some(program), _) => tmux::list_panes(&program, socket, PANE_FORMAT).await,
                    (None, Some(tmux)) => Err(TmuxError::Refused(tmux.refusal)),
                    (None, None) => Err(TmuxError::NotInstalled),
                };
                (socket, answer)
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
        Err(TmuxError::NoServer) => gone_facts(socket),
        // Panes that an untrusted server reported before are void.
        Err(e @ TmuxError::Untrusted(_)) => {
            vec![
                Fact::Panes(socket.to_path_buf(), Vec::new()),
                health(socket, Some(e.to_string())),
            ]
        }
        // The panes last reported stay: the server may only be busy.
        Err(e) => vec![health(socket, Some(e.to_string()))],
    }
}

fn gone_facts(socket: &Path) -> Vec<Fact> {
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

impl ObservationSource for TmuxSource {
    const THREAD_NAME: &'static str = "trusty-tmux";
    const SCAN_STAGE: ScanStage = ScanStage::Discovery;

    async fn scan(
        &mut self,
        round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        let is_new = self.set_named_servers(&wanted.tmux_sockets);
        if round == ScanRound::Later && !is_new {
            return ScanProgress::Nothing;
        }
        self.list_panes(async |facts| sink(facts)).await;
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_tmux_source(self, orders, out).await
    }
}

/// Asks at each interval, and at once when there is a new session or server.
async fn run_tmux_source(
    mut tmux: TmuxSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    loop {
        let mut known = {
            let wanted = &orders.borrow_and_update().wanted;
            tmux.set_named_servers(&wanted.tmux_sockets);
            wanted.pids.clone()
        };
        let mut ended = false;
        tmux.list_panes(async |facts| ended |= out.send(facts).await.is_err())
            .await;
        if ended {
            return Shutdown;
        }
        let asked_at = clock::instant();
        loop {
            let period = orders.borrow().cadence.tmux;
            tokio::select! {
                () = clock::sleep(period.saturating_sub(asked_at.elapsed())) => break,
                changed = orders.changed() => {
                    if changed.is_err() {
                        return Shutdown;
                    }
                    let wanted = orders.borrow_and_update().wanted.clone();
                    let new = wanted.pids.difference(&known).next().is_some();
                    known = wanted.pids;
                    if tmux.set_named_servers(&wanted.tmux_sockets) || new {
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
