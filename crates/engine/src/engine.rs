//! The loop: one writer of the fleet, one closed set of inputs. Everyone else holds snapshots.

mod acts;
mod answer_recorder;
mod answering;
mod handle;
mod held;
mod input;
mod work;

pub use handle::{Ends, FacePresence};
pub use handle::{Handle, Looking};

use crate::authorization::CallerRegister;
use crate::desk::Desk;
use crate::followed::Followed;
use crate::leftovers;
use crate::recording::{Mark, Recorder};
use crate::requests::Held;
use crate::sweep::{Setup, Sources};
use crate::threads::{StartError, spawn, spawn_apart};
use answer_recorder::AnswerRecorder;
use input::{Input, next};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::Action;
use trusty_fleet::cadence::{Motion, Visibility, cadence};
use trusty_fleet::derivation::{Review, Wanted};
use trusty_fleet::observation::Attention;
use trusty_fleet::why::Explanation;
use trusty_fleet::{Fact, Fleet, Observation, SessionId, Snapshot, Timestamp, change};
use trusty_platform::clock::Clock;
use trusty_platform::open_files;
use trusty_records::answer_log::AnswerLog;
use trusty_records::settings::Settings;
use trusty_sources::connection;
use trusty_sources::connection::Connections;
use trusty_sources::listing;
use trusty_sources::listing::Lists;
use trusty_sources::pause;
use trusty_sources::pause::Pauses;
use trusty_sources::process;
use trusty_sources::process::Processes;
use trusty_sources::registry;
use trusty_sources::registry::Registry;
use trusty_sources::screen;
use trusty_sources::screen::Screens;
use trusty_sources::settings;
use trusty_sources::tmux;
use trusty_sources::tmux::Tmux;
use trusty_sources::transcript;
use trusty_sources::transcript::Transcripts;
use trusty_sources::{Ended, Orders, Outlet};
use trusty_wire::surroundings::Surroundings;
use work::{Job, Landed, Out, Outcome, Reply};

/// Observations that may wait for the loop.
const OBSERVATIONS: usize = 1024;
/// Commands that may wait for the loop.
const COMMANDS: usize = 64;
/// Observations, and commands, taken in before the snapshot is derived anew.
const BATCH: usize = 256;
/// Jobs that may wait for the hands.
const JOBS: usize = 256;
/// How often a record that is not true is seen to again.
const RECONCILE: Duration = Duration::from_secs(2);
/// How often what no longer matters is forgotten.
const PRUNE: Duration = Duration::from_secs(5);

/// What a face asks of the engine.
#[derive(Debug)]
enum Command {
    /// A hook has told something.
    File(Fact),
    /// The owner has looked.
    Attend(Attention, oneshot::Sender<()>),
    /// Why a session is what it is.
    Explain(SessionId, oneshot::Sender<Option<Explanation>>),
    /// Something is to be done to a session.
    Act(SessionId, Action, CommandLease, Reply),
    /// Something about what hooks ask.
    Held(held::Command),
    /// The terminal of a session is to come to the front.
    Jump(SessionId, CommandLease, Landed),
    /// What was to be done is done, or has failed.
    Over(Outcome),
}

/// The running engine.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts the loop and the sources, each on a thread of its own, and returns at once.
    pub fn start(around: &Surroundings, settings: &Settings) -> Result<Handle, StartError> {
        Self::begin(around, settings, None)
    }

    /// The same, and all that the loop is told is recorded.
    pub fn start_recorded(
        around: &Surroundings,
        settings: &Settings,
        recorder: Recorder,
    ) -> Result<Handle, StartError> {
        Self::begin(around, settings, Some(recorder))
    }

    fn begin(
        around: &Surroundings,
        settings: &Settings,
        recorder: Option<Recorder>,
    ) -> Result<Handle, StartError> {
        let (handle, ends) = Self::ends(around, settings)?;
        Self::run(around, ends, recorder)?;
        Ok(handle)
    }

    /// A handle, and its other ends for whoever is to be the engine.
    pub fn ends(around: &Surroundings, settings: &Settings) -> Result<(Handle, Ends), StartError> {
        // One that cannot be raised holds; that few are left is told when they are.
        let _ = open_files::raise_soft_limit();
        let clock = Clock::start();
        let callers = CallerRegister::new(around, settings).map_err(StartError::Machine)?;
        let policy = callers.policy();
        let (send_commands, commands) = mpsc::channel(COMMANDS);
        let (send_snapshots, snapshots) = watch::channel(Arc::default());
        let (looking, looks) = watch::channel(0);
        let (follow, followed) = watch::channel(None);
        let (send_settings, settings) = watch::channel(Arc::new(settings.clone()));
        let within = around.clone();
        spawn("trusty-settings", move || {
            settings::follow(within, send_settings)
        })?;
        let ends = Ends {
            clock,
            commands,
            outcomes: send_commands.downgrade(),
            looks,
            snapshots: send_snapshots,
            settings: settings.clone(),
            followed: follow,
            policy,
        };
        let handle = Handle {
            _presence: None,
            clock,
            commands: send_commands,
            snapshots,
            looking: Arc::new(looking),
            settings,
            followed: Followed::new(followed, around.clone()),
            callers: Arc::new(callers),
        };
        Ok((handle, ends))
    }

    /// Starts the loop and the sources behind a handle.
    pub fn run(
        around: &Surroundings,
        ends: Ends,
        recorder: Option<Recorder>,
    ) -> Result<(), StartError> {
        let Ends {
            clock,
            commands,
            outcomes,
            looks,
            snapshots,
            settings,
            followed: _,
            policy,
        } = ends;
        let now = Arc::clone(&settings.borrow());
        let setup = Setup::of(around, &now).map_err(StartError::Machine)?;
        let (send_observations, observations) = mpsc::channel(OBSERVATIONS);
        let first = Orders {
            wanted: Wanted::default(),
            cadence: cadence(Visibility::Hidden, Motion::Still),
            nudge: 0,
        };
        let (send_orders, orders) = watch::channel(first);
        let out = Outlet::new(clock, send_observations);

        let (within, dirs) = (around.clone(), setup.config_dirs.clone());
        spawn("trusty-leftovers", async move || {
            leftovers::clean(&within, &dirs);
            Ended
        })?;
        let sources = Sources::new(around, &setup, clock).map_err(StartError::Machine)?;
        let feed = (orders, out);
        let release = Release {
            registry: hold("trusty-registry", &feed, registry::run)?,
            processes: hold("trusty-process", &feed, process::run)?,
            tmux: hold("trusty-tmux", &feed, tmux::run)?,
            transcripts: hold("trusty-transcript", &feed, transcript::run)?,
            screens: hold("trusty-screen", &feed, screen::run)?,
            lists: hold("trusty-list", &feed, listing::run)?,
            pauses: hold("trusty-pause", &feed, pause::run)?,
            connections: hold("trusty-connect", &feed, connection::run)?,
        };
        let (file, told) = (around.settings_file(), feed.1.clone());
        spawn("trusty-wishes", move || {
            settings::run(file, policy, settings, told)
        })?;
        let (send_jobs, jobs) = mpsc::channel(JOBS);
        let (within, facts) = (around.clone(), feed.1.clone());
        let told = Out { outcomes, facts };
        // What it does calls fsync and waits for locks, so it never shares a runtime.
        spawn_apart("trusty-hands", move || work::run(within, jobs, told))?;
        let answers = AnswerRecorder::start(AnswerLog::of(around), feed.1.clone())?;
        let mut desk = Desk::new(Fleet::new(setup.machine), recorder);
        for fact in settings::facts(&around.settings_file(), policy, &now) {
            if matches!(fact, Fact::Health(_, None)) {
                continue;
            }
            desk.file(Observation {
                at: clock.now(),
                fact,
            });
        }
        let mut state = Loop {
            clock,
            due_at: None,
            held: Held::default(),
            later: Vec::new(),
            pruned_at: clock.now(),
            desk,
            answers,
            jobs: send_jobs,
            reconciled_at: BTreeMap::new(),
            nudge: 0,
            looks,
            orders: send_orders,
            snapshots,
        };
        spawn("trusty-engine", move || async move {
            state.prime(sources, release).await;
            state.run(commands, observations).await
        })
    }
}

/// Starts the sources once the first look is over, which they go on from.
struct Release {
    registry: oneshot::Sender<Registry>,
    processes: oneshot::Sender<Processes>,
    tmux: oneshot::Sender<Tmux>,
    transcripts: oneshot::Sender<Transcripts>,
    screens: oneshot::Sender<Screens>,
    lists: oneshot::Sender<Lists>,
    pauses: oneshot::Sender<Pauses>,
    connections: oneshot::Sender<Connections>,
}

/// What is to be done to a record that is not true.
fn repair(wanted: &Wanted, id: SessionId) -> Job {
    match wanted.not_held.get(&id) {
        Some(judged) => Job::GiveUpHold(id, *judged),
        None => Job::Reconcile(id),
    }
}

/// A thread that runs a source as soon as it is released.
fn hold<S, F, R>(
    name: &str,
    (orders, out): &(watch::Receiver<Orders>, Outlet),
    run: R,
) -> Result<oneshot::Sender<S>, StartError>
where
    S: Send + 'static,
    R: FnOnce(S, watch::Receiver<Orders>, Outlet) -> F + Send + 'static,
    F: Future<Output = Ended>,
{
    let (release, released) = oneshot::channel();
    let (orders, out) = (orders.clone(), out.clone());
    spawn(name, move || async move {
        match released.await {
            Ok(source) => run(source, orders, out).await,
            Err(_) => Ended,
        }
    })?;
    Ok(release)
}

struct Loop {
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
    /// Looks at everything once, so that the first snapshot is whole, then lets the sources go.
    async fn prime(&mut self, mut sources: Sources, release: Release) {
        sources.look(&mut self.desk, self.clock).await;
        self.desk.mark(self.clock.now(), Mark::FirstLook);
        self.publish();
        // A source whose thread has ended takes nothing more.
        let _ = release.registry.send(sources.registry);
        let _ = release.processes.send(sources.processes);
        let _ = release.tmux.send(sources.tmux);
        let _ = release.transcripts.send(sources.transcripts);
        let _ = release.screens.send(sources.screens);
        let _ = release.lists.send(sources.lists);
        let _ = release.pauses.send(sources.pauses);
        let _ = release.connections.send(sources.connections);
    }

    async fn run(
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

/// Publishes a snapshot; a new revision only of one with news.
pub fn publish(snapshots: &watch::Sender<Arc<Snapshot>>, mut snapshot: Snapshot) {
    snapshots.send_if_modified(|known| {
        let news = known.revision == 0 || change::is_news(known, &snapshot);
        snapshot.revision = known.revision + u64::from(news);
        *known = Arc::new(snapshot);
        news
    });
}
