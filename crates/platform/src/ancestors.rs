//! The parents of a process.

use super::process_reader::{LiveKernel, ProcessReader};
use super::process_stat::ProcessStat;
use std::path::Path;
use trusty_fleet::terminal::{JobControlIds, ProcessAncestor};

/// The limit for the parents of one process; a longer chain is taken for a loop.
const MAX_PARENT_CHAIN: usize = 32;

/// The parents of a process of this machine, nearest first, without pid 1; at most 32.
pub fn ancestors(pid: u32) -> Vec<ProcessAncestor> {
    let stat = LiveKernel.stat(pid).ok().flatten();
    stat.map_or_else(Vec::new, |stat| read_ancestors(&LiveKernel, stat.parent))
}

/// A process and its parents, nearest first, without pid 1; at most 32.
pub fn read_ancestors(kernel: &impl ProcessReader, nearest: u32) -> Vec<ProcessAncestor> {
    let mut chain: Vec<ProcessAncestor> = Vec::new();
    let mut next = nearest;
    while next > 1 && chain.len() < MAX_PARENT_CHAIN && chain.iter().all(|a| a.pid != next) {
        let Ok(Some(stat)) = kernel.stat(next) else {
            break;
        };
        let Some(program) = kernel.program(next) else {
            break;
        };
        chain.push(ProcessAncestor {
            pid: next,
            exe: program.path().map(Path::to_path_buf),
            name: program.name,
            start: Some(stat.start),
            uid: Some(stat.uid),
            seat: Some(job_control_ids(&stat)),
        });
        next = stat.parent;
    }
    chain
}

/// The place of a process in the job control of its terminal.
pub fn job_control_ids(stat: &ProcessStat) -> JobControlIds {
    JobControlIds {
        session: stat.session,
        group: stat.group,
    }
}
