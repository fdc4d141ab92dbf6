//! Which registry file counts for which process, and which sessions are confirmed.
//!
//! Anybody who can have a folder looked into (one session's environment names it) can write any
//! pid into it. So a file counts for a process only if its start time fits **and** its folder is
//! one that the user named (the default one, or one of the settings file) or the one that the
//! environment of this very process leads to. Where that environment cannot be read, it counts if
//! path and arguments say "client".
//!
//! A file that counts tells what its process does. It does not tell what its process *is*: a file
//! in the default folder can name any program of the user. So a session is confirmed only if path
//! or arguments say "client", or if its peer socket's `.key` lies in a folder that counts and its
//! executable is named after the client (packages and copies that lie at places not known here).
//! What is not confirmed is listed and can be jumped to; nothing else is done to it.

use super::{Fleet, is_present, newest_at};
use crate::client::{self, ConfirmationGap, ProcessRole};
use crate::evidence::{FileEvidence, KnownProcess};
use crate::identity::ProcessKey;
use crate::observation::{ConfigFolder, FolderOrigin, ProcessFacts, RegistryEntry, RegistryFile};
use crate::time::Timestamp;
use crate::timing::STARTING_GRACE;
use std::collections::BTreeMap;
use std::path::Path;

impl Fleet {
    /// Which registry file counts for which process. Where two config folders claim a process,
    /// the newer file counts.
    pub(super) fn registered(&self) -> BTreeMap<ProcessKey, (&RegistryFile, &FileEvidence)> {
        let mut registered: BTreeMap<ProcessKey, (&RegistryFile, &FileEvidence)> = BTreeMap::new();
        for (key, process) in self.evidence.processes.all_processes() {
            for (file, evidence) in self.files_of(&process) {
                if !self.leads_to(process.facts, &file.dir) {
                    continue;
                }
                let best = registered.entry(key).or_insert((file, evidence));
                if newest_at(evidence) > newest_at(best.1) {
                    *best = (file, evidence);
                }
            }
        }
        registered
    }

    /// A registry file that names a process not known as a client, and does not count for it.
    pub(super) fn foreign_file(
        &self,
        process: &KnownProcess<'_>,
    ) -> Option<(&RegistryFile, &FileEvidence)> {
        if process.facts.role != ProcessRole::Other {
            return None;
        }
        let mut files = self.files_of(process).filter(|(_, f)| is_present(f));
        files.find(|(file, _)| !self.leads_to(process.facts, &file.dir))
    }

    /// The files that name a process by pid and start time, whatever folder they lie in.
    fn files_of<'a>(
        &'a self,
        process: &KnownProcess<'_>,
    ) -> impl Iterator<Item = (&'a RegistryFile, &'a FileEvidence)> {
        let process = *process;
        let named = self.evidence.files.iter();
        named.filter(move |(file, evidence)| {
            file.pid == process.facts.key.pid
                && evidence
                    .entries
                    .runs(Clone::clone)
                    .any(|run| self.is_entry_of(&process, run.value))
        })
    }

    /// Whether an entry is about this process, not about an earlier one with its pid.
    pub(super) fn is_entry_of(&self, process: &KnownProcess<'_>, entry: &RegistryEntry) -> bool {
        let facts = process.facts;
        let same_process = match entry.proc_start {
            Some(start) => start == facts.key.start,
            None => {
                matches!(facts.role, ProcessRole::Interactive | ProcessRole::Headless)
                    && entry
                        .started_at
                        .is_none_or(|at| at.after(STARTING_GRACE) >= facts.started_at)
            }
        };
        same_process && self.machine.shares_pids_with(entry.pid_domain.as_deref())
    }

    /// Whether what lies in a config folder counts for a process.
    fn leads_to(&self, facts: &ProcessFacts, dir: &Path) -> bool {
        let folder = self.evidence.folders.get(dir).map(|told| told.value);
        if folder.is_some_and(|f| f.origin == FolderOrigin::User)
            || facts.config_dir.as_deref() == Some(dir)
        {
            return true;
        }
        match facts.config_folder {
            ConfigFolder::Found(own) => folder.is_some_and(|f| f.identity == Some(own)),
            ConfigFolder::Missing => false,
            ConfigFolder::Unreadable => facts.config_dir.is_none() && is_known_client(facts),
        }
    }

    /// When a process was last seen to have its peer socket.
    pub(super) fn key_seen(&self, process: &KnownProcess<'_>) -> Option<Timestamp> {
        let facts = process.facts;
        let keys = self.evidence.keys.iter().filter(|(file, at)| {
            file.pid == facts.key.pid && **at >= facts.started_at && self.leads_to(facts, &file.dir)
        });
        keys.map(|(_, at)| *at).max()
    }

    /// What is missing for a session to be confirmed.
    pub(super) fn confirmation_gap(
        &self,
        process: &KnownProcess<'_>,
        foreign: Option<&RegistryFile>,
    ) -> Option<ConfirmationGap> {
        let facts = process.facts;
        if let Some(file) = foreign {
            return Some(ConfirmationGap::ForeignFolder(file.dir.clone()));
        }
        let exe = facts.exe.as_deref();
        let is_vouched_for =
            || exe.is_some_and(client::is_named_after_client) && self.key_seen(process).is_some();
        if is_known_client(facts) || is_vouched_for() {
            return None;
        }
        Some(ConfirmationGap::UnknownProgram(facts.exe.clone()))
    }
}

/// Whether path or arguments say "client". A client's own child, for which arguments count less,
/// runs the client's executable.
fn is_known_client(facts: &ProcessFacts) -> bool {
    facts.role != ProcessRole::Other || facts.exe.as_deref().is_some_and(client::is_client)
}
