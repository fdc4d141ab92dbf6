//! The requests that are held now, owned by the loop as their only writer.

use super::{AnswerError, InvalidAnswer, decide};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use trusty_fleet::given_answer::GivenAnswer;
use trusty_fleet::request::{Answer, HookOutcome, PermissionRequest, RequestContent, RequestId};
use trusty_fleet::{SessionId, Timestamp};
use trusty_sources::hook::HookRequest;

/// The most requests held at a time; Claude Code asks further ones in the terminal.
const MAX_HELD_REQUESTS: usize = 256;
/// The most content kept at a time, in bytes.
const MAX_HELD_BYTES: usize = 64 << 20;

/// A message to a waiting hook.
#[derive(Debug)]
pub enum HookReply {
    /// The request is held, for this long at most; `None` until it is answered.
    Held(Option<Duration>),
    /// The request is answered.
    Last(FinalReply),
}

/// The output of the hook, passed to Claude Code unchanged.
#[derive(Debug)]
pub struct FinalReply(pub Vec<u8>);

/// The end of a hold; `None` if it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HoldLimit(Option<Timestamp>);

/// Receives whether the hook passed the answer to Claude Code.
pub(super) type AnswerReply = oneshot::Sender<Result<(), AnswerError>>;

#[derive(Debug)]
struct HeldRequest {
    session: SessionId,
    content: Arc<RequestContent>,
    weight: usize,
    /// Why the request cannot be approved here, in words.
    unseen: Option<String>,
    /// The reply channel; dropping it returns the request to the terminal.
    way: mpsc::Sender<HookReply>,
    /// The limit that was last sent to the hook; `None` if none was.
    told: Option<HoldLimit>,
    /// The answer that the hook is passing on, and the channel to report that on.
    answering: Option<(AnswerReply, GivenAnswer)>,
}

/// All held requests.
#[derive(Debug, Default)]
pub struct PendingRequests {
    holds: BTreeMap<RequestId, HeldRequest>,
    /// Outcomes that were not sent to their callers yet.
    news: Vec<(AnswerReply, Result<(), AnswerError>)>,
    /// Answers that hooks have passed on and that are not recorded yet.
    taken: Vec<(SessionId, GivenAnswer)>,
}

impl PendingRequests {
    /// Holds a request, or releases it if the limits are reached or it is held already. Returns the
    /// request to be filed, and its outcome if it was released.
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

    /// The full content of a held request of this session.
    pub fn content(&self, session: SessionId, id: &RequestId) -> Option<Arc<RequestContent>> {
        let hold = self.holds.get(id).filter(|hold| hold.session == session)?;
        Some(Arc::clone(&hold.content))
    }

    /// Sends an answer to the hook. `given` is kept until the hook has passed the answer on.
    /// Returns the outcome if the request ends at once, as for [`Answer::Release`].
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
        // `retain_wanted` keeps one place of the channel free for this reply.
        match hold.way.try_send(HookReply::Last(FinalReply(bytes))) {
            Ok(()) => hold.answering = Some((reply, given)),
            Err(_) => self.refuse(reply, AnswerError::NotPending),
        }
        None
    }

    /// Ends the hold of a hook that has ended, and settles the answer it was passing on. Returns
    /// the outcome, or `None` if the request was not held for this session.
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
                // Claude Code ends the hook when the terminal has answered.
                HookOutcome::HungUp => Err(AnswerError::NotPending),
                HookOutcome::Released => Err(AnswerError::NotAccepted),
            };
            self.news.push((reply, outcome));
        }
        Some(over)
    }

    /// The answers passed on since the last call, each once.
    pub fn drain_taken(&mut self) -> Vec<(SessionId, GivenAnswer)> {
        std::mem::take(&mut self.taken)
    }

    /// Queues the refusal of an answer.
    pub fn refuse(&mut self, reply: AnswerReply, error: AnswerError) {
        self.news.push((reply, Err(error)));
    }

    /// Sends the queued outcomes. Called once the snapshot shows them, so that no caller reads a
    /// snapshot that contradicts its outcome.
    pub fn send_replies(&mut self) {
        for (reply, outcome) in self.news.drain(..) {
            // The caller may have hung up.
            let _ = reply.send(outcome);
        }
    }

    /// Drops the requests that are neither in `wanted` nor being answered, which returns them to
    /// the terminal, and sends the other hooks their limit whenever it changes. Returns the dropped
    /// requests.
    pub fn retain_wanted(
        &mut self,
        wanted: &BTreeMap<RequestId, Option<Timestamp>>,
        now: Timestamp,
    ) -> Vec<(SessionId, RequestId)> {
        let mut gone = Vec::new();
        self.holds.retain(|id, hold| {
            // A hook is passing the answer on.
            let keep = wanted.contains_key(id) || hold.answering.is_some();
            if !keep {
                gone.push((hold.session, id.clone()));
            }
            keep
        });
        for (id, hold) in &mut self.holds {
            let limit = wanted.get(id).copied().map(HoldLimit);
            // The last place of the channel is reserved for the final reply.
            if let Some(HoldLimit(until)) =
                limit.filter(|_| hold.told != limit && hold.way.capacity() > 1)
            {
                hold.told = limit;
                let left = until.map(|at| at.since(now));
                // A hook that has hung up is reported by its connection.
                let _ = hold.way.try_send(HookReply::Held(left));
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests;
