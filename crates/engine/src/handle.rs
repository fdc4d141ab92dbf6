//! A face's hold on the engine, and the ends that the engine has of it.

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

/// For so long an action that is done may wait for the look that shows it.
const ACTION_SEEN_TIMEOUT: Duration = Duration::from_secs(4);

/// A face's hold on the engine. Clones share it; the engine ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct EngineHandle {
    /// Of a face's own handles: what runs the engine for the face has one without it.
    pub(super) _presence: Option<FacePresence>,
    pub(super) clock: Clock,
    pub(super) commands: mpsc::Sender<EngineCommand>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) looking: Arc<watch::Sender<usize>>,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    /// Knows who may answer.
    pub(crate) callers: Arc<CallerRegister>,
}

/// Tells whoever runs an engine for a face that the face is there.
#[derive(Debug, Clone)]
pub struct FacePresence {
    /// Nothing is ever sent: that it is dropped tells.
    _alive: mpsc::Sender<Infallible>,
}

/// Knows when a face has gone.
#[derive(Debug)]
pub struct FaceWatch(mpsc::Receiver<Infallible>);

impl FacePresence {
    /// One that is there, and who knows when it has gone.
    pub fn new() -> (Self, FaceWatch) {
        let (alive, watch) = mpsc::channel(1);
        (Self { _alive: alive }, FaceWatch(watch))
    }
}

impl FaceWatch {
    /// Returns when the face has dropped all its handles.
    pub async fn wait_gone(mut self) {
        // Nothing can come but the end.
        let _ = self.0.recv().await;
    }
}

/// The other ends of what a handle holds: whoever has them is the engine.
#[derive(Debug)]
pub struct EngineChannels {
    /// What observations are dated by.
    pub clock: Clock,
    pub(super) commands: mpsc::Receiver<EngineCommand>,
    /// The way into `commands` for the loop's own hands, which keep no engine running.
    pub(super) outcomes: mpsc::WeakSender<EngineCommand>,
    /// How many faces are visible.
    pub looks: watch::Receiver<usize>,
    /// Where the newest snapshot is published.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// The settings, as they are changed.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// What the settings say of answers at the start.
    pub(super) policy: AnswerPolicy,
}

impl EngineChannels {
    /// Waits until somebody looks, or nobody any more; false when nobody is there. What was asked
    /// while the engine before was just ending is turned away meanwhile: it is told that nobody
    /// does it, and it is not done later.
    pub async fn wait_visibility_change(&mut self) -> bool {
        loop {
            tokio::select! {
                Some(command) = self.commands.recv() => drop(command),
                changed = self.looks.changed() => return changed.is_ok(),
            }
        }
    }
}

/// Somebody looks for as long as this lives.
#[derive(Debug)]
pub struct VisibilityGuard(Arc<watch::Sender<usize>>);

impl Drop for VisibilityGuard {
    fn drop(&mut self) {
        self.0.send_modify(|faces| *faces = faces.saturating_sub(1));
    }
}

impl EngineHandle {
    /// The handle of a face.
    #[must_use]
    pub fn with_presence(self, presence: FacePresence) -> Self {
        Self {
            _presence: Some(presence),
            ..self
        }
    }

    /// Waits until the first look is over. Before, the snapshot is empty.
    pub async fn wait_first_snapshot(&self) {
        let mut snapshots = self.snapshots.clone();
        // An engine that has ended will know no more than now.
        let _ = snapshots.wait_for(|s| s.revision > 0).await;
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// Snapshots as they come. Only those with news mark the receiver as changed.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The settings, as they are changed. What is wrong in them is told by the snapshot's health.
    pub fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.clone()
    }

    /// Returns when the engine has ended.
    pub async fn wait_ended(&self) {
        // Nothing else ends the wait.
        let _ = self.snapshots.clone().wait_for(|_| false).await;
    }

    /// A face is visible: what raises no event is looked at more often until the returned value
    /// is dropped.
    pub fn mark_visible(&self) -> VisibilityGuard {
        self.looking.send_modify(|faces| *faces += 1);
        VisibilityGuard(Arc::clone(&self.looking))
    }

    /// The owner has looked. Returns when a snapshot shows it.
    pub async fn report_attention(&self, attention: FocusEvent) {
        let (reply, seen) = oneshot::channel();
        let sent = self
            .commands
            .send(EngineCommand::ReportAttention(attention, reply))
            .await;
        if sent.is_ok() {
            // A loop that has ended shows nothing any more.
            let _ = seen.await;
        }
    }

    /// Who may answer besides the app, as the settings said when this engine started.
    pub fn answer_policy(&self) -> AnswerPolicy {
        self.callers.policy()
    }

    /// Now, as what is filed is dated.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells the engine a fact, dated by its arrival.
    pub async fn send_fact(&self, fact: Fact) {
        // A loop that has ended needs to know nothing.
        let _ = self.commands.send(EngineCommand::FileFact(fact)).await;
    }

    /// Does something to a session. Returns when it is done, verified and seen in a snapshot, or
    /// nothing has changed.
    ///
    /// # Errors
    /// Why it was not done; with [`ActionError::Lapsed`] it was not begun in time.
    pub async fn perform_action(&self, id: SessionId, action: Action) -> Result<(), ActionError> {
        self.act_before(id, action, CommandDeadline::of_command_sent_now())
            .await
    }

    /// The same, begun before this deadline or never.
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

    /// Waits until what was done is no longer under way in the snapshot.
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
        // It was verified; a look that comes later than that changes nothing of it.
        let _ = tokio::time::timeout(ACTION_SEEN_TIMEOUT, seen).await;
    }

    /// Brings the terminal of a session to the front. Returns when it is there.
    pub async fn jump(&self, id: SessionId) -> Result<(), JumpError> {
        self.jump_before(id, CommandDeadline::of_command_sent_now())
            .await
    }

    /// The same, begun before this deadline or never.
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

    /// Why a session is what it is; none if there is no such session.
    pub async fn explain(&self, id: SessionId) -> Option<Explanation> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(EngineCommand::Explain(id, reply))
            .await
            .ok()?;
        answer.await.ok()?
    }
}
