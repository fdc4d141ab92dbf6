//! Drops evidence that can no longer bear on a session.

use super::{Fleet, is_present, newest_at};
use crate::evidence::KnownProcess;
use crate::observation::FolderOrigin;
use crate::time::Timestamp;
use crate::timing::STOPPED_RETENTION;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

impl Fleet {
    /// Drops evidence that can no longer bear on any session.
    pub fn prune(&mut self, now: Timestamp) {
        self.prune_processes(now);
        self.prune_places(now);
        self.prune_content(now);
    }

    fn prune_processes(&mut self, now: Timestamp) {
        let expired = |p: &KnownProcess<'_>| {
            p.exited_at
                .is_some_and(|at| now.since(at) > STOPPED_RETENTION)
        };
        let evidence = &mut self.evidence;
        let alive: BTreeSet<u32> = evidence
            .processes
            .all_processes()
            .filter(|(_, p)| !expired(p))
            .map(|(key, _)| key.pid)
            .collect();
        let processes = &evidence.processes;
        evidence.files.retain(|file, e| {
            let dead = processes
                .absent_at(file.pid)
                .zip(newest_at(e))
                .is_some_and(|(a, e)| a >= e);
            alive.contains(&file.pid) || (is_present(e) && !dead)
        });
        evidence.keys.retain(|file, seen| {
            let absent = processes.absent_at(file.pid);
            alive.contains(&file.pid) || absent.is_none_or(|a| a < *seen)
        });
        let looked_into = |dir: &PathBuf| {
            let named = |p: &KnownProcess<'_>| p.facts.config_dir.as_ref() == Some(dir);
            evidence.files.keys().any(|f| f.dir == *dir)
                || processes.all_processes().any(|(_, p)| named(&p))
        };
        evidence
            .folders
            .retain(|dir, told| told.value.origin == FolderOrigin::User || looked_into(dir));
        let files: BTreeSet<u32> = evidence.files.keys().map(|f| f.pid).collect();
        evidence.processes.retain(
            |process| !expired(process),
            |pid| files.contains(&pid),
            |at| now.since(at) <= STOPPED_RETENTION,
        );
    }

    fn prune_places(&mut self, now: Timestamp) {
        let evidence = &mut self.evidence;
        let processes = &evidence.processes;
        let named = |server: &PathBuf| {
            processes
                .all_processes()
                .any(|(_, p)| p.facts.tmux_socket.as_ref() == Some(server))
        };
        evidence.servers.retain(|server, panes| {
            !panes.value.is_empty() || now.since(panes.at) <= STOPPED_RETENTION || named(server)
        });
        evidence.health.retain(|_, told| {
            told.newest()
                .is_none_or(|(at, problem)| problem.is_some() || now.since(at) <= STOPPED_RETENTION)
        });
        let servers = &evidence.servers;
        evidence.shown.retain(|(server, session), _| {
            servers
                .get(server)
                .is_some_and(|s| s.value.iter().any(|p| p.session == *session))
        });
        let machine = &self.machine;
        let ids: BTreeSet<_> = evidence
            .processes
            .all_processes()
            .map(|(key, _)| machine.session_id(key))
            .collect();
        evidence.focused_at.retain(|id, _| ids.contains(id));
        evidence.gates.retain(|id, _| ids.contains(id));
        evidence.gates_told_at.retain(|id, _| ids.contains(id));
        evidence.acts.retain(|id, _| ids.contains(id));
        evidence.answers.retain(|id, _| ids.contains(id));
        evidence.requests.retain(|id, all| {
            let newest = all.oldest_first().last().map(|(at, _, _)| *at);
            ids.contains(id) || newest.is_some_and(|at| now.since(at) <= STOPPED_RETENTION)
        });
        evidence.pauses.retain(|id, dated| {
            dated.value.is_some() || ids.contains(id) || now.since(dated.at) <= STOPPED_RETENTION
        });
    }

    /// Drops transcripts, panes, lists and hooks of sessions that are gone.
    fn prune_content(&mut self, now: Timestamp) {
        let (mut transcripts, mut panes, mut dirs) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for known in self.entries(now) {
            transcripts.extend(known.transcript.clone());
            panes.extend(known.pane_key());
            dirs.extend(known.dir().map(Path::to_path_buf));
        }
        let entries = self.evidence.files.values();
        let sessions: BTreeSet<String> = entries
            .filter_map(|f| f.entries.newest()?.1.session_id.clone())
            .collect();
        let evidence = &mut self.evidence;
        evidence
            .transcripts
            .retain(|key, _| transcripts.contains(key));
        evidence.screens.retain(|key, _| panes.contains(key));
        evidence.lists.retain(|(dir, _), told| {
            let recent = |(at, _): (Timestamp, _)| now.since(at) <= STOPPED_RETENTION;
            dirs.contains(dir) && told.newest().is_some_and(recent)
        });
        evidence.hooks.retain(|id, told| {
            let recent = |at: Timestamp| now.since(at) <= STOPPED_RETENTION;
            sessions.contains(id) || told.newest_at().is_some_and(recent)
        });
    }
}
