//! Runs the facts of a report through the decoders of the sources and through a fleet, as the engine
//! does with those of its own machine.

mod findings;
mod kernel;

pub use findings::{FindingArea, ReportFinding, UnknownWordUse};
pub use kernel::ReportedKernel;

use crate::format::{MachineReport, ReportedFile, ReportedFolder};
use crate::redact::STAND_IN_HOST;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::identity::MachineIdentity;
use trusty_fleet::observation::{
    FolderFacts, FolderOrigin, HealthKey, RegistryEntry, RegistryFile,
};
use trusty_fleet::session::Source;
use trusty_fleet::time::rfc3339;
use trusty_fleet::{Fact, Fleet, Observation, Snapshot, System, Timestamp};
use trusty_platform::clock::Clock;
use trusty_platform::process_reader::ProcessReader;
use trusty_records::settings::Confinement;
use trusty_sources::process::ProcessSource;
use trusty_sources::{registry, tmux};
use trusty_wire::process_scope::ProcessScope;

/// Sessions name folders, and folders processes: how often the processes are read again.
const MAX_REPLAY_ROUNDS: usize = 3;

/// The most sessions that are explained: each explanation judges all sessions again.
const MAX_EXPLAINED_SESSIONS: usize = 64;

/// What Trusty Bar makes of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayedReport {
    /// When the facts were read.
    #[serde(with = "rfc3339")]
    pub taken_at: SystemTime,
    /// The system of the machine.
    pub system: System,
    /// All sessions, and the health of the sources.
    pub snapshot: Snapshot,
    /// Why each of the first 64 sessions has its status, in the order of the sessions.
    pub explanations: Vec<Explanation>,
    /// What is wrong.
    pub problems: Vec<ReportFinding>,
    /// Words of Claude Code that this version does not know, each with its uses.
    pub unknown_words: Vec<UnknownWordUse>,
}

/// Replays a report at the time at which it was taken.
pub fn replay_report(report: &MachineReport) -> ReplayedReport {
    let mut replay = ReportReplay::new(report);
    replay.file_folders();
    replay.file_processes();
    replay.file_panes();
    let now = replay.now;
    let snapshot = replay.fleet.snapshot(now);
    let explained = snapshot.sessions.iter().take(MAX_EXPLAINED_SESSIONS);
    let explanations: Vec<Explanation> = explained
        .filter_map(|session| replay.fleet.explain(session.id, now))
        .collect();
    let (problems, unknown_words) =
        findings::find_problems(report, &replay.kernel, &replay.entries, &snapshot);
    ReplayedReport {
        taken_at: report.taken_at,
        system: report.machine.system,
        snapshot,
        explanations,
        problems,
        unknown_words,
    }
}

/// A registry file that was understood.
type DecodedEntries = BTreeMap<RegistryFile, RegistryEntry>;

struct ReportReplay<'a> {
    report: &'a MachineReport,
    kernel: ReportedKernel<'a>,
    fleet: Fleet,
    now: Timestamp,
    entries: DecodedEntries,
}

impl<'a> ReportReplay<'a> {
    fn new(report: &'a MachineReport) -> Self {
        let machine = &report.machine;
        let host = (machine.system == System::Linux).then(|| STAND_IN_HOST.to_owned());
        let identity = MachineIdentity {
            boot: machine.boot.clone(),
            uid: machine.uid,
            host,
            pid_namespace: machine.pid_namespace.clone(),
        };
        Self {
            report,
            kernel: ReportedKernel::new(report),
            fleet: Fleet::new(identity),
            now: report.taken_at.into(),
            entries: BTreeMap::new(),
        }
    }

    fn file(&mut self, fact: Fact) {
        self.fleet
            .handle_observation(Observation { at: self.now, fact });
    }

    fn file_folders(&mut self) {
        for folder in &self.report.config_folders {
            let dir = PathBuf::from(&folder.path);
            let origin = if folder.named_by_session {
                FolderOrigin::Session
            } else {
                FolderOrigin::User
            };
            let identity = self.kernel.folder_identity(folder);
            let facts = FolderFacts { identity, origin };
            self.file(Fact::ConfigFolder(dir.clone(), facts));
            if let Some(problem) = &folder.problem {
                let sessions = dir.join("sessions").display().to_string();
                self.file(health(Source::Registry, sessions, problem));
            }
            if let Some(hooks) = &folder.hooks {
                self.file(Fact::HookInstall(dir, hooks.into()));
            }
            self.file_registry(folder);
        }
    }

    fn file_registry(&mut self, folder: &ReportedFolder) {
        for file in &folder.registry {
            let Some((pid, ending)) = file.name.split_once('.') else {
                continue;
            };
            let Some(pid) = pid
                .parse()
                .ok()
                .filter(|pid| self.kernel.process(*pid).is_some())
            else {
                continue;
            };
            let dir = PathBuf::from(&folder.path);
            let key = RegistryFile { dir, pid };
            if ending == "json" {
                self.file_entry(key, file);
            } else if ending.rsplit('.').next() == Some("key") {
                self.file(Fact::RegistryKey(key));
            }
        }
    }

    fn file_entry(&mut self, key: RegistryFile, file: &ReportedFile) {
        let bytes = match (&file.content, &file.problem) {
            (Some(Value::String(text)), _) => text.clone().into_bytes(),
            (Some(content), _) => content.to_string().into_bytes(),
            (None, _) => Vec::new(),
        };
        let (entry, problem) = match registry::decode(&bytes) {
            Ok(entry) => (entry, None),
            Err(e) => {
                let problem = file.problem.clone().unwrap_or_else(|| e.to_string());
                (registry::not_understood(None), Some(problem))
            }
        };
        if let Some(problem) = problem {
            let path = key.dir.join("sessions").join(&file.name);
            self.file(health(
                Source::Registry,
                path.display().to_string(),
                &problem,
            ));
        }
        self.entries.insert(key.clone(), entry.clone());
        self.file(Fact::Registry(key, Box::new(entry)));
    }

    fn file_processes(&mut self) {
        let scope = ProcessScope {
            uid: self.report.machine.uid,
            confinement: Confinement::Open,
            home: PathBuf::from(&self.report.home),
            config_dirs: self
                .report
                .config_folders
                .iter()
                .filter(|folder| !folder.named_by_session)
                .map(|folder| PathBuf::from(&folder.path))
                .collect(),
        };
        let kernel = ReportedKernel::new(self.report);
        let clock = Clock::starting_at(self.report.taken_at, kernel.since_boot());
        let mut source = ProcessSource::with_reader(kernel, scope, clock);
        let mut facts = source.scan_all();
        for _ in 0..MAX_REPLAY_ROUNDS {
            for fact in facts {
                self.file(fact);
            }
            // Registry files name processes that no path shows to be Claude Code.
            let wanted = self.fleet.source_demand(self.now).pids;
            facts = source.describe_unwatched(&wanted);
            if facts.is_empty() {
                break;
            }
        }
    }

    fn file_panes(&mut self) {
        for server in &self.report.tmux {
            if let Some(problem) = &server.problem {
                self.file(health(Source::Tmux, server.socket.clone(), problem));
            } else {
                let lines = server.panes.join("\n");
                let panes = tmux::decode(lines.as_bytes());
                self.file(Fact::Panes(PathBuf::from(&server.socket), panes));
            }
        }
    }
}

fn health(source: Source, subject: String, problem: &str) -> Fact {
    Fact::Health(HealthKey { source, subject }, Some(problem.to_owned()))
}

#[cfg(test)]
mod tests;
