//! Leader election among the faces of a user: the first to start runs the engine, the others follow
//! that engine, and one of them takes over when the engine ends.
//!
//! The holder of an [`EngineHandle`] is not interrupted: the last snapshot of the old engine stays
//! until the first scan of the new one is over.

use crate::api::{self, ServeError};
use crate::leader::{LeadError, Leader};
use crate::session_access::{EngineRoute, Face, JumpOrder, SessionAccess};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use trusty_actions::jump::JumpError;
use trusty_client::{ClientError, EngineClient, EventStream, ListenMode};
use trusty_engine::handle::{EngineChannels, FacePresence};
use trusty_engine::threads::{self, StartError};
use trusty_engine::{Engine, EngineHandle, event_loop};
use trusty_fleet::jump::JumpObstacle;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_fleet::snapshot::HealthIssue;
use trusty_fleet::{Fact, SessionId};
use trusty_platform::clock;
use trusty_records::settings::Settings;
use trusty_sources::Shutdown;
use trusty_wire::discovery::EnginePlaces;
use trusty_wire::engine_vetting::{EngineContinuity, EngineDoubt, EngineVetting};
use trusty_wire::environment::Environment;
use trusty_wire::socket_names;

/// The delay before another attempt on an engine that does not answer yet or is about to end.
const ELECTION_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How long a starting engine may take to answer before it counts as hung.
const ENGINE_START_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an engine that was followed may hang: it may be swapped out, or stopped for a moment.
const FOLLOWED_HANG_TIMEOUT: Duration = Duration::from_secs(20);
/// How often the health of the followed engine is polled.
const FOLLOWED_HEALTH_INTERVAL: Duration = Duration::from_secs(10);
/// How often this engine tries to become the leader while another one leads that it does not
/// follow.
const ENGINE_EXIT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Joins the engine of this user: follows a running one, or starts one here that answers the
/// others. Returns at once.
///
/// # Errors
/// If the machine cannot be identified, or a thread cannot be started.
pub fn join_engine(env: &Environment, settings: &Settings) -> Result<AppSessions, StartError> {
    let places = EnginePlaces::find(env).map_err(StartError::Machine)?;
    let (handle, ends) = Engine::open_channels(env, settings)?;
    let tracer = settings.tracer(env).map_err(StartError::Machine)?;
    let vetting = EngineVetting::new(tracer, EngineContinuity::MayChange);
    let (follow, followed) = watch::channel(None);
    let one = LeaderElection {
        followed: follow,
        remote: EngineClient::for_places(&places).vetted_by(vetting),
        env: env.clone(),
        places,
        handle: handle.clone(),
    };
    let (presence, watch) = FacePresence::new();
    threads::spawn("trusty-leader", move || async move {
        // The election holds a handle with which it answers others; that handle must not outlive
        // the face.
        tokio::select! {
            ended = one.run_election(ends) => ended,
            () = watch.wait_gone() => Shutdown,
        }
    })?;
    let face = AppFace {
        handle: handle.with_presence(presence),
    };
    let route = EngineRoute::Followed(followed);
    Ok(Arc::new(SessionAccess::new(face, env, route)))
}

/// The app's access to the sessions.
pub type AppSessions = Arc<SessionAccess<AppFace>>;

/// The app, whose own engine shows the snapshots of the engine that it follows.
#[derive(Debug)]
pub struct AppFace {
    handle: EngineHandle,
}

impl AppFace {
    /// The handle of the app's own engine.
    pub fn handle(&self) -> &EngineHandle {
        &self.handle
    }
}

impl SessionAccess<AppFace> {
    /// Brings the terminal of a session to the front, as the newest snapshot describes the session.
    ///
    /// # Errors
    /// Why the terminal was not raised.
    pub async fn jump_to(&self, id: SessionId) -> Result<(), JumpError> {
        let snapshot = self.face().handle().snapshot();
        let session = snapshot.sessions.iter().find(|session| session.id == id);
        self.jump(session.ok_or(JumpError::Refused(JumpObstacle::Ended))?)
            .await
    }
}

impl Face for AppFace {
    const JUMP_ORDER: JumpOrder = JumpOrder::HereFirst;

    fn engine(&self) -> Option<&EngineHandle> {
        Some(&self.handle)
    }

    /// Does nothing: the health in the list already reports the hang.
    fn report(&self, _message: &str) {}

    async fn finish<T: Send>(&self, action: impl Future<Output = T> + Send) -> T {
        action.await
    }
}

struct LeaderElection {
    /// The engine that is followed, as the face sees it.
    followed: watch::Sender<Option<EngineClient>>,
    env: Environment,
    places: EnginePlaces,
    remote: EngineClient,
    handle: EngineHandle,
}

impl LeaderElection {
    async fn run_election(self, mut ends: EngineChannels) -> Shutdown {
        let mut answered = clock::instant();
        let mut patience = ENGINE_START_TIMEOUT;
        let why = loop {
            match Leader::elect(&self.places) {
                Ok(leader) => return self.lead(ends, leader).await,
                Err(LeadError::Taken) => {}
                Err(LeadError::Io(e)) => {
                    break format!(
                        "could not open the local socket ({e}); hooks and programs cannot reach \
                         this engine"
                    );
                }
            }
            let followed = match self.remote.subscribe(ListenMode::Hidden, None).await {
                Ok(events) => self.follow_engine(&mut ends, events).await,
                Err(e) => Err(e),
            };
            match followed {
                Ok(()) => {
                    answered = clock::instant();
                    patience = FOLLOWED_HANG_TIMEOUT;
                }
                Err(e) if e.is_hang() && answered.elapsed() < patience => {
                    self.publish_hang(&ends, &e);
                    sleep(ELECTION_RETRY_DELAY).await;
                }
                Err(ClientError::UntrustedEngine(EngineDoubt::Ended))
                    if answered.elapsed() < patience =>
                {
                    sleep(ELECTION_RETRY_DELAY).await;
                }
                Err(
                    e @ (ClientError::OtherVersion(_)
                    | ClientError::ForeignSocket(_)
                    | ClientError::UntrustedEngine(_)),
                ) => {
                    break format!("{e}; until then hooks report to that engine");
                }
                Err(e) if answered.elapsed() >= patience => {
                    break format!("{e}; quit that Trusty Bar, because hooks report to it");
                }
                Err(_) => sleep(ELECTION_RETRY_DELAY).await,
            }
        };
        self.run_beside(ends, why).await
    }

    /// Adds to the last snapshot the problem that its engine hangs.
    ///
    /// Until the hang is over, commands still try that engine first and are then carried out here.
    fn publish_hang(&self, ends: &EngineChannels, hang: &ClientError) {
        let mut snapshot = ends.snapshots.borrow().as_ref().clone();
        let subject = self.socket_name();
        let message = format!("{hang}; the list is out of date, and actions run directly");
        let problem = HealthIssue {
            source: Source::Engine,
            subject,
            message,
            since: clock::wall(),
        };
        let is_known = |known: &HealthIssue| {
            (&known.subject, &known.message) == (&problem.subject, &problem.message)
        };
        if !snapshot.health.iter().any(is_known) {
            snapshot.health.push(problem);
            event_loop::publish_snapshot(&ends.snapshots, snapshot);
        }
    }

    /// Runs the engine and answers all others until it ends.
    async fn lead(self, ends: EngineChannels, leader: Leader) -> Shutdown {
        self.followed.send_replace(None);
        // Dropping the channels reports to all handles that there is no engine.
        if Engine::spawn_loop(&self.env, ends, None).is_ok() {
            self.serve(leader).await;
        }
        Shutdown
    }

    /// Answers all others; keeps the engine running for its own face while another engine leads.
    async fn serve(&self, leader: Leader) {
        let mut served = api::serve(leader, self.handle.clone()).await;
        while let Err(e) = served {
            let why = match e {
                ServeError::Lost => format!("{e}; hooks report to that engine until it exits"),
                ServeError::Io(_) => e.to_string(),
            };
            self.report_problem(Some(why)).await;
            let Some(leader) = self.wait_elected().await else {
                return;
            };
            self.report_problem(None).await;
            served = api::serve(leader, self.handle.clone()).await;
        }
    }

    /// Waits for the right to lead; none if this engine ends first.
    async fn wait_elected(&self) -> Option<Leader> {
        loop {
            tokio::select! {
                () = clock::sleep(ENGINE_EXIT_POLL_INTERVAL) => {}
                () = self.handle.wait_ended() => return None,
            }
            if let Ok(leader) = Leader::elect(&self.places) {
                return Some(leader);
            }
        }
    }

    /// Publishes the snapshots of another engine until it ends or hangs.
    ///
    /// Fails if no event of that engine was understood.
    async fn follow_engine(
        &self,
        ends: &mut EngineChannels,
        mut events: EventStream,
    ) -> Result<(), ClientError> {
        self.followed.send_replace(Some(self.remote.clone()));
        let mut how = ListenMode::Hidden;
        let hangs = self.remote.wait_until_hung(FOLLOWED_HEALTH_INTERVAL);
        tokio::pin!(hangs);
        let over = loop {
            let looks = *ends.looks.borrow_and_update() > 0;
            let wanted = if looks {
                ListenMode::Visible
            } else {
                ListenMode::Hidden
            };
            if how != wanted {
                match self.remote.subscribe(wanted, events.last()).await {
                    Ok(anew) => (events, how) = (anew, wanted),
                    Err(e) => break Err(e),
                }
            }
            tokio::select! {
                news = events.next() => match news {
                    Ok(Some(snapshot)) => {
                        event_loop::publish_snapshot(&ends.snapshots, snapshot.as_ref().clone());
                    }
                    Ok(None) => break Err(ClientError::UnexpectedAnswer("no events".into())),
                    Err(e) => break Err(e),
                },
                there = ends.wait_visibility_change() => if !there { break Ok(()) },
                () = &mut hangs => break Err(ClientError::NotResponding),
            }
        };
        if let Err(e) = &over
            && e.is_hang()
        {
            self.publish_hang(ends, e);
        } else {
            self.followed.send_replace(None);
        }
        if events.last().is_some() {
            Ok(())
        } else {
            over
        }
    }

    /// Runs an engine beside one that cannot be followed, reports the reason as a health problem,
    /// and answers others as soon as the other engine has ended.
    async fn run_beside(self, ends: EngineChannels, why: String) -> Shutdown {
        self.followed.send_replace(None);
        if Engine::spawn_loop(&self.env, ends, None).is_err() {
            return Shutdown;
        }
        self.report_problem(Some(why)).await;
        if let Some(leader) = self.wait_elected().await {
            self.report_problem(None).await;
            self.serve(leader).await;
        }
        Shutdown
    }

    /// The subject of health problems about the engine that answers on the socket.
    fn socket_name(&self) -> String {
        let socket = socket_names::api_socket(self.places.runtime_dir());
        socket.display().to_string()
    }

    async fn report_problem(&self, problem: Option<String>) {
        let key = HealthKey {
            source: Source::Engine,
            subject: self.socket_name(),
        };
        self.handle.send_fact(Fact::Health(key, problem)).await;
    }
}
