//! The process table: whether watched processes run, and which new ones are Claude Code. A watched
//! pid costs one small read; every other pid is read when it is new and again from time to time.

mod config_folder;
mod describe;
mod discovery_reader;
mod exit_watch;
mod run_state;
mod usage;

pub use discovery_reader::{DiscoveryReader, ProcessFolder};
pub use trusty_integration::StartedProcess;

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use describe::ProcessDescriber;
use exit_watch::ExitWatch;
use run_state::run_state;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::cadence::UsageSampling;
use trusty_fleet::client::ProcessRole;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::{HealthKey, ProcessFacts, ProcessSample};
use trusty_fleet::session::Source;
use trusty_platform::clock::{self, Clock};
use trusty_platform::process_reader::LiveKernel;
use trusty_platform::sys::ProcessStat;
use trusty_platform::waiting;
use trusty_wire::process_scope::{Confinement, ProcessScope};
use usage::UsageMeter;

/// A younger process is likely to become another program by exec.
const MIN_SETTLED_AGE: Duration = Duration::from_secs(15);
/// The longest time until a dismissed pid is checked again: an older process may exec, too, and its
/// pid may be reused. One check costs 70 µs.
const DISMISSED_RECHECK_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct WatchedProcess {
    key: ProcessKey,
    parent: u32,
    terminal: u64,
}

/// When a dismissed pid is checked again.
#[derive(Debug, Clone, Copy)]
struct RecheckTiming {
    settled: Duration,
    again: Duration,
}

/// The watched processes of a machine, and the pids dismissed as something else.
#[derive(Debug)]
pub struct ProcessSource<R = LiveKernel> {
    scope: ProcessScope,
    describer: ProcessDescriber<R>,
    meter: UsageMeter,
    watched: BTreeMap<u32, WatchedProcess>,
    /// Pids that are not Claude Code and unlikely to become it, and when each was checked.
    dismissed: BTreeMap<u32, Instant>,
    pace: RecheckTiming,
    /// Whether the table could not be listed at the last scan.
    is_blind: bool,
}

impl ProcessSource {
    /// Watches nothing yet, on the machine on which this program runs.
    pub fn new(scope: ProcessScope, clock: Clock) -> Self {
        Self::with_reader(LiveKernel, scope, clock)
    }
}

impl<R: DiscoveryReader> ProcessSource<R> {
    /// Watches nothing yet, on the machine that `machine` reads. `clock` gives the wall time of the
    /// machine's boot.
    pub fn with_reader(machine: R, scope: ProcessScope, clock: Clock) -> Self {
        Self {
            describer: ProcessDescriber::new(machine, clock, scope.home.clone()),
            meter: UsageMeter::default(),
            scope,
            watched: BTreeMap::new(),
            dismissed: BTreeMap::new(),
            pace: RecheckTiming {
                settled: MIN_SETTLED_AGE,
                again: DISMISSED_RECHECK_INTERVAL,
            },
            is_blind: false,
        }
    }

    fn machine(&self) -> &R {
        self.describer.machine()
    }

    /// Finds Claude Code among the pids that are new or were dismissed some time ago.
    pub fn scan_all(&mut self) -> Vec<Fact> {
        let key = HealthKey {
            source: Source::Process,
            subject: "process table".into(),
        };
        let pids = match self.machine().pids() {
            Ok(pids) => pids,
            Err(e) => {
                self.is_blind = true;
                return vec![Fact::Health(
                    key,
                    Some(format!("could not list processes: {e}")),
                )];
            }
        };
        let healed = std::mem::take(&mut self.is_blind).then_some(Fact::Health(key, None));
        let alive: BTreeSet<u32> = pids.into_iter().collect();
        let (now, again) = (clock::instant(), self.pace.again);
        self.dismissed.retain(|pid, seen| {
            let rest = again.mul_f64(rest_share(*pid));
            alive.contains(pid) && now.saturating_duration_since(*seen) < rest
        });
        self.describer.forget_ended(&alive);
        let new: Vec<u32> = alive
            .into_iter()
            .filter(|pid| !self.dismissed.contains_key(pid) && !self.watched.contains_key(pid))
            .collect();
        let mut facts: Vec<Fact> = healed.into_iter().collect();
        for pid in new {
            let Ok(Some(stat)) = self.machine().stat(pid) else {
                continue;
            };
            if let Some(found) = self.describe_candidate(pid, &stat) {
                self.watch(&found, &stat);
                facts.push(Fact::Process(Box::new(found)));
            } else if stat.uid != self.scope.uid || self.process_age(&stat) >= self.pace.settled {
                self.dismissed.insert(pid, now);
            }
        }
        facts
    }

    fn describe_candidate(&mut self, pid: u32, stat: &ProcessStat) -> Option<ProcessFacts> {
        if stat.uid != self.scope.uid || stat.zombie {
            return None;
        }
        match self.describer.role(pid) {
            ProcessRole::Interactive | ProcessRole::Headless => {}
            ProcessRole::Infrastructure | ProcessRole::Other => return None,
        }
        let found = self.describer.describe(pid, stat)?;
        let is_in_scope = match self.scope.confinement {
            Confinement::Open => true,
            Confinement::Confined => {
                let environment = self.machine().environment(pid);
                self.scope.contains_environment(environment.as_deref().ok())
            }
        };
        (found.role != ProcessRole::Other && is_in_scope).then_some(found)
    }

    fn watch(&mut self, found: &ProcessFacts, stat: &ProcessStat) {
        self.watched.insert(
            found.key.pid,
            WatchedProcess {
                key: found.key,
                parent: stat.parent,
                terminal: stat.terminal,
            },
        );
    }

    /// Describes the wanted pids that are not watched yet.
    pub fn describe_unwatched(&mut self, wanted: &BTreeSet<u32>) -> Vec<Fact> {
        let new: Vec<u32> = wanted
            .iter()
            .copied()
            .filter(|pid| !self.watched.contains_key(pid))
            .collect();
        new.into_iter()
            .filter_map(|pid| self.describe(pid))
            .collect()
    }

    /// Describes one pid. `None` if the system does not answer: a process is absent only if the
    /// system says so.
    fn describe(&mut self, pid: u32) -> Option<Fact> {
        let stat = match self.machine().stat(pid) {
            Ok(Some(stat)) if !stat.zombie => stat,
            Ok(_) => return Some(Fact::ProcessAbsent(pid)),
            Err(_) => return None,
        };
        let facts = self.describer.describe(pid, &stat)?;
        self.watch(&facts, &stat);
        Some(Fact::Process(Box::new(facts)))
    }

    /// Stops watching pids that are not wanted.
    pub fn retain_pids(&mut self, wanted: &BTreeSet<u32>) {
        self.watched.retain(|pid, _| wanted.contains(pid));
    }

    /// Samples all watched processes.
    pub fn sample_processes(&mut self, usage: UsageSampling) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut pulses = Vec::new();
        let usages = match usage {
            UsageSampling::Shown => {
                let roots = self.watched.keys().copied();
                let machine = self.describer.machine();
                self.meter.measure(machine, roots, clock::instant())
            }
            UsageSampling::Hidden => BTreeMap::new(),
        };
        for (pid, watched) in self.watched.clone() {
            match self.machine().stat(pid) {
                Ok(Some(stat)) if stat.start == watched.key.start && !stat.zombie => {
                    // A process whose parent ended gets another parent, and one whose terminal was
                    // closed has none.
                    if (stat.parent, stat.terminal) != (watched.parent, watched.terminal) {
                        facts.extend(self.describe(pid));
                    }
                    let usage = usages.get(&pid).copied();
                    pulses.push(ProcessSample {
                        key: watched.key,
                        state: run_state(self.machine(), pid, &stat),
                        usage,
                    });
                }
                Ok(_) => facts.push(self.forget_process(watched.key)),
                Err(_) => {}
            }
        }
        if !pulses.is_empty() {
            facts.push(Fact::ProcessSamples(pulses));
        }
        facts
    }

    fn forget_process(&mut self, key: ProcessKey) -> Fact {
        if self.watched.get(&key.pid).is_some_and(|w| w.key == key) {
            self.watched.remove(&key.pid);
        }
        Fact::ProcessExited(key)
    }

    fn process_age(&self, stat: &ProcessStat) -> Duration {
        let machine = self.machine();
        machine
            .since_boot()
            .saturating_sub(machine.start_since_boot(stat.start))
    }

    fn keys(&self) -> BTreeSet<ProcessKey> {
        self.watched.values().map(|w| w.key).collect()
    }
}

/// The share of [`DISMISSED_RECHECK_INTERVAL`] that a pid stays dismissed, from one half on, so
/// that the pids of the first scan are not all checked again at once.
fn rest_share(pid: u32) -> f64 {
    1.0 - f64::from(pid % 32) / 64.0
}

impl ObservationSource for ProcessSource {
    const THREAD_NAME: &'static str = "trusty-process";
    const SCAN_STAGE: ScanStage = ScanStage::Discovery;

    async fn scan(
        &mut self,
        round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        let mut facts = match round {
            ScanRound::First => self.scan_all(),
            ScanRound::Later => Vec::new(),
        };
        facts.extend(self.describe_unwatched(&wanted.pids));
        if facts.is_empty() {
            return ScanProgress::Nothing;
        }
        sink(facts);
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_process_source(self, orders, out).await
    }
}

/// Reports exits as they happen, and new processes and changed states at each poll.
async fn run_process_source(
    mut processes: ProcessSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut exits = ExitWatch::new(waiting::wait_exit);
    let mut looked_at = clock::instant();
    // The first scan has polled already.
    let (mut period, mut nudge) = {
        let orders = orders.borrow_and_update();
        (orders.cadence.processes, orders.nudge)
    };
    loop {
        exits.watch(&processes.keys());
        let facts = tokio::select! {
            key = exits.next_exit() => vec![processes.forget_process(key)],
            changed = orders.changed() => {
                if changed.is_err() {
                    return Shutdown;
                }
                let (wanted, nudged) = {
                    let orders = orders.borrow_and_update();
                    period = orders.cadence.processes;
                    (orders.wanted.pids.clone(), orders.nudge != nudge)
                };
                let mut facts = processes.describe_unwatched(&wanted);
                if nudged {
                    nudge = orders.borrow().nudge;
                    facts.extend(processes.sample_processes(UsageSampling::Hidden));
                }
                facts
            }
            () = clock::sleep(period.saturating_sub(looked_at.elapsed())) => {
                looked_at = clock::instant();
                exits.retry_failed();
                let (wanted, usage) = {
                    let orders = orders.borrow();
                    (orders.wanted.pids.clone(), orders.cadence.usage)
                };
                processes.retain_pids(&wanted);
                let mut facts = processes.scan_all();
                facts.extend(processes.describe_unwatched(&wanted));
                facts.extend(processes.sample_processes(usage));
                facts
            }
        };
        if out.send(facts).await.is_err() {
            return Shutdown;
        }
    }
}

#[cfg(test)]
mod mac_tests;
#[cfg(test)]
mod test_machine;
#[cfg(test)]
mod tests;
