//! The handle through which faces use the engine, and the channel ends on the engine's side.

use crate::authorization::CallerRegister;
use crate::command::EngineCommand;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::{Action, ActionKind};
use trusty_fleet::authorization::AnswerPolicy;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::session::PendingAction;
use trusty_fleet::{Fact, SessionId, Snapshot, Timestamp};
use trusty_platform::clock::Clock;
use trusty_records::settings::Settings;
use trusty_wire::command_deadline::CommandDeadline;

/// How long a completed action waits for the snapshot that reflects it.
const ACTION_SEEN_TIMEOUT: Duration = Duration::from_secs(4);

/// A handle to the engine. Clones share the engine, which ends when the last one is dropped.
#[derive(Debug, Clone)]
pub struct EngineHandle {
    /// Only in handles of a face; the code that runs the engine for a face has handles without one.
    pub(super) _presence: Option<FacePresence>,
    pub(super) clock: Clock,
    pub(super) commands: mpsc::Sender<EngineCommand>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) looking: Arc<watch::Sender<usize>>,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    /// Identifies callers, and says who may answer.
    pub(crate) callers: Arc<CallerRegister>,
}

/// Shows the code that runs an engine for a face that the face still exists.
#[derive(Debug, Clone)]
pub struct FacePresence {
    /// Carries no message: the channel closes when the last clone is dropped.
    _alive: mpsc::Sender<Infallible>,
}

/// Waits for the end of a face.
#[derive(Debug)]
pub struct FaceWatch(mpsc::Receiver<Infallible>);

impl FacePresence {
    /// A presence, and the watch that ends when all its clones are dropped.
    pub fn new() -> (Self, FaceWatch) {
        let (alive, watch) = mpsc::channel(1);
        (Self { _alive: alive }, FaceWatch(watch))
    }
}

impl FaceWatch {
    /// Returns once the face has dropped all its handles.
    pub async fn wait_gone(mut self) {
        // The channel carries no message, so only its closing ends the wait.
        let _ = self.0.recv().await;
    }
}

/// The engine's ends of the channels of a handle.
#[derive(Debug)]
pub struct EngineChannels {
    /// The clock that dates observations.
    pub clock: Clock,
    pub(super) commands: mpsc::Receiver<EngineCommand>,
    /// The sender by which the loop's own jobs report into `commands`; weak, so that they do not
    /// keep the engine running.
    pub(super) outcomes: mpsc::WeakSender<EngineCommand>,
    /// The number of visible faces.
    pub looks: watch::Receiver<usize>,
    /// The newest snapshot.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// The settings, updated as the file changes.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// The answer policy of the settings at the start.
    pub(super) policy: AnswerPolicy,
}

impl EngineChannels {
    /// Waits until the number of visible faces changes; `false` once all handles are dropped.
    ///
    /// Drops the commands that arrive meanwhile, which were sent while the previous engine was
    /// ending: their callers learn that no engine ran them, and they do not run late.
    pub async fn wait_visibility_change(&mut self) -> bool {
        loop {
            tokio::select! {
                Some(command) = self.commands.recv() => drop(command),
                changed = self.looks.changed() => return changed.is_ok(),
            }
        }
    }
}

/// Counts a face as visible until dropped.
#[derive(Debug)]
pub struct VisibilityGuard(Arc<watch::Sender<usize>>);

impl Drop for VisibilityGuard {
    fn drop(&mut self) {
        self.0.send_modify(|faces| *faces = faces.saturating_sub(1));
    }
}

impl EngineHandle {
    /// Ties this handle to the presence of a face.
    #[must_use]
    pub fn with_presence(self, presence: FacePresence) -> Self {
        Self {
            _presence: Some(presence),
            ..self
        }
    }

    /// Waits until the first scan is published, or the engine ends. Before, the snapshot is empty.
    pub async fn wait_first_snapshot(&self) {
        let mut snapshots = self.snapshots.clone();
        // The wait fails only if the engine has ended, which leaves the snapshot as it is.
        let _ = snapshots.wait_for(|s| s.revision > 0).await;
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// A receiver of snapshots. Only those with news mark it as changed.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The settings, updated as the file changes. The snapshot's health reports what is wrong in
    /// them.
    pub fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.clone()
    }

    /// Returns once the engine has ended.
    pub async fn wait_ended(&self) {
        // The predicate is never true, so only the closing of the channel ends the wait.
        let _ = self.snapshots.clone().wait_for(|_| false).await;
    }

    /// Counts a face as visible until the returned guard is dropped. Sources that raise no event
    /// are then polled more often.
    pub fn mark_visible(&self) -> VisibilityGuard {
        self.looking.send_modify(|faces| *faces += 1);
        VisibilityGuard(Arc::clone(&self.looking))
    }

    /// Reports that the user looked at something. Returns once a snapshot shows it.
    pub async fn report_attention(&self, attention: FocusEvent) {
        let (reply, seen) = oneshot::channel();
        let sent = self
            .commands
            .send(EngineCommand::ReportAttention(attention, reply))
            .await;
        if sent.is_ok() {
            // The reply is dropped if the loop ends first.
            let _ = seen.await;
        }
    }

    /// Which programs may answer besides the app, by the settings when this engine started.
    pub fn answer_policy(&self) -> AnswerPolicy {
        self.callers.policy()
    }

    /// The present time on the clock that dates observations.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a fact to the engine, which dates it on arrival.
    pub async fn send_fact(&self, fact: Fact) {
        // Nothing is left to update if the loop has ended.
        let _ = self.commands.send(EngineCommand::FileFact(fact)).await;
    }

    /// Performs an action on a session. Returns once the action is verified and a snapshot shows
    /// it, or 4 s after it was verified.
    ///
    /// # Errors
    /// Why the action was not performed; [`ActionError::Lapsed`] if it did not begin in time.
    pub async fn perform_action(&self, id: SessionId, action: Action) -> Result<(), ActionError> {
        self.act_before(id, action, CommandDeadline::of_command_sent_now())
            .await
    }

    /// [`Self::perform_action`] with a deadline before which the action begins, or never.
    ///
    /// # Errors
    /// As [`Self::perform_action`].
    pub async fn act_before(
        &self,
        id: SessionId,
        action: Action,
        deadline: CommandDeadline,
    ) -> Result<(), ActionError> {
        let verb = action.verb();
        let (lease, caller) = CommandLease::new(deadline);
        let asked = async {
            let (reply, answer) = oneshot::channel();
            let command = EngineCommand::PerformAction(id, action, lease, reply);
            let sent = self.commands.send(command).await;
            sent.map_err(|_| ActionError::Gone)?;
            answer.await.unwrap_or(Err(ActionError::Gone))
        };
        tokio::select! {
            done = asked => done?,
            lapse = caller.wait_lapsed() => return Err(lapse.into()),
        }
        self.wait_action_seen(id, verb).await;
        Ok(())
    }

    /// Waits until the snapshot no longer shows the action in progress, for at most
    /// [`ACTION_SEEN_TIMEOUT`].
    async fn wait_action_seen(&self, id: SessionId, verb: ActionKind) {
        let is_under_way =
            |pending: &PendingAction| pending.verb == verb && pending.failure.is_none();
        let mut snapshots = self.snapshots.clone();
        let seen = snapshots.wait_for(|snapshot| {
            let session = snapshot.sessions.iter().find(|s| s.id == id);
            !session
                .and_then(|s| s.pending.as_ref())
                .is_some_and(is_under_way)
        });
        // The executor has verified the action, so a late snapshot does not make it a failure.
        let _ = tokio::time::timeout(ACTION_SEEN_TIMEOUT, seen).await;
    }

    /// Brings the terminal of a session to the front. Returns once it is there.
    ///
    /// # Errors
    /// Why the jump failed; [`JumpError::Lapsed`] if it did not begin in time.
    pub async fn jump(&self, id: SessionId) -> Result<(), JumpError> {
        self.jump_before(id, CommandDeadline::of_command_sent_now())
            .await
    }

    /// [`Self::jump`] with a deadline before which the jump begins, or never.
    ///
    /// # Errors
    /// As [`Self::jump`].
    pub async fn jump_before(
        &self,
        id: SessionId,
        deadline: CommandDeadline,
    ) -> Result<(), JumpError> {
        let (lease, caller) = CommandLease::new(deadline);
        let asked = async {
            let (reply, answer) = oneshot::channel();
            let sent = self
                .commands
                .send(EngineCommand::Jump(id, lease, reply))
                .await;
            sent.map_err(|_| JumpError::Gone)?;
            answer.await.unwrap_or(Err(JumpError::Gone))
        };
        tokio::select! {
            done = asked => done,
            lapse = caller.wait_lapsed() => Err(lapse.into()),
        }
    }

    /// Why a session has its status; `None` if there is no such session or the engine has ended.
    pub async fn explain(&self, id: SessionId) -> Option<Explanation> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(EngineCommand::Explain(id, reply))
            .await
            .ok()?;
        answer.await.ok()?
    }
}
