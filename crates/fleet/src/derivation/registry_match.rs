//! Which registry file counts for which process, and which sessions are confirmed.
//!
//! Any program that can get a folder scanned (by naming it in one session's environment) can write
//! any pid into a file there. A file therefore counts for a process only if its start time fits (or
//! cannot be compared, and its session began after the process) **and** its folder was named by the
//! user (the default folder, or one of the settings file) or is the one that the environment of this
//! very process leads to. Where that environment cannot be read, the file counts if executable path
//! and arguments are those of Claude Code.
//!
//! A file that counts says what its process does, not what the process *is*: a file in the default
//! folder can name any program of the user. A session is therefore confirmed only if its path or
//! arguments are those of Claude Code, or if its peer socket's `.key` lies in a folder that counts
//! and its executable is named after Claude Code (packages and copies in places not known here).
//! An unconfirmed session is listed and can be jumped to; no other action is possible.

use super::{Fleet, is_present, newest_at};
use crate::client::{self, ConfirmationGap, ProcessRole};
use crate::evidence::{FileEvidence, KnownProcess};
use crate::identity::{ProcessKey, StartMatch, StartTime};
use crate::observation::{ConfigFolder, FolderOrigin, ProcessFacts, RegistryEntry, RegistryFile};
use crate::time::Timestamp;
use crate::timing::STARTING_GRACE;
use std::collections::BTreeMap;
use std::path::Path;

impl Fleet {
    /// The registry file that counts for each process. Where files in two config folders count, the
    /// newer one is taken.
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

    /// A registry file that does not count for the process it names, which path and arguments do
    /// not show to be Claude Code.
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

    /// The files that name a process by pid and start time, in whatever folder.
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

    /// Whether an entry is about this process, not about an earlier one with the same pid.
    pub(super) fn is_entry_of(&self, process: &KnownProcess<'_>, entry: &RegistryEntry) -> bool {
        let facts = process.facts;
        let start = entry.proc_start.map(|told| told.compare(facts.key.start));
        let same_process = match start {
            Some(StartMatch::Same) => true,
            Some(StartMatch::Different) => false,
            Some(StartMatch::Unknown) | None => may_be_entry_of(facts, entry),
        };
        same_process
            && !is_of_other_system(facts.key.start, entry.pid_domain.as_deref())
            && self.machine.shares_pids_with(entry.pid_domain.as_deref())
    }

    /// Whether files in a config folder count for a process.
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

    /// When a process's peer socket was last seen.
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

/// Whether an entry without a comparable start time may be about a process: its session began after
/// the process. For a process that is not known to be Claude Code, the entry must say so.
fn may_be_entry_of(facts: &ProcessFacts, entry: &RegistryEntry) -> bool {
    let began_later = |at: Timestamp| at.after(STARTING_GRACE) >= facts.started_at;
    match facts.role {
        ProcessRole::Interactive | ProcessRole::Headless => {
            entry.started_at.is_none_or(began_later)
        }
        ProcessRole::Other | ProcessRole::Infrastructure => {
            entry.started_at.is_some_and(began_later)
        }
    }
}

/// Whether an entry was written on another operating system, as in a home folder that a Mac shares
/// with its containers. The unit of its start time shows on which one a process runs.
fn is_of_other_system(start: StartTime, domain: Option<&str>) -> bool {
    let written_on = |system: &str| domain.is_some_and(|domain| domain.starts_with(system));
    match start.epoch_second() {
        Some(_) => written_on("linux:"),
        None => written_on("darwin"),
    }
}

/// Whether path or arguments are those of Claude Code. A child that Claude Code starts from its own
/// executable counts too, whatever its arguments.
fn is_known_client(facts: &ProcessFacts) -> bool {
    facts.role != ProcessRole::Other || facts.exe.as_deref().is_some_and(client::is_client)
}
