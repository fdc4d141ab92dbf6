//! Access to the sessions for every face: through the running engine if one answers, else in this
//! process. The app and `trusty` share the order, the deadline and the mapping of errors.
//!
//! A hung engine begins no command later, because a command lapses when its caller hangs up. The
//! command is therefore carried out here instead, under the same locks.

mod remote_errors;

use remote_errors::{action_error, answer_error, jump_error};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{oneshot, watch};
use trusty_actions::ActionError;
use trusty_actions::jump::{self, JumpError, RunningJumps};
use trusty_client::api_types::{
    AnswerRequest, AttentionRequest, PauseRequest, StopRequest, WholeRequest,
};
use trusty_client::{ClientError, EngineClient};
use trusty_engine::EngineHandle;
use trusty_engine::authorization::mark_of_this_process;
use trusty_engine::requests::AnswerError;
use trusty_engine::{direct, threads};
use trusty_fleet::action::Action;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::jump::JumpObstacle;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_fleet::request::{Answer, RequestId};
use trusty_fleet::view::Card;
use trusty_fleet::{Session, SessionId, Snapshot};
use trusty_records::settings::Settings;
use trusty_sources::Shutdown;
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::environment::Environment;

/// Where a jump is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JumpOrder {
    /// In this process, then by the engine: the app runs on the display that the user looks at.
    HereFirst,
    /// By the engine, then in this process: an app that runs the engine is known to the desktop and
    /// has the user's consent to raise windows; a command may have neither.
    EngineFirst,
}

/// What differs between the app and `trusty`.
pub trait Face: Send + Sync {
    /// Where a jump is tried first.
    const JUMP_ORDER: JumpOrder;

    /// The engine of this process, if it has one; it takes the commands that no other engine takes.
    fn engine(&self) -> Option<&EngineHandle>;

    /// Reports to the user that the running engine cannot be used, and what happens instead.
    fn report(&self, message: &str);

    /// Waits for an action in this process, which must not be interrupted halfway.
    fn finish<T: Send>(
        &self,
        action: impl Future<Output = T> + Send,
    ) -> impl Future<Output = T> + Send;
}

/// Where the running engine is found.
#[derive(Debug, Clone)]
pub enum EngineRoute {
    /// The engine that is followed now, if there is one.
    Followed(watch::Receiver<Option<EngineClient>>),
    /// Whichever engine answers; after a hang it is not asked again.
    Any(EngineClient),
}

/// A face's access to the sessions.
#[derive(Debug)]
pub struct SessionAccess<F> {
    face: F,
    env: Arc<Environment>,
    route: EngineRoute,
    has_hung: AtomicBool,
    jumps: RunningJumps<Result<(), JumpError>>,
}

/// Why the running engine did not take a command.
enum NotTaken {
    /// No engine that could take the command is running.
    NoEngine,
    /// The engine does not answer.
    Hang(ClientError),
}

impl<F: Face> SessionAccess<F> {
    /// Access to the sessions of this user by this route.
    pub fn new(face: F, env: &Environment, route: EngineRoute) -> Self {
        Self {
            face,
            env: Arc::new(env.clone()),
            route,
            has_hung: AtomicBool::new(false),
            jumps: RunningJumps::default(),
        }
    }

    /// The face.
    pub fn face(&self) -> &F {
        &self.face
    }

    /// The running engine; none if there is none, or if it has hung.
    fn remote(&self) -> Option<EngineClient> {
        match &self.route {
            EngineRoute::Followed(remote) => remote.borrow().clone(),
            EngineRoute::Any(_) if self.has_hung.load(Ordering::Relaxed) => None,
            EngineRoute::Any(remote) => Some(remote.clone()),
        }
    }

    /// Records that the running engine hangs; returns whether that was known before.
    pub fn note_hang(&self) -> bool {
        self.has_hung.swap(true, Ordering::Relaxed)
    }

    /// Separates an answer of the engine, success or failure, from the lack of one.
    fn engine_answer<T>(
        &self,
        told: Result<T, ClientError>,
    ) -> Result<Result<T, ClientError>, NotTaken> {
        match told {
            Err(e) if e.is_absence() => Err(NotTaken::NoEngine),
            Err(e) if e.is_hang() => {
                if !self.note_hang() {
                    self.face.report(&format!("{e}; acting directly"));
                }
                Err(NotTaken::Hang(e))
            }
            told => Ok(told),
        }
    }

    /// Performs an action on a session. Returns once the action is done and verified, or has
    /// failed.
    ///
    /// # Errors
    /// Why the action was not done, or that its outcome is unknown.
    pub async fn act(&self, id: SessionId, action: Action) -> Result<(), ActionError> {
        let deadline = CommandDeadline::of_command_sent_now();
        if let Some(remote) = self.remote() {
            match self.engine_answer(act_by(&remote, id, &action, deadline).await) {
                Ok(done) => return done.map_err(action_error),
                Err(NotTaken::Hang(_)) => return self.act_directly(id, action).await,
                Err(NotTaken::NoEngine) => {}
            }
        }
        match self.face.engine() {
            Some(engine) => engine.act_before(id, action, deadline).await,
            None => self.act_directly(id, action).await,
        }
    }

    /// Performs an action in this process, on a thread of its own as an engine does.
    ///
    /// The deadline counts from here, because a command sent to an engine before has lapsed.
    async fn act_directly(&self, id: SessionId, action: Action) -> Result<(), ActionError> {
        let (reply, done) = oneshot::channel();
        let env = Arc::clone(&self.env);
        let acting = move || async move {
            let settings = Settings::read(&env);
            let done = if let Some(refusal) = refusal_of_mark(&env, &settings, &action).await {
                Err(refusal)
            } else {
                let deadline = CommandDeadline::of_command_sent_now();
                direct::perform_directly(&env, &settings, id, action, deadline).await
            };
            // The caller may have dropped the receiver.
            let _ = reply.send(done);
            Shutdown
        };
        // The action starts inside `finish`, so that the face is ready to complete it.
        let finished = self.face.finish(async {
            threads::spawn("trusty-direct", acting)
                .map_err(|e| ActionError::Failed(e.to_string()))?;
            done.await.unwrap_or(Err(ActionError::Gone))
        });
        finished.await
    }

    /// Brings the terminal of a session to the front, and returns once it is there. Concurrent
    /// jumps to one session are merged.
    ///
    /// # Errors
    /// Why the terminal was not raised.
    pub async fn jump(&self, session: &Session) -> Result<(), JumpError> {
        self.jumps
            .run_or_wait(session.id, self.jump_by_route(session))
            .await
    }

    async fn jump_by_route(&self, session: &Session) -> Result<(), JumpError> {
        let Some(remote) = self.remote() else {
            return self.jump_without_engine(session).await;
        };
        if F::JUMP_ORDER == JumpOrder::HereFirst {
            match self.jump_here(session).await {
                // The engine would make macOS ask a second time, in the name of another program.
                asking @ Err(JumpError::Refused(JumpObstacle::ConsentPending(_))) => return asking,
                Err(JumpError::Refused(_) | JumpError::Gone) => {}
                // The jump has begun here, so the engine would repeat it.
                done => return done,
            }
        }
        let deadline = CommandDeadline::of_command_sent_now();
        match remote.jump(session.id, deadline).await {
            Ok(()) => Ok(()),
            // An engine that was started elsewhere or long ago may know neither this process's
            // display nor its programs.
            Err(ClientError::Refused(problem))
                if F::JUMP_ORDER == JumpOrder::EngineFirst
                    && lacks_a_display(&problem)
                    && self.env.display.is_some() =>
            {
                self.jump_here(session).await
            }
            told => match self.engine_answer(told) {
                Ok(done) => done.map_err(jump_error),
                Err(NotTaken::Hang(e)) if F::JUMP_ORDER == JumpOrder::HereFirst => {
                    Err(jump_error(e))
                }
                Err(_) => self.jump_without_engine(session).await,
            },
        }
    }

    async fn jump_without_engine(&self, session: &Session) -> Result<(), JumpError> {
        match self.face.engine() {
            Some(engine) => engine.jump(session.id).await,
            None => self.jump_here(session).await,
        }
    }

    /// Jumps in this process, and reports the terminal as looked at.
    async fn jump_here(&self, session: &Session) -> Result<(), JumpError> {
        let terminal = Settings::read(&self.env).terminal;
        let jumped = jump::jump(session, &self.env, &terminal).await;
        match jumped {
            // The dialog of macOS disappears with the process that asks, and a command ends here.
            Err(JumpError::Refused(JumpObstacle::ConsentPending(app)))
                if F::JUMP_ORDER == JumpOrder::EngineFirst =>
            {
                self.face.report(&format!(
                    "macOS is asking whether `trusty` may control {app}; answer its dialog"
                ));
                jump::wait_for_consent().await;
                jump::jump(session, &self.env, &terminal).await?;
            }
            jumped => jumped?,
        }
        self.report_attention(FocusEvent::Terminal(session.id))
            .await;
        Ok(())
    }

    /// Reports that the user has looked. Returns once a snapshot of the engine reflects it.
    pub async fn report_attention(&self, attention: FocusEvent) {
        let session = match attention {
            FocusEvent::Popover => None,
            FocusEvent::Terminal(id) => Some(id),
        };
        if let Some(remote) = self.remote() {
            let noted = remote.report_attention(&AttentionRequest { session }).await;
            if !noted.is_err_and(|e| e.is_absence()) {
                return;
            }
        }
        if let Some(engine) = self.face.engine() {
            engine.report_attention(attention).await;
        }
    }

    /// Explains the status of a session; none if there is no such session.
    ///
    /// # Errors
    /// If no engine answers.
    pub async fn explain(&self, id: SessionId) -> Result<Option<Explanation>, ClientError> {
        let told = match self.remote() {
            Some(remote) => remote.explain(id).await,
            None => Err(ClientError::NotRunning),
        };
        match (told, self.face.engine()) {
            (Err(e), Some(engine)) if e.is_absence() => Ok(engine.explain(id).await),
            (Err(ClientError::Refused(problem)), _)
                if problem.known_code() == Some(ProblemCode::NoSuchSession) =>
            {
                Ok(None)
            }
            (told, _) => told.map(Some),
        }
    }

    /// A pending request in full; none if it is no longer pending.
    ///
    /// # Errors
    /// [`AnswerError::Gone`] without any engine, and [`AnswerError::Unreadable`] if the engine of
    /// another process does not deliver the request.
    pub async fn request(
        &self,
        session: SessionId,
        request: &RequestId,
    ) -> Result<Option<WholeRequest>, AnswerError> {
        let told = match self.remote() {
            Some(remote) => remote.request(session, request).await,
            None => Err(ClientError::NotRunning),
        };
        match (told, self.face.engine()) {
            (Err(e), Some(engine)) if e.is_absence() => {
                Ok(whole_request(engine, session, request).await)
            }
            (Err(ClientError::NotRunning), None) => Err(AnswerError::Gone),
            (told, _) => told.map_err(|e| AnswerError::Unreadable(e.to_string())),
        }
    }

    /// Answers a request on behalf of the user of this face; `channel` is where the user answered.
    /// Returns once the hook has passed the answer on.
    ///
    /// # Errors
    /// Why the answer was not given. Without an engine no answer can be given, because no request
    /// is held.
    pub async fn answer(
        &self,
        session: SessionId,
        request: &RequestId,
        answer: Answer,
        channel: AnswerChannel,
    ) -> Result<(), AnswerError> {
        let deadline = CommandDeadline::of_command_sent_now();
        let told = match self.remote() {
            Some(remote) => {
                let asked = AnswerRequest {
                    request: request.clone(),
                    answer: answer.clone(),
                };
                remote.answer(session, &asked, channel, deadline).await
            }
            None => Err(ClientError::NotRunning),
        };
        match (told, self.face.engine()) {
            (Err(e), Some(engine)) if e.is_absence() => {
                engine
                    .answer_before(session, request, answer, channel, deadline)
                    .await
            }
            (Err(ClientError::NotRunning), None) => Err(AnswerError::Gone),
            (told, _) => told.map_err(answer_error),
        }
    }

    /// The newest snapshot of the running engine, or of the engine of this process.
    ///
    /// # Errors
    /// If no engine answers.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, ClientError> {
        match (self.face.engine(), self.remote()) {
            // The engine of this process shows the snapshots of the engine that it follows.
            (Some(engine), _) => Ok(engine.snapshot()),
            (None, Some(remote)) => remote.snapshot().await.map(Arc::new),
            (None, None) => Err(ClientError::NotResponding),
        }
    }
}

async fn act_by(
    remote: &EngineClient,
    id: SessionId,
    action: &Action,
    deadline: CommandDeadline,
) -> Result<(), ClientError> {
    match action {
        Action::Pause(wish) => {
            let how = PauseRequest {
                how: wish.how,
                note: wish.note.clone(),
                by: Some(wish.by),
            };
            remote.pause(id, &how, deadline).await
        }
        Action::Resume => remote.resume(id, deadline).await,
        Action::End => remote.stop(id, StopRequest { kill: false }, deadline).await,
        Action::Kill => remote.stop(id, StopRequest { kill: true }, deadline).await,
    }
}

/// Refuses to resume from a process that a session started. This is a courtesy to the user, not a
/// barrier: such a process could resume the session without Trusty Bar.
async fn refusal_of_mark(
    env: &Environment,
    settings: &Settings,
    action: &Action,
) -> Option<ActionError> {
    if *action != Action::Resume {
        return None;
    }
    let mark = mark_of_this_process(env, settings).await?;
    let remedy = "resume the session in the popover or in another terminal";
    Some(ActionError::NotAuthorized(format!("{mark}; {remedy}")))
}

/// Whether an engine lacks what raising a terminal needs, which this process may have.
fn lacks_a_display(problem: &Problem) -> bool {
    matches!(
        problem.known_code(),
        Some(ProblemCode::NoDisplay | ProblemCode::DisplayUnreachable | ProblemCode::NoOpener)
    )
}

/// A request that the engine of this process holds, with the card that a face draws.
pub(crate) async fn whole_request(
    engine: &EngineHandle,
    session: SessionId,
    request: &RequestId,
) -> Option<WholeRequest> {
    let snapshot = engine.snapshot();
    let listed = snapshot.sessions.iter().find(|s| s.id == session)?;
    let known = listed.requests.iter().find(|r| r.id == *request)?.clone();
    let content = engine.read_request(session, request.clone()).await?;
    let card = Card::from_request(request.clone(), &content);
    Some(WholeRequest {
        request: known,
        content: Arc::unwrap_or_clone(content),
        card,
    })
}

#[cfg(test)]
mod tests;
