//! What follows from the evidence: the snapshot, when it may change without an observation, and
//! what sources should read. Each session is judged once for all three.

use super::capabilities::CONFIRMATION_TIMEOUT;
use super::{Fleet, is_present, newest_at};
use crate::cadence::{FleetActivity, WakeReason};
use crate::client::ConfirmationGap;
use crate::fleet_entry::FleetEntry;
use crate::given_answer::ANSWER_DISPLAY_TIME;
use crate::identity::SessionId;
use crate::observation::{ActionProgress, TranscriptKey};
use crate::pause::JudgedHold;
use crate::request::RequestId;
use crate::session::{Activity, SessionStatus};
use crate::session_requests;
use crate::snapshot::{FolderHooks, Snapshot};
use crate::status::HoldOutlook;
use crate::terminal::PaneKey;
use crate::time::Timestamp;
use crate::timing::{FAILURE_DISPLAY_TIME, NOT_HELD_DISPLAY_TIME};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Everything that follows from the evidence at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetReview {
    /// All sessions; the revision is 0.
    pub snapshot: Snapshot,
    /// When the snapshot may change without a new observation, and why.
    pub due: Option<(Timestamp, WakeReason)>,
    /// What sources should read.
    pub wanted: SourceDemand,
}

/// What the fleet wants the sources to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceDemand {
    /// Processes that a registry file names or that are sessions.
    pub pids: BTreeSet<u32>,
    /// Config folders that the environment of a session names.
    pub config_dirs: BTreeSet<PathBuf>,
    /// tmux servers that the environment of a session names.
    pub tmux_sockets: BTreeSet<PathBuf>,
    /// Transcripts of live sessions.
    pub transcripts: BTreeSet<TranscriptKey>,
    /// Panes of sessions whose Claude Code does not say what it does, with its version where that
    /// is known.
    pub screens: BTreeMap<PaneKey, Option<String>>,
    /// Config folders with a registry that is not understood, where Claude Code can list sessions.
    pub lists: BTreeSet<PathBuf>,
    /// Pauses whose record is no longer true.
    pub stale_pauses: BTreeSet<SessionId>,
    /// Those of them that are given up, because the session was to be held and worked on.
    pub not_held: BTreeMap<SessionId, JudgedHold>,
    /// Requests whose hooks are to be held, and until when where that is limited; all other hooks
    /// are released.
    pub held: BTreeMap<RequestId, Option<Timestamp>>,
    /// Whether any session works, waits for the user or starts.
    pub motion: FleetActivity,
}

impl Fleet {
    /// Derives everything that follows from the evidence at `now`.
    pub fn review(&self, now: Timestamp) -> FleetReview {
        let known = self.in_order(now);
        FleetReview {
            snapshot: self.snapshot_of(&known, now),
            due: due(&known, now),
            wanted: self.wanted_by(&known),
        }
    }

    /// All sessions at `now`; the revision is 0.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        self.snapshot_of(&self.in_order(now), now)
    }

    /// When the snapshot may change without a new observation, and why.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<(Timestamp, WakeReason)> {
        due(&self.in_order(now), now)
    }

    /// What sources should read at `now`.
    pub fn source_demand(&self, now: Timestamp) -> SourceDemand {
        self.wanted_by(&self.in_order(now))
    }

    /// All sessions, in the order in which their processes started.
    fn in_order(&self, now: Timestamp) -> Vec<FleetEntry<'_>> {
        let mut known: Vec<_> = self.entries(now).collect();
        known.sort_by_key(|k| (k.process.facts.started_at, k.key));
        known
    }

    fn snapshot_of(&self, known: &[FleetEntry<'_>], now: Timestamp) -> Snapshot {
        Snapshot {
            revision: 0,
            sessions: known.iter().map(|k| self.draw_session(k, now)).collect(),
            health: self.health(),
            connections: self
                .evidence
                .connections
                .iter()
                .map(|(dir, told)| FolderHooks::from_install(dir, &told.value))
                .collect(),
        }
    }

    fn wanted_by(&self, known: &[FleetEntry<'_>]) -> SourceDemand {
        let mut wanted = SourceDemand::default();
        for (file, evidence) in &self.evidence.files {
            if self.may_live(file.pid, newest_at(evidence)) && is_present(evidence) {
                wanted.pids.insert(file.pid);
            }
        }
        for (file, seen) in &self.evidence.keys {
            if self.may_live(file.pid, Some(*seen)) {
                wanted.pids.insert(file.pid);
            }
        }
        let living = known
            .iter()
            .filter(|k| k.verdict.status != SessionStatus::Stopped);
        for known in living {
            wanted.add(known);
            wanted.held.extend(session_requests::held_requests(known));
        }
        wanted.stale_pauses = self.stale_pauses(known);
        let not_held = known
            .iter()
            .filter(|k| k.verdict.hold == HoldOutlook::NotHeld);
        wanted.not_held = not_held
            .filter_map(|k| {
                let (_, record) = k.case.pause?;
                let judged = JudgedHold::new(record, self.wall_clock_lead());
                Some((self.machine.session_id(k.key), judged))
            })
            .collect();
        wanted
    }
}

/// When the snapshot may change by itself, and why. Points in the past are left out, because the
/// verdicts take them into account already and the loop would spin.
fn due(known: &[FleetEntry<'_>], now: Timestamp) -> Option<(Timestamp, WakeReason)> {
    let due = known.iter().filter_map(|k| {
        let reason = match k.verdict.status {
            SessionStatus::Stopped => WakeReason::StoppedExpires,
            _ => WakeReason::VerdictDue,
        };
        let told = match k.act {
            Some((at, ActionProgress::Failed(..))) => Some(at.after(FAILURE_DISPLAY_TIME)),
            Some((at, ActionProgress::Done(_))) => Some(at.after(CONFIRMATION_TIMEOUT)),
            Some((at, ActionProgress::NotHeld)) => Some(at.after(NOT_HELD_DISPLAY_TIME)),
            _ => None,
        };
        let answered = k.answered.map(|(at, _)| at.after(ANSWER_DISPLAY_TIME));
        let ends = [k.verdict.review_at, told, answered];
        let at = ends.into_iter().flatten().filter(|at| *at > now).min()?;
        Some((at, reason))
    });
    due.min()
}

impl SourceDemand {
    fn add(&mut self, known: &FleetEntry<'_>) {
        self.pids.insert(known.key.pid);
        let facts = &known.process.facts;
        if !matches!(known.case.gap, Some(ConfirmationGap::ForeignFolder(_))) {
            self.config_dirs.extend(facts.config_dir.clone());
        }
        self.tmux_sockets.extend(facts.tmux_socket.clone());
        self.transcripts.extend(known.transcript.clone());
        let version = known.entry.and_then(|e| e.version.clone());
        if let (true, Some(pane)) = (known.in_doubt(), known.pane_key()) {
            self.screens.insert(pane, version.clone());
        }
        if known.wants_list(version.as_deref()) {
            self.lists.extend(known.dir().map(Path::to_path_buf));
        }
        let works = matches!(
            known.verdict.activity,
            Some(
                Activity::Working { .. } | Activity::Compacting { .. } | Activity::Retrying { .. }
            )
        );
        let starts = known.verdict.status == SessionStatus::Starting;
        if works || starts || known.verdict.need.is_some() {
            self.motion = FleetActivity::Moving;
        }
    }
}
