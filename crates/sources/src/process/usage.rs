//! What process trees use, measured between two samples.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::session::ResourceUsage;
use trusty_platform::process_reader::ProcessReader;

/// Over a shorter time, the kernel's steps of 10 ms say nothing about a share of the processor.
const MIN_SAMPLE_TIME: Duration = Duration::from_millis(100);

/// The processor time of a process when it was last measured.
#[derive(Debug, Clone, Copy)]
struct CpuSample {
    at: Instant,
    cpu_time: Duration,
    /// The share of one processor at that time, in percent.
    percent: f32,
}

/// Keeps the processor times from which the next usage is measured.
#[derive(Debug, Default)]
pub(super) struct UsageMeter {
    samples: BTreeMap<ProcessKey, CpuSample>,
}

impl UsageMeter {
    /// The usage of the process tree below each root. Reads the whole process table, so only while
    /// usage is shown. The first measure of a process shows no processor time.
    pub(super) fn measure(
        &mut self,
        kernel: &impl ProcessReader,
        roots: impl Iterator<Item = u32>,
        now: Instant,
    ) -> BTreeMap<u32, ResourceUsage> {
        let mut keys: BTreeMap<u32, ProcessKey> = BTreeMap::new();
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for pid in kernel.pids().unwrap_or_default() {
            if let Ok(Some(stat)) = kernel.stat(pid) {
                let start = stat.start;
                keys.insert(pid, ProcessKey { pid, start });
                children.entry(stat.parent).or_default().push(pid);
            }
        }
        let trees: BTreeMap<u32, Vec<u32>> = roots
            .map(|root| (root, process_subtree(root, &children)))
            .collect();
        // One tree may lie within another.
        let all: BTreeSet<ProcessKey> = trees
            .values()
            .flatten()
            .filter_map(|pid| keys.get(pid).copied())
            .collect();
        self.samples.retain(|key, _| all.contains(key));
        let mut used: BTreeMap<u32, ResourceUsage> = BTreeMap::new();
        for key in all {
            if let Some(usage) = kernel.usage(key.pid) {
                let cpu = self.percent(key, usage.cpu_time, now);
                let rss = usage.resident_bytes;
                used.insert(key.pid, ResourceUsage { cpu, rss });
            }
        }
        let sum = |tree: &[u32]| {
            let mut sum = ResourceUsage { cpu: 0.0, rss: 0 };
            for usage in tree.iter().filter_map(|pid| used.get(pid)) {
                sum.cpu += usage.cpu;
                sum.rss = sum.rss.saturating_add(usage.rss);
            }
            sum
        };
        trees
            .iter()
            .map(|(root, tree)| (*root, sum(tree)))
            .collect()
    }

    /// The share of one processor since the last sample, in percent.
    fn percent(&mut self, key: ProcessKey, cpu_time: Duration, now: Instant) -> f32 {
        let before = self.samples.get(&key).copied();
        let percent = match before {
            None => 0.0,
            Some(before) => {
                let time = now.saturating_duration_since(before.at);
                if time < MIN_SAMPLE_TIME {
                    return before.percent;
                }
                let worked = cpu_time.saturating_sub(before.cpu_time);
                100.0 * worked.as_secs_f32() / time.as_secs_f32()
            }
        };
        let sample = CpuSample {
            at: now,
            cpu_time,
            percent,
        };
        self.samples.insert(key, sample);
        percent
    }
}

/// A process and its descendants.
fn process_subtree(root: u32, children: &BTreeMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(pid) = tree.get(at) {
        let below = children.get(pid).cloned().unwrap_or_default();
        tree.extend(below);
        at += 1;
    }
    tree
}
