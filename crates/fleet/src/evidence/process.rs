//! The facts about processes. Exits are derived on request from all facts on file, so that the
//! order of filing does not matter.

use super::{DatedValue, ValueHistory};
use crate::identity::ProcessKey;
use crate::observation::{ProcessFacts, ProcessSample, RunState};
use crate::session::ResourceUsage;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The facts about one process.
#[derive(Debug, Clone, Default, PartialEq)]
struct ProcessHistory {
    described: Option<DatedValue<ProcessFacts>>,
    states: ValueHistory<RunState>,
    usage: Option<DatedValue<ResourceUsage>>,
    exited_at: Option<Timestamp>,
}

/// A process that was described at least once.
#[derive(Debug, Clone, Copy)]
pub struct KnownProcess<'a> {
    /// The newest full description.
    pub facts: &'a ProcessFacts,
    /// Whether the process was running, stopped or frozen, over time.
    pub states: &'a ValueHistory<RunState>,
    /// The newest CPU and memory figures.
    pub usage: Option<ResourceUsage>,
    /// When the process was last described.
    pub described_at: Timestamp,
    /// When the process was last seen alive.
    pub seen_at: Timestamp,
    /// When the process was first known to be gone.
    pub exited_at: Option<Timestamp>,
}

/// The facts about all processes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessEvidence {
    records: BTreeMap<ProcessKey, ProcessHistory>,
    /// When each of these pids was seen to have no process.
    absent: BTreeMap<u32, ValueHistory<()>>,
}

impl ProcessEvidence {
    pub(super) fn describe(&mut self, at: Timestamp, facts: ProcessFacts) {
        self.record_sample(at, facts.pulse);
        let record = self.records.entry(facts.key).or_default();
        let newer = |known: &DatedValue<ProcessFacts>| (at, &facts) > (known.at, &known.value);
        if record.described.as_ref().is_none_or(newer) {
            record.described = Some(DatedValue { at, value: facts });
        }
    }

    pub(super) fn record_sample(&mut self, at: Timestamp, pulse: ProcessSample) {
        let record = self.records.entry(pulse.key).or_default();
        record.states.insert(at, pulse.state);
        if let Some(value) = pulse.usage
            && record
                .usage
                .as_ref()
                .is_none_or(|known| (at, &value) > (known.at, &known.value))
        {
            record.usage = Some(DatedValue { at, value });
        }
    }

    pub(super) fn note_exit(&mut self, at: Timestamp, key: ProcessKey) {
        let record = self.records.entry(key).or_default();
        record.exited_at = Some(record.exited_at.map_or(at, |known| known.min(at)));
    }

    pub(super) fn note_absence(&mut self, at: Timestamp, pid: u32) {
        self.absent.entry(pid).or_default().insert(at, ());
    }

    /// All processes that were described, by pid, and those of one pid by start.
    pub fn all_processes(&self) -> impl Iterator<Item = (ProcessKey, KnownProcess<'_>)> {
        self.records
            .iter()
            .filter_map(|(key, record)| Some((*key, self.process(*key, record)?)))
    }

    fn process<'a>(
        &'a self,
        key: ProcessKey,
        record: &'a ProcessHistory,
    ) -> Option<KnownProcess<'a>> {
        let described = record.described.as_ref()?;
        let seen_at = record.states.newest()?.0;
        let absent = self
            .absent
            .get(&key.pid)
            .and_then(|times| times.first_from(seen_at));
        // A pid has one process at a time: a later one with this pid means that this one is gone.
        let followed = self
            .records
            .range(key..)
            .skip(1)
            .take_while(|(next, _)| next.pid == key.pid)
            .find_map(|(_, next)| next.described.as_ref())
            .map(|next| next.value.started_at.max(seen_at));
        let ends = [record.exited_at, absent, followed];
        Some(KnownProcess {
            facts: &described.value,
            described_at: described.at,
            states: &record.states,
            usage: record.usage.as_ref().map(|u| u.value),
            seen_at,
            exited_at: ends.into_iter().flatten().min(),
        })
    }

    /// When a pid was last seen to have no process.
    pub fn absent_at(&self, pid: u32) -> Option<Timestamp> {
        self.absent.get(&pid)?.newest().map(|(at, ())| at)
    }

    /// Keeps the processes that satisfy `keep`, undescribed ones with a `recent` fact, and the
    /// absences of pids that satisfy `matters`.
    pub(crate) fn retain(
        &mut self,
        keep: impl Fn(&KnownProcess<'_>) -> bool,
        matters: impl Fn(u32) -> bool,
        recent: impl Fn(Timestamp) -> bool,
    ) {
        let kept: Vec<ProcessKey> = self
            .all_processes()
            .filter(|(_, process)| keep(process))
            .map(|(key, _)| key)
            .collect();
        self.records.retain(|key, record| {
            let told = record
                .states
                .newest()
                .map(|(at, _)| at)
                .max(record.exited_at);
            kept.contains(key) || (record.described.is_none() && told.is_some_and(&recent))
        });
        self.absent.retain(|pid, _| matters(*pid));
    }
}
