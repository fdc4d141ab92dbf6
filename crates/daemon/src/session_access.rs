//! What every face asks of sessions: the running engine if one answers, else this process. One
//! order, one deadline, one mapping of errors for the app and for `trusty`.
//!
//! An engine that hangs begins nothing later: a command lapses when its caller hangs up. So what it
//! was asked is then done here, under the same locks.

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
    /// In this process, then by the engine: the app is where its user looks.
    HereFirst,
    /// By the engine, then in this process: an app that runs the engine is known to the desktop
    /// and has its user's consent to raise windows; a command may have neither.
    EngineFirst,
}

/// What differs between the app and `trusty`.
pub trait Face: Send + Sync {
    /// Where a jump is tried first.
    const JUMP_ORDER: JumpOrder;

    /// The engine of this process, if it has one: it takes what no other engine takes.
    fn engine(&self) -> Option<&EngineHandle>;

    /// Tells the user that the running engine cannot be used, and what happens instead.
    fn report(&self, message: &str);

    /// Waits for an action in this process, which must not be left half done.
    fn finish<T: Send>(
        &self,
        action: impl Future<Output = T> + Send,
    ) -> impl Future<Output = T> + Send;
}

/// Where the running engine is found.
#[derive(Debug, Clone)]
pub enum EngineRoute {
    /// The one that is followed now, if one is.
    Followed(watch::Receiver<Option<EngineClient>>),
    /// Whichever answers; once it hangs, it is not asked again.
    Any(EngineClient),
}

/// The sessions, as a face asks for them.
#[derive(Debug)]
pub struct SessionAccess<F> {
    face: F,
    env: Arc<Environment>,
    route: EngineRoute,
    has_hung: AtomicBool,
    jumps: RunningJumps<Result<(), JumpError>>,
}

/// A command that the running engine did not take.
enum NotTaken {
    /// No engine that could take it runs.
    NoEngine,
    /// It answers nothing.
    Hang(ClientError),
}

impl<F: Face> SessionAccess<F> {
    /// The sessions of this user, by way of this route.
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

    /// The running engine, if there may be one to ask.
    fn remote(&self) -> Option<EngineClient> {
        match &self.route {
            EngineRoute::Followed(remote) => remote.borrow().clone(),
            EngineRoute::Any(_) if self.has_hung.load(Ordering::Relaxed) => None,
            EngineRoute::Any(remote) => Some(remote.clone()),
        }
    }

    /// Notes that the running engine hangs; whether that was known before.
    pub fn note_hang(&self) -> bool {
        self.has_hung.swap(true, Ordering::Relaxed)
    }

    /// Tells an answer of the engine from none.
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

    /// Does something to a session. Returns when it is done and verified, or nothing has changed.
    ///
    /// # Errors
    /// Why it was not done.
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

    /// On a thread of its own, as an engine's actions are. Begins within the time that any command
    /// has, counted from here: what was asked of an engine before has lapsed.
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
            // The caller may have gone.
            let _ = reply.send(done);
            Shutdown
        };
        // Nothing is begun before the face is ready to finish it.
        let finished = self.face.finish(async {
            threads::spawn("trusty-direct", acting)
                .map_err(|e| ActionError::Failed(e.to_string()))?;
            done.await.unwrap_or(Err(ActionError::Gone))
        });
        finished.await
    }

    /// Brings the terminal of a session to the front. Returns when it is there. Two jumps to one
    /// session are one.
    ///
    /// # Errors
    /// Why it is not there.
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
                Err(JumpError::Refused(_) | JumpError::Gone) => {}
                // What was begun here would be done a second time there.
                done => return done,
            }
        }
        let deadline = CommandDeadline::of_command_sent_now();
        match remote.jump(session.id, deadline).await {
            Ok(()) => Ok(()),
            // An engine that was started elsewhere, or long ago, may know neither our display nor
            // our programs.
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

    /// A terminal that is in front was looked at.
    async fn jump_here(&self, session: &Session) -> Result<(), JumpError> {
        let terminal = Settings::read(&self.env).terminal;
        jump::jump(session, &self.env, &terminal).await?;
        self.report_attention(FocusEvent::Terminal(session.id))
            .await;
        Ok(())
    }

    /// The user has looked. Returns when a snapshot of the engine shows it.
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

    /// Why a session is what it is, as an engine tells it; none if there is no such session.
    ///
    /// # Errors
    /// No engine tells.
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

    /// A request that an engine holds, whole; none if it is no longer pending.
    ///
    /// # Errors
    /// [`AnswerError::Unread`] where another process's engine does not tell.
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

    /// Answers a request for the user of this face, who did it in this channel. Returns when its
    /// hook has handed the answer on.
    ///
    /// # Errors
    /// Why the answer was not given. No answer is given without an engine: none holds the request.
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
    /// No engine tells.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, ClientError> {
        match (self.face.engine(), self.remote()) {
            // An engine of this process shows what the one shows that it follows.
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

/// A process that a session started resumes none: a courtesy to the user, for such a process could
/// do the same without us.
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

/// Whether an engine lacks what it needs to bring a terminal to the front, and this process may
/// have.
fn lacks_a_display(problem: &Problem) -> bool {
    matches!(
        problem.known_code(),
        Some(ProblemCode::NoDisplay | ProblemCode::DisplayUnreachable | ProblemCode::NoOpener)
    )
}

/// A request that the engine of this process holds, with what a face shows of it.
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
