//! The loop: one writer of the fleet, one closed set of inputs. Everyone else holds snapshots.

mod actions;
mod held_requests;

use crate::answer_recorder::AnswerRecorder;
use crate::command::EngineCommand;
use crate::input::{EngineInput, next_input};
use crate::job::EngineJob;
use crate::recording::RecordingMark;
use crate::recording_fleet::RecordingFleet;
use crate::requests::PendingRequests;
use crate::scan;
use crate::source_threads::SourceHandover;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use trusty_fleet::cadence::{UiVisibility, cadence};
use trusty_fleet::derivation::{FleetReview, SourceDemand};
use trusty_fleet::{Fact, Observation, SessionId, Snapshot, Timestamp, change};
use trusty_platform::clock::Clock;
use trusty_sources::observation_source::AnySource;
use trusty_sources::{Shutdown, SourceConfig};

/// How often a record that is not true is seen to again.
const RECONCILE_INTERVAL: Duration = Duration::from_secs(2);
/// How often what no longer matters is forgotten.
const PRUNE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct EngineLoop {
    clock: Clock,
    /// When the snapshot may change by itself.
    due_at: Option<Timestamp>,
    pruned_at: Timestamp,
    desk: RecordingFleet,
    /// What hooks ask, and the ways back to them.
    held: PendingRequests,
    /// Replies that wait for the next snapshot.
    later: Vec<Box<dyn FnOnce() + Send>>,
    /// Where answers are recorded.
    answers: AnswerRecorder,
    jobs: mpsc::Sender<EngineJob>,
    /// When records that are not true were last seen to.
    reconciled_at: BTreeMap<SessionId, Timestamp>,
    nudge: u64,
    looks: watch::Receiver<usize>,
    orders: watch::Sender<SourceConfig>,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl EngineLoop {
    /// Has not looked yet.
    pub(crate) fn new(
        clock: Clock,
        desk: RecordingFleet,
        answers: AnswerRecorder,
        jobs: mpsc::Sender<EngineJob>,
        looks: watch::Receiver<usize>,
        orders: watch::Sender<SourceConfig>,
        snapshots: watch::Sender<Arc<Snapshot>>,
    ) -> Self {
        Self {
            clock,
            due_at: None,
            held: PendingRequests::default(),
            later: Vec::new(),
            pruned_at: clock.now(),
            desk,
            answers,
            jobs,
            reconciled_at: BTreeMap::new(),
            nudge: 0,
            looks,
            orders,
            snapshots,
        }
    }

    /// Scans everything once, so that the first snapshot is whole, then hands the sources to their
    /// threads.
    pub(crate) async fn run_first_scan(
        &mut self,
        mut sources: Vec<Box<dyn AnySource>>,
        handovers: Vec<SourceHandover>,
    ) {
        scan::scan_sources(&mut sources, &mut self.desk, self.clock).await;
        self.desk
            .write_mark(self.clock.now(), RecordingMark::FirstScan);
        self.publish_if_changed();
        for (source, handover) in sources.into_iter().zip(handovers) {
            // A source whose thread has ended takes nothing more.
            let _ = handover.send(source);
        }
    }

    pub(crate) async fn run_loop(
        mut self,
        mut commands: mpsc::Receiver<EngineCommand>,
        mut observations: mpsc::Receiver<Observation>,
    ) -> Shutdown {
        loop {
            let due = self.time_until_review();
            match next_input(&mut commands, &mut observations, &mut self.looks, due).await {
                EngineInput::Received(told, seen) => {
                    for observation in seen {
                        self.desk.handle_observation(observation);
                    }
                    for command in told {
                        self.handle_command(command);
                    }
                }
                EngineInput::VisibilityChanged | EngineInput::ReviewDue => {}
                EngineInput::Closed => {
                    self.desk.write_mark(self.clock.now(), RecordingMark::End);
                    return Shutdown;
                }
            }
            self.publish_if_changed();
            // Nobody who was told how it went reads otherwise.
            self.held.send_replies();
            for reply in self.later.drain(..) {
                reply();
            }
        }
    }

    /// How long until the snapshot may change by itself.
    fn time_until_review(&self) -> Option<Duration> {
        // A millisecond more, for the clock is read in whole ones.
        Some(self.due_at?.since(self.clock.now()) + Duration::from_millis(1))
    }

    fn handle_command(&mut self, command: EngineCommand) {
        match command {
            EngineCommand::FileFact(fact) => self.file_fact(fact),
            EngineCommand::ReportAttention(attention, reply) => {
                self.file_fact(Fact::Attention(attention));
                self.reply_after_publish(reply, ());
            }
            EngineCommand::PerformAction(id, action, lease, reply) => {
                self.act(id, &action, lease, reply);
            }
            EngineCommand::HandleRequest(command) => self.handle_request_command(command),
            EngineCommand::Jump(id, lease, reply) => self.jump(id, lease, reply),
            EngineCommand::FinishJob(outcome) => self.finish_job(outcome),
            EngineCommand::Explain(id, reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.desk.fleet.explain(id, self.clock.now()));
            }
        }
    }

    fn file_fact(&mut self, fact: Fact) {
        let at = self.clock.now();
        self.desk.handle_observation(Observation { at, fact });
    }

    /// Has records that are not true seen to, each again after a while.
    fn reconcile(&mut self, wanted: &SourceDemand, now: Timestamp) {
        let stale = &wanted.stale_pauses;
        self.reconciled_at.retain(|id, _| stale.contains(id));
        for id in stale {
            let last = self.reconciled_at.get(id);
            if last.is_none_or(|at| now >= at.after(RECONCILE_INTERVAL))
                && self.jobs.try_send(repair_job(wanted, *id)).is_ok()
            {
                self.reconciled_at.insert(*id, now);
            }
        }
        let again = self.reconciled_at.values().min();
        let again = again.map(|at| at.after(RECONCILE_INTERVAL));
        self.due_at = [self.due_at, again].into_iter().flatten().min();
    }

    fn publish_if_changed(&mut self) {
        let now = self.clock.now();
        if now.since(self.pruned_at) >= PRUNE_INTERVAL {
            self.desk.fleet.prune(now);
            self.pruned_at = now;
        }
        let FleetReview {
            snapshot,
            due,
            wanted,
        } = self.refresh_held_requests(now);
        self.due_at = due.map(|(at, _reason)| at);
        self.reconcile(&wanted, now);
        publish_snapshot(&self.snapshots, snapshot);
        let visibility = if *self.looks.borrow() > 0 {
            UiVisibility::Visible
        } else {
            UiVisibility::Hidden
        };
        let orders = SourceConfig {
            cadence: cadence(visibility, wanted.motion),
            wanted,
            nudge: self.nudge,
        };
        self.orders.send_if_modified(|known| {
            let new = *known != orders;
            *known = orders;
            new
        });
    }
}

/// What is to be done to a record that is not true.
fn repair_job(wanted: &SourceDemand, id: SessionId) -> EngineJob {
    match wanted.not_held.get(&id) {
        Some(judged) => EngineJob::GiveUpHold(id, *judged),
        None => EngineJob::Reconcile(id),
    }
}

/// Publishes a snapshot; a new revision only of one with news.
pub fn publish_snapshot(snapshots: &watch::Sender<Arc<Snapshot>>, mut snapshot: Snapshot) {
    snapshots.send_if_modified(|known| {
        let news = known.revision == 0 || change::is_news(known, &snapshot);
        snapshot.revision = known.revision + u64::from(news);
        *known = Arc::new(snapshot);
        news
    });
}
