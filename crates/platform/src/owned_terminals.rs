//! How many terminals an app has.

use super::sys::{self, ProcessStat};
use std::collections::{BTreeMap, BTreeSet};

/// The most processes between an app and the session leader of one of its terminals: iTerm2 has a
/// server in between, an editor its helpers.
const MAX_HELPERS: usize = 3;

/// How many different terminals the session leaders below these processes lead.
///
/// A terminal counts by its session leader, not by a child that is on it: on a Mac the child of
/// Terminal.app is `login`, which belongs to root, so the system does not report its terminal.
pub fn count_owned_terminals(owners: &[u32]) -> usize {
    let pids = sys::pids().unwrap_or_default().into_iter();
    let stats = pids.filter_map(|pid| Some((pid, sys::stat(pid).ok().flatten()?)));
    count_terminals(owners, &stats.collect())
}

fn count_terminals(owners: &[u32], stats: &BTreeMap<u32, ProcessStat>) -> usize {
    let on_terminal = stats.values().filter(|s| s.terminal != 0 && !s.zombie);
    let owned = on_terminal.filter(|s| leads_up_to(s.session, owners, stats));
    let devices: BTreeSet<u64> = owned.map(|s| s.terminal).collect();
    devices.len()
}

/// Whether a session leader descends from one of these processes, with only processes in between
/// that have no terminal: a terminal program that was started in a shell is not part of the app.
fn leads_up_to(leader: u32, owners: &[u32], stats: &BTreeMap<u32, ProcessStat>) -> bool {
    let mut next = leader;
    for _ in 0..=MAX_HELPERS {
        let Some(stat) = stats.get(&next) else {
            return false;
        };
        if next != leader && stat.terminal != 0 {
            return false;
        }
        if owners.contains(&stat.parent) {
            return true;
        }
        next = stat.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::identity::StartTime;

    /// A process: pid, parent, session leader, terminal.
    fn process((pid, parent, session, terminal): (u32, u32, u32, u64)) -> (u32, ProcessStat) {
        let stat = ProcessStat {
            start: StartTime(1),
            parent,
            group: pid,
            session,
            foreground: 0,
            uid: 501,
            stopped: None,
            zombie: false,
            terminal,
        };
        (pid, stat)
    }

    #[test]
    fn terminals_count_by_their_session_leaders() {
        // Terminal.app (10) with two tabs: root's `login` reports no terminal.
        let terminal_app = vec![
            (10, 1, 0, 0),
            (11, 10, 11, 0),
            (12, 11, 11, 3),
            (13, 12, 11, 3),
            (21, 10, 21, 0),
            (22, 21, 21, 4),
        ];
        // iTerm2 (10) with two servers (11, 21), each with one terminal.
        let iterm = vec![
            (10, 1, 0, 0),
            (11, 10, 11, 0),
            (12, 11, 12, 0),
            (13, 12, 12, 3),
            (21, 10, 21, 0),
            (22, 21, 22, 0),
            (23, 22, 22, 4),
        ];
        // A shell (11) in kitty (10) has started Alacritty (12), whose shell is 13.
        let nested = vec![
            (10, 1, 0, 0),
            (11, 10, 11, 3),
            (12, 11, 11, 3),
            (13, 12, 13, 4),
        ];
        for (processes, owners, expected) in [
            (terminal_app.clone(), vec![10], 2),
            (terminal_app[..4].to_vec(), vec![10], 1),
            (terminal_app, vec![99], 0),
            (iterm.clone(), vec![10], 2),
            (iterm, vec![11], 1),
            (nested.clone(), vec![10], 1),
            (nested, vec![12], 1),
            (Vec::new(), vec![10], 0),
        ] {
            let stats = processes.iter().copied().map(process).collect();
            let found = count_terminals(&owners, &stats);
            assert_eq!(found, expected, "{owners:?} in {processes:?}");
        }
    }
}
