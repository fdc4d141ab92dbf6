//! The pause records, the hooks that wait for a pause to end, and the sessions that hooks have
//! marked. Reported when they change; while hooks wait, they are also checked for being alive.

use super::watch::{SourceWatcher, WatchedFolder};
use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{HealthKey, HookMarks};
use trusty_fleet::pause::{Gate, PauseRecord};
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, SessionId};
use trusty_platform::clock;
use trusty_platform::sys;
use trusty_records::hook_marks::MarkFolder;
use trusty_records::store::PauseStore;

/// How often waiting hooks are checked, because a killed one leaves its file behind.
const GATE_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How often the folders are read while changes cannot be watched.
const PAUSE_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How often the folders are read in any case.
const PAUSE_RESCAN_INTERVAL: Duration = Duration::from_secs(30);

/// How often the marks of ended sessions are removed.
const MARK_CLEAN_INTERVAL: Duration = Duration::from_mins(10);

/// The records, gates and marks last reported.
#[derive(Debug)]
pub struct PauseSource {
    store: PauseStore,
    marks: MarkFolder,
    known_marks: HookMarks,
    known: BTreeMap<SessionId, (PauseRecord, Vec<Gate>)>,
    broken: BTreeSet<String>,
}

impl PauseSource {
    /// Knows no record yet.
    pub fn new(store: PauseStore, marks: MarkFolder) -> Self {
        Self {
            store,
            marks,
            known_marks: HookMarks::default(),
            known: BTreeMap::new(),
            broken: BTreeSet::new(),
        }
    }

    /// What has changed since the last call.
    pub fn poll(&mut self) -> Vec<Fact> {
        let mut facts = self.poll_marks();
        facts.extend(self.poll_records());
        facts
    }

    fn poll_marks(&mut self) -> Vec<Fact> {
        let now = self.marks.read();
        if now == self.known_marks {
            return Vec::new();
        }
        self.known_marks = now.clone();
        vec![Fact::HookMarks(now)]
    }

    fn poll_records(&mut self) -> Vec<Fact> {
        let mut broken = BTreeMap::new();
        let folder = self.store.folder().display().to_string();
        let sessions = match self.store.sessions() {
            Ok(sessions) => sessions,
            Err(e) => {
                // The records last reported stay: an unreadable folder ends no pause.
                broken.insert(folder, e.to_string());
                return self.health(broken);
            }
        };
        let mut now = BTreeMap::new();
        for id in sessions {
            match self.store.read(id) {
                Ok(Some(record)) => {
                    let mut gates = self.store.gates(id).unwrap_or_default();
                    gates.retain(is_gate_alive);
                    gates.sort();
                    now.insert(id, (record, gates));
                }
                Ok(None) => {}
                Err(e) => {
                    let told = match e.recovery_hint(id) {
                        Some(way_out) => format!("{e}; {way_out}"),
                        None => e.to_string(),
                    };
                    broken.insert(self.store.path(id).display().to_string(), told);
                }
            }
        }
        let facts = self.changed_facts(&now);
        self.known = now;
        facts.into_iter().chain(self.health(broken)).collect()
    }

    fn changed_facts(&self, now: &BTreeMap<SessionId, (PauseRecord, Vec<Gate>)>) -> Vec<Fact> {
        let mut facts = Vec::new();
        for id in self.known.keys().filter(|id| !now.contains_key(id)) {
            facts.extend([Fact::PauseGone(*id), Fact::Gates(*id, Vec::new())]);
        }
        for (id, (record, gates)) in now {
            let before = self.known.get(id);
            if before.is_none_or(|(known, _)| known != record) {
                facts.push(Fact::Pause(*id, Box::new(record.clone())));
            }
            if before.map_or(!gates.is_empty(), |(_, known)| known != gates) {
                facts.push(Fact::Gates(*id, gates.clone()));
            }
        }
        facts
    }

    fn health(&mut self, broken: BTreeMap<String, String>) -> Vec<Fact> {
        let key = |subject: &str| HealthKey {
            source: Source::Pause,
            subject: subject.to_owned(),
        };
        let healed = self.broken.iter().filter(|s| !broken.contains_key(*s));
        let mut facts: Vec<Fact> = healed.map(|s| Fact::Health(key(s), None)).collect();
        facts.extend(
            broken
                .iter()
                .filter(|(subject, _)| !self.broken.contains(*subject))
                .map(|(subject, why)| Fact::Health(key(subject), Some(why.clone()))),
        );
        self.broken = broken.into_keys().collect();
        facts
    }

    fn has_waiting_gates(&self) -> bool {
        self.known.values().any(|(_, gates)| !gates.is_empty())
    }
}

fn is_gate_alive(gate: &Gate) -> bool {
    let stat = sys::stat(gate.process.pid).ok().flatten();
    stat.is_some_and(|s| s.start == gate.process.start && !s.zombie)
}

impl ObservationSource for PauseSource {
    const THREAD_NAME: &'static str = "trusty-pause";
    const SCAN_STAGE: ScanStage = ScanStage::Discovery;

    async fn scan(
        &mut self,
        round: ScanRound,
        _wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        if round == ScanRound::Later {
            return ScanProgress::Nothing;
        }
        sink(self.poll());
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_pause_source(self, orders, out).await
    }
}

/// Reports changes as they happen.
async fn run_pause_source(
    mut pauses: PauseSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Pause);
    let mut cleaned_at = None;
    loop {
        let is_due = |at: Instant| at.elapsed() >= MARK_CLEAN_INTERVAL;
        if cleaned_at.is_none_or(is_due) {
            pauses.marks.clean();
            cleaned_at = Some(clock::instant());
        }
        let folders = [pauses.store.folder(), pauses.marks.folder()].map(Path::to_path_buf);
        let released = pauses.store.release_folder();
        let folders = folders.into_iter().chain(released);
        let moved = watch.set_folders(folders.map(WatchedFolder::single));
        let mut facts = pauses.poll();
        facts.extend(watch.health());
        if out.send(facts).await.is_err() {
            return Shutdown;
        }
        if moved {
            // Repeated until no watch moves: a folder may appear below its watched parent.
            continue;
        }
        let rest = match (pauses.has_waiting_gates(), watch.is_blind()) {
            (true, _) => GATE_POLL_INTERVAL,
            (false, true) => PAUSE_POLL_INTERVAL,
            (false, false) => PAUSE_RESCAN_INTERVAL,
        };
        let looked_at = clock::instant();
        loop {
            tokio::select! {
                _ = watch.next() => break,
                changed = orders.changed() => if changed.is_err() {
                    return Shutdown;
                },
                () = clock::sleep(rest.saturating_sub(looked_at.elapsed())) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;
    use trusty_fleet::identity::{ProcessKey, StartTime};
    use trusty_fleet::pause::{Initiator, InterruptedWork, PauseMethod, PausePhase};
    use trusty_wire::environment::Environment;

    fn record(id: SessionId) -> PauseRecord {
        PauseRecord {
            version: 1,
            session: id,
            boot: "b".into(),
            domain: None,
            client: ProcessKey {
                pid: 7,
                start: StartTime(70),
            },
            phase: PausePhase::Pausing,
            since: SystemTime::UNIX_EPOCH,
            by: Initiator::Command,
            summary: "ran Bash: make".into(),
            at_work: InterruptedWork::Nothing,
            tty: None,
            means: PauseMethod::Hold,
        }
    }

    #[test]
    fn records_are_told_when_they_change() {
        let home = tempfile::tempdir().expect("folder");
        let env = Environment {
            home: home.path().into(),
            ..Environment::default()
        };
        let store = PauseStore::from_env(&env);
        let mut pauses = PauseSource::new(store.clone(), MarkFolder::new(&env));
        assert_eq!(pauses.poll(), []);
        let id = SessionId::new();
        let mut record = record(id);
        store.write(&record).expect("written");
        assert_eq!(pauses.poll(), [Fact::Pause(id, Box::new(record.clone()))]);
        assert_eq!(pauses.poll(), []);

        let me = std::process::id();
        let start = sys::stat(me).expect("stat").expect("alive").start;
        let gate = |pid, start| Gate {
            process: ProcessKey { pid, start },
            event: "PreToolUse".into(),
            agent: None,
            tool: Some("Bash".into()),
            since: None,
        };
        store.write_gate(id, &gate(me, start)).expect("written");
        let dead = gate(u32::MAX - 1, StartTime(1));
        store.write_gate(id, &dead).expect("written");
        record.phase = PausePhase::Paused;
        store.write(&record).expect("written");
        assert_eq!(
            pauses.poll(),
            [
                Fact::Pause(id, Box::new(record)),
                Fact::Gates(id, vec![gate(me, start)])
            ]
        );
        assert!(pauses.has_waiting_gates());

        let aside = store.folder().with_extension("aside");
        std::fs::rename(store.folder(), &aside).expect("moved");
        std::fs::write(store.folder(), "no folder").expect("written");
        let told = pauses.poll();
        assert!(
            matches!(told.as_slice(), [Fact::Health(_, Some(_))]),
            "{told:?}"
        );
        std::fs::remove_file(store.folder()).expect("removed");
        std::fs::rename(&aside, store.folder()).expect("moved back");
        assert!(matches!(pauses.poll().as_slice(), [Fact::Health(_, None)]));

        std::fs::write(store.path(id), "{").expect("written");
        let told = pauses.poll();
        let [gone, none, Fact::Health(_, Some(why))] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(
            [gone, none],
            [&Fact::PauseGone(id), &Fact::Gates(id, vec![])]
        );
        assert!(why.contains("is not a pause record"), "{why}");
        store.remove(id).expect("removed");
        let told = pauses.poll();
        assert!(
            matches!(told.as_slice(), [Fact::Health(_, None)]),
            "{told:?}"
        );
        assert_eq!(
            std::fs::read_dir(store.folder()).expect("folder").count(),
            0
        );
    }
}
