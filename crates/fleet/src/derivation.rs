//! The fleet: files observations, derives the snapshot, and says what else sources should read.

mod build_session;
mod capabilities;
mod prune;
mod registry_match;
mod requests;
mod review;

pub use crate::session_requests::AnswerReadiness;
pub use review::{FleetReview, SourceDemand};

use crate::client::{ConfirmationGap, ProcessRole};
use crate::evidence::{Evidence, FileEvidence, KnownProcess};
use crate::explanation::{self, Explanation};
use crate::fleet_entry::{FleetEntry, pane_key};
use crate::identity::{MachineIdentity, ProcessKey, SessionId};
use crate::observation::{
    HookInstall, Observation, ProcessFacts, RegistryEntry, RegistryFile, ScreenReading, TmuxPane,
    TranscriptKey, TranscriptSelector,
};
use crate::pause::PauseRecord;
use crate::session::{Session, Source, shift_time};
use crate::session_evidence::{self, HookProof, SessionEvidence};
use crate::session_requests;
use crate::snapshot::HealthIssue;
use crate::status;
use crate::terminal::{self, ProcessAncestor};
use crate::time::Timestamp;
use crate::timing::STOPPED_RETENTION;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// All sessions of one user on one machine.
#[derive(Debug, Clone)]
pub struct Fleet {
    machine: MachineIdentity,
    evidence: Evidence,
}

impl Fleet {
    /// A fleet without any evidence.
    pub fn new(machine: MachineIdentity) -> Self {
        Self {
            machine,
            evidence: Evidence::default(),
        }
    }

    /// Files one observation; no content makes this fail.
    pub fn handle_observation(&mut self, observation: Observation) {
        self.evidence.file_observation(observation);
    }

    /// Explains a session's status at `now`; `None` if there is no such session.
    pub fn explain(&self, id: SessionId, now: Timestamp) -> Option<Explanation> {
        let known = self
            .entries(now)
            .find(|k| self.machine.session_id(k.key) == id)?;
        let connection = self.connection(&known);
        let mut testimonies =
            explanation::testimonies(&known.case, &known.verdict, connection, now);
        for told in &mut testimonies {
            told.observed_at = told
                .observed_at
                .map(|at| shift_time(at, self.wall_clock_lead()));
        }
        Some(Explanation {
            session: self.draw_session(&known, now),
            testimonies,
        })
    }

    /// Whether a process whose file was seen at `seen` may still be alive.
    fn may_live(&self, pid: u32, seen: Option<Timestamp>) -> bool {
        match (self.evidence.processes.absent_at(pid), seen) {
            (Some(absent), Some(seen)) => seen > absent,
            _ => true,
        }
    }

    fn entries(&self, now: Timestamp) -> impl Iterator<Item = FleetEntry<'_>> {
        let registered = self.registered();
        let shared = self.shared_transcripts(&registered);
        self.evidence
            .processes
            .all_processes()
            .filter_map(move |(key, process)| {
                let expired = process
                    .exited_at
                    .is_some_and(|at| now.since(at) >= STOPPED_RETENTION);
                let file = registered.get(&key).copied();
                let foreign = match file {
                    None => self.foreign_file(&process),
                    Some(_) => None,
                };
                let named = file.or(foreign).and_then(|(_, f)| f.entries.newest());
                if expired || !self.is_session(&process, named.map(|(_, entry)| entry)) {
                    return None;
                }
                let gap = self.confirmation_gap(&process, foreign.map(|(name, _)| name));
                let transcript = match (&gap, file) {
                    (Some(ConfirmationGap::ForeignFolder(_)), _) => None,
                    (_, file) => {
                        let entry = file.and_then(|(_, f)| f.entries.newest());
                        let entry = entry.map(|(_, entry)| entry);
                        transcript_key(process.facts, file.map(|f| f.0), entry)
                    }
                };
                let sole = transcript.filter(|key| !shared.contains(&claimed_key(key)));
                Some(self.judge(key, process, file, gap, sole, now))
            })
    }

    /// Transcripts that more than one live process writes to.
    fn shared_transcripts(
        &self,
        registered: &BTreeMap<ProcessKey, (&RegistryFile, &FileEvidence)>,
    ) -> BTreeSet<TranscriptKey> {
        let mut seen = BTreeSet::new();
        let living = self
            .evidence
            .processes
            .all_processes()
            .filter_map(|(key, process)| {
                let file = registered.get(&key).copied();
                let entry = file.and_then(|(_, f)| f.entries.newest()).map(|(_, e)| e);
                let lives = process.exited_at.is_none() && self.is_session(&process, entry);
                lives.then_some((process, file, entry))
            });
        let keys = living.filter_map(|(process, file, entry)| {
            transcript_key(process.facts, file.map(|f| f.0), entry)
        });
        keys.filter_map(|key| {
            let claim = claimed_key(&key);
            (!seen.insert(claim.clone())).then_some(claim)
        })
        .collect()
    }

    /// Whether a process is a session, given the newest entry of its registry file.
    fn is_session(&self, process: &KnownProcess<'_>, entry: Option<&RegistryEntry>) -> bool {
        let facts = &process.facts;
        let kind = entry.and_then(|e| e.kind.as_deref()).unwrap_or_default();
        if facts.uid != self.machine.uid
            || kind.starts_with("daemon")
            || entry.is_some_and(|e| e.spare)
        {
            return false;
        }
        match facts.role {
            ProcessRole::Interactive | ProcessRole::Headless => true,
            ProcessRole::Other => entry.is_some(),
            // A spare that became a background session keeps the spare's arguments.
            ProcessRole::Infrastructure => matches!(kind, "bg" | "background"),
        }
    }

    fn judge<'a>(
        &'a self,
        key: ProcessKey,
        process: KnownProcess<'a>,
        file: Option<(&'a RegistryFile, &'a FileEvidence)>,
        gap: Option<ConfirmationGap>,
        transcript: Option<TranscriptKey>,
        now: Timestamp,
    ) -> FleetEntry<'a> {
        let registry: Vec<_> = file
            .into_iter()
            .flat_map(|(_, f)| f.entries.runs(status::kind))
            .filter(|run| self.is_entry_of(&process, run.value))
            .collect();
        let facts = process.facts;
        let pane = self.pane_of(&process);
        let shown = pane.and_then(|(server, pane)| {
            let shown = self
                .evidence
                .shown
                .get(&(server.clone(), pane.session.clone()))?;
            shown.runs(|s| *s).next()
        });
        let id = self.machine.session_id(key);
        let focused = self.evidence.focused_at.get(&id);
        let key_seen = self.key_seen(&process);
        let entry = registry.first().map(|run| run.value);
        let said = transcript
            .as_ref()
            .and_then(|key| self.evidence.transcripts.get(key))
            .and_then(|dated| Some((dated.at, dated.value.as_ref()?)));
        let screens =
            pane.and_then(|(server, pane)| self.evidence.screens.get(&pane_key(server, pane)));
        let listed = file.and_then(|(name, _)| {
            let told = self.evidence.lists.get(&(name.dir.clone(), key.pid))?;
            told.runs(Clone::clone).next()
        });
        let hooks = entry
            .and_then(|e| e.session_id.as_ref())
            .and_then(|id| self.evidence.hooks.get(id));
        let case = SessionEvidence {
            process,
            registry,
            registry_gone: file.and_then(|(_, f)| f.gone_at.filter(|_| !is_present(f))),
            key_seen,
            gap,
            shown,
            transcript: said,
            screens: screens
                .into_iter()
                .flat_map(|s| s.runs(ScreenReading::in_short))
                .collect(),
            listed,
            hooks,
            pause: self.evidence.pauses.get(&id).and_then(|dated| {
                let record = dated.value.as_ref()?;
                (record.client == key).then_some((dated.at, record))
            }),
            within: self.pause_around(facts),
            gates: self
                .evidence
                .gates
                .get(&id)
                .map_or(&[], |dated| dated.value.as_slice()),
            hook_proof: self.hook_proof(id),
            attended_at: self.evidence.popover_at.max(focused.copied()),
            requests: self.evidence.requests.get(&id),
            channel: session_evidence::channel(facts, entry),
            preferences: self.preferences(),
        };
        let verdict = status::derive_verdict(&case, now);
        FleetEntry {
            key,
            process,
            file: file.map(|(name, _)| name),
            entry,
            case,
            transcript,
            pane,
            pane_pending: self.pane_pending(&process),
            verdict,
            act: self.evidence.acts.get(&id).map(|d| (d.at, &d.value)),
            answered: self.evidence.answers.get(&id).map(|d| (d.at, &d.value)),
        }
    }

    /// What shows that our hooks run in a session.
    fn hook_proof(&self, id: SessionId) -> HookProof {
        let marks = self.evidence.hook_marks.as_ref().map(|dated| &dated.value);
        HookProof {
            marked: marks.is_some_and(|marks| marks.sessions.contains(&id)),
            marks_since: marks.and_then(|marks| marks.since),
            gate_told_at: self.evidence.gates_told_at.get(&id).copied(),
        }
    }

    /// The pause record of a session among this process's ancestors, if that pause is a hard one.
    fn pause_around(&self, facts: &ProcessFacts) -> Option<&PauseRecord> {
        let records = self
            .evidence
            .pauses
            .values()
            .filter_map(|d| d.value.as_ref());
        let is_around = |record: &&PauseRecord| {
            let parent = |a: &ProcessAncestor| {
                a.pid == record.client.pid && a.start.is_none_or(|s| s == record.client.start)
            };
            record.kind().is_hard() && facts.ancestors.iter().any(parent)
        };
        records.into_iter().find(is_around)
    }

    /// The tmux pane of a process: that of the nearest ancestor that tmux started in a pane, unless
    /// another terminal program lies between. Of the tmux sessions that the pane's window is linked
    /// into, the one with the most clients is taken.
    fn pane_of(&self, process: &KnownProcess<'_>) -> Option<(&PathBuf, &TmuxPane)> {
        let facts = &process.facts;
        let chain = std::iter::once(facts.key.pid).chain(
            facts
                .ancestors
                .iter()
                .take_while(|a| terminal::terminal_name(a).is_none())
                .map(|a| a.pid),
        );
        let panes = |pid: u32| {
            self.evidence
                .servers
                .iter()
                .flat_map(|(server, list)| list.value.iter().map(move |pane| (server, pane)))
                .filter(move |(_, pane)| pane.pid == pid)
        };
        chain
            .into_iter()
            .find_map(|pid| panes(pid).max_by_key(|(_, pane)| pane.clients))
    }

    fn pane_pending(&self, process: &KnownProcess<'_>) -> bool {
        let first_seen = process.states.first_seen();
        process.facts.tmux_socket.as_ref().is_some_and(|socket| {
            let asked = self.evidence.servers.get(socket).map(|panes| panes.at);
            asked <= first_seen
        })
    }

    fn health(&self) -> Vec<HealthIssue> {
        let health = self.evidence.health.iter().filter_map(|(key, told)| {
            let run = told.runs(Clone::clone).next()?;
            // An issue about a pause ends with its record, whichever process removed that.
            let id = key.subject.parse().ok().map(SessionId);
            let kept = |id| {
                self.evidence
                    .pauses
                    .get(&id)
                    .is_some_and(|d| d.value.is_some())
            };
            if key.source == Source::Pause && id.is_some_and(|id| !kept(id)) {
                return None;
            }
            Some(HealthIssue {
                source: key.source,
                subject: key.subject.clone(),
                message: run.value.clone()?,
                since: run.first.into(),
            })
        });
        health.collect()
    }

    /// The state of the hooks in a session's config folder.
    fn connection(&self, known: &FleetEntry<'_>) -> Option<&HookInstall> {
        let told = self.evidence.connections.get(known.dir()?)?;
        Some(&told.value)
    }

    fn draw_session(&self, known: &FleetEntry<'_>, now: Timestamp) -> Session {
        let id = self.machine.session_id(known.key);
        let mut session = build_session::build_session(id, known);
        session_requests::session_requests(known, self.connection(known), &mut session, now);
        session.capabilities = self.capabilities(known);
        self.warn_of_hooks(known, &mut session);
        session.pending = capabilities::pending(known, now);
        session.answered = known
            .answered
            .and_then(|(at, given)| given.visible_answer(at, now));
        session.shifted_by(self.wall_clock_lead())
    }

    /// How far the wall clock is ahead of the engine's clock, in nanoseconds.
    fn wall_clock_lead(&self) -> i64 {
        self.evidence.wall_clock.as_ref().map_or(0, |w| w.value)
    }
}

/// Where a session's transcript is: named by the registry entry, or, for a Claude Code without a
/// registry, the newest transcript of the folder that the process was started in.
fn transcript_key(
    facts: &ProcessFacts,
    file: Option<&RegistryFile>,
    entry: Option<&RegistryEntry>,
) -> Option<TranscriptKey> {
    let dir = file.map(|f| f.dir.clone()).or(facts.config_dir.clone())?;
    let named = entry.and_then(|e| e.cwd.as_ref()).map(PathBuf::from);
    let cwd = named.or_else(|| facts.cwd.clone())?;
    let which = match entry.and_then(|e| e.session_id.clone()) {
        Some(id) => TranscriptSelector::Session(id),
        None => TranscriptSelector::NewestSince(facts.started_at),
    };
    Some(TranscriptKey { dir, cwd, which })
}

/// The key under which transcripts are compared: two processes without a registry in one folder
/// would read the same newest file.
fn claimed_key(key: &TranscriptKey) -> TranscriptKey {
    let mut claim = key.clone();
    if let TranscriptSelector::NewestSince(since) = &mut claim.which {
        *since = Timestamp::default();
    }
    claim
}

fn newest_at(evidence: &FileEvidence) -> Option<Timestamp> {
    evidence.entries.newest().map(|(at, _)| at)
}

fn is_present(evidence: &FileEvidence) -> bool {
    newest_at(evidence) > evidence.gone_at
}

#[cfg(test)]
mod tests;
