//! The requests that are held now. They live with the loop: one writer.

use super::{AnswerError, InvalidAnswer, decide};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use trusty_fleet::given_answer::GivenAnswer;
use trusty_fleet::request::{Answer, HookOutcome, PermissionRequest, RequestContent, RequestId};
use trusty_fleet::{SessionId, Timestamp};
use trusty_sources::hook::HookRequest;

/// So many requests are held at a time; what is asked beyond that, its terminal asks.
const MAX_HELD_REQUESTS: usize = 256;
/// So much content is kept at a time, in bytes.
const MAX_HELD_BYTES: usize = 64 << 20;

/// What a hook that waits is told.
#[derive(Debug)]
pub enum HookReply {
    /// It is held, for so long at most.
    Held(Option<Duration>),
    /// It is answered.
    Last(FinalReply),
}

/// What a client is to be given, as it is.
#[derive(Debug)]
pub struct FinalReply(pub Vec<u8>);

/// When a hold ends by itself, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HoldLimit(Option<Timestamp>);

/// Told when a hook has handed an answer on, or not.
pub(super) type AnswerReply = oneshot::Sender<Result<(), AnswerError>>;

#[derive(Debug)]
struct HeldRequest {
    session: SessionId,
    content: Arc<RequestContent>,
    weight: usize,
    /// Why it is not approved from here.
    unseen: Option<String>,
    /// The way back. Dropped, it lets the hook go.
    way: mpsc::Sender<HookReply>,
    /// What its hook knows of how long it is held; nothing if it knows nothing.
    told: Option<HoldLimit>,
    /// Who waits for the hook to hand the answer on, and which answer that is.
    answering: Option<(AnswerReply, GivenAnswer)>,
}

/// All that is held.
#[derive(Debug, Default)]
pub struct PendingRequests {
    holds: BTreeMap<RequestId, HeldRequest>,
    /// What those who answered are to be told.
    news: Vec<(AnswerReply, Result<(), AnswerError>)>,
    /// Answers that were taken and are not recorded yet.
    taken: Vec<(SessionId, GivenAnswer)>,
}

impl PendingRequests {
    /// Takes a request in, if there is room: what is to be filed of it, and what became of it at
    /// once.
    pub fn hold_request(
        &mut self,
        session: SessionId,
        asked: HookRequest,
        way: mpsc::Sender<HookReply>,
    ) -> (PermissionRequest, Option<HookOutcome>) {
        let HookRequest {
            asking,
            content,
            weight,
            unseen,
        } = asked;
        let kept: usize = self.holds.values().map(|hold| hold.weight).sum();
        let fits =
            self.holds.len() < MAX_HELD_REQUESTS && kept.saturating_add(weight) <= MAX_HELD_BYTES;
        if !fits || self.holds.contains_key(&asking.id) {
            return (asking, Some(HookOutcome::Released));
        }
        let hold = HeldRequest {
            session,
            content: Arc::new(content),
            weight,
            unseen,
            way,
            told: None,
            answering: None,
        };
        self.holds.insert(asking.id.clone(), hold);
        (asking, None)
    }

    /// The whole content of one.
    pub fn content(&self, session: SessionId, id: &RequestId) -> Option<Arc<RequestContent>> {
        let hold = self.holds.get(id).filter(|hold| hold.session == session)?;
        Some(Arc::clone(&hold.content))
    }

    /// Answers one; `given` is what is told of the answer once it is taken. What became of it, if
    /// that is known at once.
    pub fn answer(
        &mut self,
        session: SessionId,
        id: &RequestId,
        answer: &Answer,
        given: GivenAnswer,
        reply: AnswerReply,
    ) -> Option<HookOutcome> {
        let hold = self
            .holds
            .get_mut(id)
            .filter(|hold| hold.session == session && hold.answering.is_none());
        let Some(hold) = hold else {
            self.refuse(reply, AnswerError::NotPending);
            return None;
        };
        if matches!(answer, Answer::Release {}) {
            self.holds.remove(id);
            self.taken.push((session, given));
            self.news.push((reply, Ok(())));
            return Some(HookOutcome::Released);
        }
        let approves = !matches!(answer, Answer::Deny { .. } | Answer::Stop { .. });
        let decision = match hold.unseen.clone().filter(|_| approves) {
            Some(why) => Err(InvalidAnswer::NotShown(why)),
            None => decide(&hold.content, answer),
        };
        let bytes = match decision {
            Ok(decision) => format!("{decision}\n").into_bytes(),
            Err(unfit) => {
                self.refuse(reply, unfit.into());
                return None;
            }
        };
        // Its place was kept free.
        match hold.way.try_send(HookReply::Last(FinalReply(bytes))) {
            Ok(()) => hold.answering = Some((reply, given)),
            Err(_) => self.refuse(reply, AnswerError::NotPending),
        }
        None
    }

    /// A hook has ended, after it handed the answer on or before. What became of it.
    pub fn end_request(
        &mut self,
        session: SessionId,
        id: &RequestId,
        over: HookOutcome,
    ) -> Option<HookOutcome> {
        if self.holds.get(id)?.session != session {
            return None;
        }
        let hold = self.holds.remove(id)?;
        if let Some((reply, given)) = hold.answering {
            let outcome = match over {
                HookOutcome::Answered => {
                    self.taken.push((session, given));
                    Ok(())
                }
                // Its client has ended it meanwhile, as it does once its terminal has answered.
                HookOutcome::HungUp => Err(AnswerError::NotPending),
                HookOutcome::Released => Err(AnswerError::NotAccepted),
            };
            self.news.push((reply, outcome));
        }
        Some(over)
    }

    /// The answers that were taken since this was last asked, each once.
    pub fn drain_taken(&mut self) -> Vec<(SessionId, GivenAnswer)> {
        std::mem::take(&mut self.taken)
    }

    /// An answer that cannot be given.
    pub fn refuse(&mut self, reply: AnswerReply, error: AnswerError) {
        self.news.push((reply, Err(error)));
    }

    /// Tells those who answered how it went. To be called once the snapshot shows it, so that
    /// nobody who was told so reads otherwise.
    pub fn send_replies(&mut self) {
        for (reply, outcome) in self.news.drain(..) {
            // Whoever asked may have gone.
            let _ = reply.send(outcome);
        }
    }

    /// Lets all go that are not to be held, and tells the others for how long they are, as often
    /// as that changes. Returns those let go.
    pub fn retain_wanted(
        &mut self,
        wanted: &BTreeMap<RequestId, Option<Timestamp>>,
        now: Timestamp,
    ) -> Vec<(SessionId, RequestId)> {
        let mut gone = Vec::new();
        self.holds.retain(|id, hold| {
            // What was answered is on its way.
            let keep = wanted.contains_key(id) || hold.answering.is_some();
            if !keep {
                gone.push((hold.session, id.clone()));
            }
            keep
        });
        for (id, hold) in &mut self.holds {
            let limit = wanted.get(id).copied().map(HoldLimit);
            // The last place is that of the last word.
            if let Some(HoldLimit(until)) =
                limit.filter(|_| hold.told != limit && hold.way.capacity() > 1)
            {
                hold.told = limit;
                let left = until.map(|at| at.since(now));
                // One that has hung up says so itself.
                let _ = hold.way.try_send(HookReply::Held(left));
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests;
