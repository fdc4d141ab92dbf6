//! The loop: one writer of the fleet, one closed set of inputs. Everyone else holds snapshots.

mod actions;
mod held_requests;

use crate::answer_recorder::AnswerRecorder;
use crate::command::Command;
use crate::desk::Desk;
use crate::input::{Input, next};
use crate::job::Job;
use crate::recording::Mark;
use crate::requests::Held;
use crate::source_threads::SourceHandover;
use crate::sweep;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use trusty_fleet::cadence::{Visibility, cadence};
use trusty_fleet::derivation::{Review, Wanted};
use trusty_fleet::{Fact, Observation, SessionId, Snapshot, Timestamp, change};
use trusty_platform::clock::Clock;
use trusty_sources::observation_source::AnySource;
use trusty_sources::{Ended, Orders};

/// How often a record that is not true is seen to again.
const RECONCILE: Duration = Duration::from_secs(2);
/// How often what no longer matters is forgotten.
const PRUNE: Duration = Duration::from_secs(5);

pub(crate) struct Loop {
    clock: Clock,
    /// When the snapshot may change by itself.
    due_at: Option<Timestamp>,
    pruned_at: Timestamp,
    desk: Desk,
    /// What hooks ask, and the ways back to them.
    held: Held,
    /// Replies that wait for the next snapshot.
    later: Vec<Box<dyn FnOnce() + Send>>,
    /// Where answers are recorded.
    answers: AnswerRecorder,
    jobs: mpsc::Sender<Job>,
    /// When records that are not true were last seen to.
    reconciled_at: BTreeMap<SessionId, Timestamp>,
    nudge: u64,
    looks: watch::Receiver<usize>,
    orders: watch::Sender<Orders>,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl Loop {
    /// Has not looked yet.
    pub(crate) fn new(
        clock: Clock,
        desk: Desk,
        answers: AnswerRecorder,
        jobs: mpsc::Sender<Job>,
        looks: watch::Receiver<usize>,
        orders: watch::Sender<Orders>,
        snapshots: watch::Sender<Arc<Snapshot>>,
    ) -> Self {
        Self {
            clock,
            due_at: None,
            held: Held::default(),
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
    pub(crate) async fn prime(
        &mut self,
        mut sources: Vec<Box<dyn AnySource>>,
        handovers: Vec<SourceHandover>,
    ) {
        sweep::scan(&mut sources, &mut self.desk, self.clock).await;
        self.desk.mark(self.clock.now(), Mark::FirstLook);
        self.publish();
        for (source, handover) in sources.into_iter().zip(handovers) {
            // A source whose thread has ended takes nothing more.
            let _ = handover.send(source);
        }
    }

    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut observations: mpsc::Receiver<Observation>,
    ) -> Ended {
        loop {
            let due = self.due();
            match next(&mut commands, &mut observations, &mut self.looks, due).await {
                Input::News(told, seen) => {
                    for observation in seen {
                        self.desk.file(observation);
                    }
                    for command in told {
                        self.obey(command);
                    }
                }
                Input::Looks | Input::Due => {}
                Input::End => {
                    self.desk.mark(self.clock.now(), Mark::End);
                    return Ended;
                }
            }
            self.publish();
            // Nobody who was told how it went reads otherwise.
            self.held.tell();
            for reply in self.later.drain(..) {
                reply();
            }
        }
    }

    /// How long until the snapshot may change by itself.
    fn due(&self) -> Option<Duration> {
        // A millisecond more, for the clock is read in whole ones.
        Some(self.due_at?.since(self.clock.now()) + Duration::from_millis(1))
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::File(fact) => self.file(fact),
            Command::Attend(attention, reply) => {
                self.file(Fact::Attention(attention));
                self.later(reply, ());
            }
            Command::Act(id, action, lease, reply) => self.act(id, &action, lease, reply),
            Command::Held(command) => self.obey_held(command),
            Command::Jump(id, lease, reply) => self.jump(id, lease, reply),
            Command::Over(outcome) => self.conclude(outcome),
            Command::Explain(id, reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.desk.fleet.explain(id, self.clock.now()));
            }
        }
    }

    fn file(&mut self, fact: Fact) {
        let at = self.clock.now();
        self.desk.file(Observation { at, fact });
    }

    /// Has records that are not true seen to, each again after a while.
    fn reconcile(&mut self, wanted: &Wanted, now: Timestamp) {
        let stale = &wanted.stale_pauses;
        self.reconciled_at.retain(|id, _| stale.contains(id));
        for id in stale {
            let last = self.reconciled_at.get(id);
            if last.is_none_or(|at| now >= at.after(RECONCILE))
                && self.jobs.try_send(repair(wanted, *id)).is_ok()
            {
                self.reconciled_at.insert(*id, now);
            }
        }
        let again = self.reconciled_at.values().min();
        let again = again.map(|at| at.after(RECONCILE));
        self.due_at = [self.due_at, again].into_iter().flatten().min();
    }

    fn publish(&mut self) {
        let now = self.clock.now();
        if now.since(self.pruned_at) >= PRUNE {
            self.desk.fleet.prune(now);
            self.pruned_at = now;
        }
        let Review {
            snapshot,
            due,
            wanted,
        } = self.keep_held(now);
        self.due_at = due.map(|(at, _reason)| at);
        self.reconcile(&wanted, now);
        publish(&self.snapshots, snapshot);
        let visibility = if *self.looks.borrow() > 0 {
            Visibility::Visible
        } else {
            Visibility::Hidden
        };
        let orders = Orders {
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
fn repair(wanted: &Wanted, id: SessionId) -> Job {
    match wanted.not_held.get(&id) {
        Some(judged) => Job::GiveUpHold(id, *judged),
        None => Job::Reconcile(id),
    }
}

/// Publishes a snapshot; a new revision only of one with news.
pub fn publish(snapshots: &watch::Sender<Arc<Snapshot>>, mut snapshot: Snapshot) {
    snapshots.send_if_modified(|known| {
        let news = known.revision == 0 || change::is_news(known, &snapshot);
        snapshot.revision = known.revision + u64::from(news);
        *known = Arc::new(snapshot);
        news
    });
}
