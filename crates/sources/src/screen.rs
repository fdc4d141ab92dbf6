//! The text of tmux panes, the last resort where Claude Code itself reports nothing.

mod decode;
mod layout;
mod rules;

pub use decode::decode;

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{HealthKey, PaneKey};
use trusty_fleet::session::Source;
use trusty_platform::clock;
use trusty_platform::tmux::{self, TmuxError};
use trusty_wire::environment::Environment;
use trusty_wire::tmux_programs::TmuxPrograms;

/// How often a pane in doubt is read.
const SCREEN_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The panes in doubt, with the version of Claude Code where it is known.
type DoubtfulPanes = BTreeMap<PaneKey, Option<String>>;

/// The panes in doubt, and what was reported of their servers.
#[derive(Debug)]
pub struct ScreenSource {
    programs: TmuxPrograms,
    /// When each pane was last read.
    looked: BTreeMap<PaneKey, Instant>,
    /// Servers with a reported problem.
    ill: BTreeSet<PathBuf>,
}

impl ScreenSource {
    /// Reads nothing until a pane is wanted.
    pub fn new(env: &Environment) -> Self {
        Self {
            programs: TmuxPrograms::new(env),
            looked: BTreeMap::new(),
            ill: BTreeSet::new(),
        }
    }

    /// Reads all panes that are due, at once, and passes each answer to `hand_over` as soon as it
    /// arrives.
    pub async fn poll(
        &mut self,
        wanted: &DoubtfulPanes,
        mut hand_over: impl AsyncFnMut(Vec<Fact>),
    ) {
        self.looked.retain(|pane, _| wanted.contains_key(pane));
        let servers: BTreeSet<&PathBuf> = wanted.keys().map(|pane| &pane.server).collect();
        let forgotten: Vec<PathBuf> = self
            .ill
            .extract_if(.., |server| !servers.contains(server))
            .collect();
        for server in forgotten {
            hand_over(vec![health(&server, None)]).await;
        }
        let now = clock::instant();
        let due: Vec<(&PaneKey, &Option<String>)> = wanted
            .iter()
            .filter(|(pane, _)| self.time_until_poll(pane, now).is_zero())
            .collect();
        for (pane, _) in &due {
            self.looked.insert((*pane).clone(), now);
        }
        let programs = self.programs.clone();
        let mut asked: FuturesUnordered<_> = due
            .into_iter()
            .filter_map(|(pane, version)| {
                // The tmux source reports that there is no such program.
                let program = programs.for_server(&pane.server).any()?;
                Some(async move {
                    let answer = tmux::capture_pane(&program, &pane.server, &pane.pane).await;
                    (pane, version, answer)
                })
            })
            .collect();
        while let Some((pane, version, answer)) = asked.next().await {
            let facts = self.facts(pane, version.as_deref(), answer);
            hand_over(facts).await;
        }
    }

    /// How long until this pane is due.
    fn time_until_poll(&self, pane: &PaneKey, now: Instant) -> Duration {
        let looked = self.looked.get(pane);
        looked.map_or(Duration::ZERO, |at| {
            SCREEN_POLL_INTERVAL.saturating_sub(now.saturating_duration_since(*at))
        })
    }

    fn facts(
        &mut self,
        pane: &PaneKey,
        version: Option<&str>,
        answer: Result<Vec<u8>, TmuxError>,
    ) -> Vec<Fact> {
        let server = &pane.server;
        match answer {
            Ok(bytes) => {
                let screen = Fact::Screen(pane.clone(), decode(&bytes, version));
                let well = self.ill.remove(server).then(|| health(server, None));
                std::iter::once(screen).chain(well).collect()
            }
            // The tmux source reports that the pane is gone.
            Err(TmuxError::NoServer | TmuxError::NoPane) => Vec::new(),
            Err(e) => {
                self.ill.insert(server.clone());
                vec![health(server, Some(e.to_string()))]
            }
        }
    }
}

fn health(server: &Path, problem: Option<String>) -> Fact {
    let key = HealthKey {
        source: Source::Screen,
        subject: server.display().to_string(),
    };
    Fact::Health(key, problem)
}

impl ObservationSource for ScreenSource {
    const THREAD_NAME: &'static str = "trusty-screen";
    const SCAN_STAGE: ScanStage = ScanStage::Detail;

    async fn scan(
        &mut self,
        _round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        self.poll(&wanted.screens, async |facts| sink(facts)).await;
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_screen_source(self, orders, out).await
    }
}

/// Reads each wanted pane every two seconds at most, and a new one at once.
async fn run_screen_source(
    mut screens: ScreenSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    loop {
        let wanted = orders.borrow_and_update().wanted.screens.clone();
        let mut ended = false;
        screens
            .poll(&wanted, async |facts| {
                ended |= out.send(facts).await.is_err();
            })
            .await;
        if ended {
            return Shutdown;
        }
        let now = clock::instant();
        let rest = wanted
            .keys()
            .map(|pane| screens.time_until_poll(pane, now))
            .min();
        tokio::select! {
            () = clock::sleep(rest.unwrap_or_default()), if rest.is_some() => {}
            changed = orders.wait_for(|orders| orders.wanted.screens != wanted) => {
                if changed.is_err() {
                    return Shutdown;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
