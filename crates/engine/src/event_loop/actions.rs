//! What is asked to be done: planned by the fleet, given to the hands, and told when it is over.

use super::EngineLoop;
use crate::job::{ActionReply, EngineJob, JobOutcome, JumpReply};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::{Action, ActionKind};
use trusty_fleet::jump::JumpObstacle;
use trusty_fleet::observation::{ActionProgress, FocusEvent};
use trusty_fleet::{Fact, Observation, SessionId};

impl EngineLoop {
    pub(super) fn act(
        &mut self,
        id: SessionId,
        action: &Action,
        lease: CommandLease,
        reply: ActionReply,
    ) {
        if let Err(lapse) = lease.check() {
            return self.reply_after_publish(reply, Err(lapse.into()));
        }
        let at = self.clock.now();
        let verb = action.verb();
        let refused = match self.desk.fleet.plan(id, action, at) {
            Ok(plan) => {
                match self
                    .jobs
                    .try_send(EngineJob::Perform(verb, Box::new(plan), lease, reply))
                {
                    Ok(()) => {
                        let fact = Fact::ActionProgress(id, ActionProgress::Begun(verb));
                        return self.desk.handle_observation(Observation { at, fact });
                    }
                    Err(TrySendError::Full(EngineJob::Perform(_, _, _, reply))) => {
                        (ActionError::Busy, reply)
                    }
                    // A thread that has ended drops the reply, which tells the asker.
                    Err(_) => return,
                }
            }
            Err(refusal) => (ActionError::Refused(refusal), reply),
        };
        let (error, reply) = refused;
        if error.is_news() {
            let fact = Fact::ActionProgress(id, ActionProgress::Failed(verb, error.to_string()));
            self.desk.handle_observation(Observation { at, fact });
        }
        self.reply_after_publish(reply, Err(error));
    }

    pub(super) fn finish_job(&mut self, outcome: JobOutcome) {
        match outcome {
            JobOutcome::Acted(id, verb, done, reply) => {
                // What was done is believed when it is seen.
                self.nudge += 1;
                let act = match &done {
                    Ok(()) => ActionProgress::Done(verb),
                    Err(e) => ActionProgress::Failed(verb, e.to_string()),
                };
                self.file_fact(Fact::ActionProgress(id, act));
                self.reply_after_publish(reply, done);
            }
            JobOutcome::Jumped(id, done, reply) => {
                self.file_fact(match &done {
                    Ok(()) => Fact::Attention(FocusEvent::Terminal(id)),
                    Err(e) => Fact::ActionProgress(
                        id,
                        ActionProgress::Failed(ActionKind::Jump, e.to_string()),
                    ),
                });
                self.reply_after_publish(reply, done);
            }
        }
    }

    /// Tells whoever asked once the next snapshot is out.
    pub(super) fn reply_after_publish<T: Send + 'static>(
        &mut self,
        reply: oneshot::Sender<T>,
        told: T,
    ) {
        // Whoever asked may have gone.
        self.later.push(Box::new(move || drop(reply.send(told))));
    }

    pub(super) fn jump(&mut self, id: SessionId, lease: CommandLease, reply: JumpReply) {
        if let Err(lapse) = lease.check() {
            return self.reply_after_publish(reply, Err(lapse.into()));
        }
        let at = self.clock.now();
        let session = self.desk.fleet.snapshot(at).sessions;
        let Some(session) = session.into_iter().find(|s| s.id == id) else {
            let _ = reply.send(Err(JumpError::Refused(JumpObstacle::Ended)));
            return;
        };
        // What was said of the last jump is over.
        if session
            .pending
            .as_ref()
            .is_some_and(|p| p.verb == ActionKind::Jump)
        {
            let fact = Fact::ActionProgress(id, ActionProgress::Done(ActionKind::Jump));
            self.desk.handle_observation(Observation { at, fact });
        }
        if let Err(TrySendError::Full(EngineJob::Jump(_, _, reply))) = self
            .jobs
            .try_send(EngineJob::Jump(Box::new(session), lease, reply))
        {
            let busy = "too many actions are in progress; try again in a moment";
            let _ = reply.send(Err(JumpError::Failed(busy.into())));
        }
    }
}
