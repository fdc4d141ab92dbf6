//! The process table: what known pids look like, whether they can run, and which new pids are
//! clients. Known pids cost one small read each; of the rest of the table every pid is read when
//! it is new, and now and then again.

mod config_folder;
mod describe;

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use describe::ProcessDescriber;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use trusty_fleet::Fact;
use trusty_fleet::cadence::UsageSampling;
use trusty_fleet::client::ProcessRole;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::{HealthKey, ProcessFacts, ProcessSample, RunState, StopSignal};
use trusty_fleet::session::Source;
use trusty_platform::clock::{self, Clock};
use trusty_platform::sys::{self, ProcessStat};
use trusty_platform::waiting;
use trusty_wire::process_scope::ProcessScope;

/// A younger process is likely to become something else by exec.
const MIN_SETTLED_AGE: Duration = Duration::from_secs(15);
/// An older one may, too, and a pid may be given to another process: what was dismissed is looked
/// at again after at most so long. A look costs 70 µs.
const DISMISSED_RECHECK_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct WatchedProcess {
    key: ProcessKey,
    parent: u32,
    terminal: u64,
}

/// How long what.
#[derive(Debug, Clone, Copy)]
struct RecheckTiming {
    settled: Duration,
    again: Duration,
}

/// What is known of the process table.
#[derive(Debug)]
pub struct ProcessSource {
    scope: ProcessScope,
    describer: ProcessDescriber,
    watched: BTreeMap<u32, WatchedProcess>,
    /// Pids that are no clients and unlikely to become one, and when that was seen.
    dismissed: BTreeMap<u32, Instant>,
    pace: RecheckTiming,
    /// The table could not be listed.
    is_blind: bool,
}

impl ProcessSource {
    /// Knows nothing yet.
    pub fn new(scope: ProcessScope, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            describer: ProcessDescriber::new(clock, scope.home.clone())?,
            scope,
            watched: BTreeMap::new(),
            dismissed: BTreeMap::new(),
            pace: RecheckTiming {
                settled: MIN_SETTLED_AGE,
                again: DISMISSED_RECHECK_INTERVAL,
            },
            is_blind: false,
        })
    }

    /// Finds clients among the pids not seen before, or not for long.
    pub fn scan_all(&mut self) -> Vec<Fact> {
        let key = HealthKey {
            source: Source::Process,
            subject: "process table".into(),
        };
        let pids = match sys::pids() {
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
        let new: Vec<u32> = alive
            .into_iter()
            .filter(|pid| !self.dismissed.contains_key(pid) && !self.watched.contains_key(pid))
            .collect();
        let mut facts: Vec<Fact> = healed.into_iter().collect();
        for pid in new {
            let Ok(Some(stat)) = sys::stat(pid) else {
                continue;
            };
            if let Some(found) = self.describe_candidate(pid, &stat) {
                self.watch(&found, &stat);
                facts.push(Fact::Process(Box::new(found)));
            } else if stat.uid != self.scope.uid || process_age(&stat) >= self.pace.settled {
                self.dismissed.insert(pid, now);
            }
        }
        self.describer.forget_ended();
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
        self.describer.describe(pid, stat).filter(|found| {
            found.role != ProcessRole::Other && self.scope.contains_process(found.key.pid)
        })
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

    /// Describes pids that are wanted and not yet watched.
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

    /// Nothing where the system does not tell: only its word that there is no such process
    /// counts as that.
    fn describe(&mut self, pid: u32) -> Option<Fact> {
        let stat = match sys::stat(pid) {
            Ok(Some(stat)) if !stat.zombie => stat,
            Ok(_) => return Some(Fact::ProcessAbsent(pid)),
            Err(_) => return None,
        };
        let facts = self.describer.describe(pid, &stat)?;
        self.watch(&facts, &stat);
        Some(Fact::Process(Box::new(facts)))
    }

    /// Forgets pids that nobody wants any more.
    pub fn retain_pids(&mut self, wanted: &BTreeSet<u32>) {
        self.watched.retain(|pid, _| wanted.contains(pid));
    }

    /// Feels the pulse of all watched processes.
    pub fn sample_processes(&mut self, usage: UsageSampling) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut pulses = Vec::new();
        let usages = match usage {
            UsageSampling::Shown => self.describer.usages(self.watched.keys().copied()),
            UsageSampling::Hidden => BTreeMap::new(),
        };
        for (pid, watched) in self.watched.clone() {
            match sys::stat(pid) {
                Ok(Some(stat)) if stat.start == watched.key.start && !stat.zombie => {
                    // A parent that ended leaves its child to another, and a terminal that was
                    // closed is nobody's any more.
                    if (stat.parent, stat.terminal) != (watched.parent, watched.terminal) {
                        facts.extend(self.describe(pid));
                    }
                    let usage = usages.get(&pid).copied();
                    pulses.push(ProcessSample {
                        key: watched.key,
                        state: run_state(pid, &stat),
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

    fn keys(&self) -> impl Iterator<Item = ProcessKey> {
        self.watched.values().map(|w| w.key)
    }
}

fn run_state(pid: u32, stat: &ProcessStat) -> RunState {
    if let Some(signal) = stat.stopped {
        RunState::Stopped(stop_signal(signal))
    } else if sys::is_frozen(pid) {
        RunState::Frozen
    } else {
        RunState::Running
    }
}

/// SIGSTOP and SIGTSTP have other numbers on macOS; rustix knows them.
fn stop_signal(number: u32) -> StopSignal {
    use rustix::process::Signal;
    let is = |signal: Signal| u32::try_from(signal.as_raw()) == Ok(number);
    if is(Signal::TSTP) {
        StopSignal::Keyboard
    } else if is(Signal::STOP) {
        StopSignal::Program
    } else if is(Signal::TTIN) || is(Signal::TTOU) {
        StopSignal::Terminal
    } else {
        StopSignal::Unknown
    }
}

fn process_age(stat: &ProcessStat) -> Duration {
    sys::since_boot().saturating_sub(sys::start_since_boot(stat.start))
}

/// The share of the longest rest that a dismissed pid is given, from one half on, so that not all
/// those of the first look are looked at again at once.
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

/// Tells exits as they happen, new clients and changed states at each look.
async fn run_process_source(
    mut processes: ProcessSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut exits = JoinSet::new();
    let mut awaited = BTreeSet::new();
    let mut deaf = BTreeSet::new();
    let mut looked_at = clock::instant();
    // The first look was taken before this began.
    let (mut period, mut nudge) = {
        let orders = orders.borrow_and_update();
        (orders.cadence.processes, orders.nudge)
    };
    loop {
        for key in processes.keys() {
            if awaited.insert(key) {
                exits.spawn(async move { (key, waiting::wait_exit(key).await.is_ok()) });
            }
        }
        let facts = tokio::select! {
            Some(exit) = exits.join_next() => {
                let Ok((key, told)) = exit else { continue };
                if !told {
                    // Where the system cannot tell exits, the next look will.
                    deaf.insert(key);
                    continue;
                }
                awaited.remove(&key);
                vec![processes.forget_process(key)]
            }
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
                for key in std::mem::take(&mut deaf) {
                    awaited.remove(&key);
                }
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
mod tests;
