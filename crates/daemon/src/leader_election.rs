//! One engine for all faces of a user: who comes first runs it, the others follow it, and one of
//! them goes on when it ends.
//!
//! Whoever holds a [`EngineHandle`] notices nothing of that: until the first look of the new engine is
//! over, the last snapshot of the old one stays.

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

/// How soon an engine is asked again that does not answer yet, or is just ending.
const ELECTION_RETRY_DELAY: Duration = Duration::from_millis(50);
/// An engine that starts answers sooner; one that does not for so long has stopped.
const ENGINE_START_TIMEOUT: Duration = Duration::from_secs(3);
/// One that was followed may be swapped out, or stopped for a moment.
const FOLLOWED_HANG_TIMEOUT: Duration = Duration::from_secs(20);
/// How often an engine that is followed is asked whether it still answers.
const FOLLOWED_HEALTH_INTERVAL: Duration = Duration::from_secs(10);
/// How often it is looked whether an engine has ended that cannot be followed.
const ENGINE_EXIT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A hold on the engine of this user: one that runs is followed, and if none does, one is started
/// here that answers the others. Returns at once.
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
        // It holds a handle to answer others, which must not outlive the face.
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

/// The sessions, as the app asks for them.
pub type AppSessions = Arc<SessionAccess<AppFace>>;

/// The app: it has an engine of its own, which shows what the one shows that it follows.
#[derive(Debug)]
pub struct AppFace {
    handle: EngineHandle,
}

impl AppFace {
    /// Its hold on its own engine.
    pub fn handle(&self) -> &EngineHandle {
        &self.handle
    }
}

impl SessionAccess<AppFace> {
    /// Brings the terminal of a session to the front, as the newest snapshot shows it.
    ///
    /// # Errors
    /// Why it is not there.
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

    /// The list's health says it, in words of its own.
    fn report(&self, _message: &str) {}

    async fn finish<T: Send>(&self, action: impl Future<Output = T> + Send) -> T {
        action.await
    }
}

struct LeaderElection {
    /// Where the face looks up the engine that is followed.
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

    /// Says with the last snapshot that the engine behind it hangs. What is asked for meanwhile is
    /// done here, for the engine stays the one that is asked first.
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

    /// Runs the engine and answers all others, to the end.
    async fn lead(self, ends: EngineChannels, leader: Leader) -> Shutdown {
        self.followed.send_replace(None);
        // Dropped, its ends tell all handles that there is no engine.
        if Engine::spawn_loop(&self.env, ends, None).is_ok() {
            self.serve(leader).await;
        }
        Shutdown
    }

    /// Answers all others, and goes on for the engine's own face while another one leads.
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

    /// The right to lead, once it is free; nothing if the engine has ended before.
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

    /// Shows what another engine tells, until it ends. Fails if nothing of that was understood.
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

    /// Runs an engine of its own beside one that cannot be followed, says so, and answers others
    /// as soon as that one has ended.
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

    /// The subject of what is said of the engine that answers.
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
