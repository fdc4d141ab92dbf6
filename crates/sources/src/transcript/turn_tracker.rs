//! All records of a transcript → what they say all in all. Lines are flushed late and not quite
//! in order, so what is newest is decided by the records' own times: of the same records in
//! another order the same is told, but for what carries no time (the mode).

use crate::transcript_record::{
    AnswerPiece, CompactionInitiator, ConversationChain, RecordContent, TranscriptRecord,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{
    DatedText, RetryAttempt, ToolCall, TranscriptFacts, TurnEnd, TurnEndKind,
};

/// Tool calls kept. A turn makes a handful at a time.
const MAX_KEPT_CALLS: usize = 64;
/// Results kept, in case one is written before its call.
const MAX_KEPT_RESULTS: usize = 512;
/// Results told of: more than can be asked for at a time.
const MAX_REPORTED_RESULTS: usize = 32;
/// Requests kept: more than a client repeats one.
const MAX_KEPT_REQUESTS: usize = 32;
/// The first pause before a request is sent again is longer (measured 0.6 s); a client that tries
/// another form of it at once is not waiting.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(400);
/// Ended sub-agents kept.
const MAX_ENDED_SUBAGENTS: usize = 512;
/// A record may be dated ahead of the wall clock by so much: two clocks that are led to the same
/// time differ by less.
const MAX_CLOCK_LEAD: Duration = Duration::from_mins(1);

/// What has been read of one transcript.
#[derive(Debug, Clone, Default)]
pub(super) struct TurnTracker {
    turn_at: Option<Timestamp>,
    prompt: Option<DatedText>,
    asked_before: Option<String>,
    /// By id: when the answer that holds the call was given, and which one it was.
    calls: BTreeMap<String, (ToolCall, Option<String>)>,
    results: NewestIds,
    /// The newest of them, and when they came.
    resulted: BTreeSet<(Timestamp, String)>,
    /// The newest answer that does not end a turn, and its id.
    answer: Option<(Timestamp, Option<String>)>,
    end: Option<TurnEnd>,
    counted_at: Option<Timestamp>,
    called_at: Option<Timestamp>,
    ran_at: Option<Timestamp>,
    retry: Option<RetryAttempt>,
    /// When requests were sent, and when a tool last had its result.
    requests: BTreeSet<Timestamp>,
    resulted_at: Option<Timestamp>,
    error: Option<DatedText>,
    model: Option<(Timestamp, String)>,
    mode: Option<String>,
    branch: Option<(Timestamp, String)>,
    tokens: Option<(Timestamp, Option<u64>)>,
    oldest_at: Option<Timestamp>,
    newest_at: Option<Timestamp>,
    ended: BTreeMap<String, Timestamp>,
}

/// The newest of many ids.
#[derive(Debug, Clone, Default)]
struct NewestIds {
    ids: BTreeSet<String>,
    order: VecDeque<String>,
}

impl NewestIds {
    fn insert(&mut self, id: String) {
        if self.ids.insert(id.clone()) {
            self.order.push_back(id);
        }
        if self.order.len() > MAX_KEPT_RESULTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

fn newer<T: Ord>(slot: &mut Option<T>, value: T) {
    if slot.as_ref().is_none_or(|known| *known < value) {
        *slot = Some(value);
    }
}

impl TurnTracker {
    /// Takes in a record of a conversation; those of others in the same file are left out. `now`
    /// is the wall clock's time at which it was read.
    pub(super) fn apply_record(
        &mut self,
        record: TranscriptRecord,
        of: ConversationChain,
        now: Timestamp,
    ) {
        if record.chain == ConversationChain::Side && of == ConversationChain::Main {
            return;
        }
        if let Some(at) = record.at {
            self.follow_clock(at, now);
        }
        if let Some(mode) = record.mode {
            self.mode = Some(mode);
        }
        let Some(at) = record.at else {
            if let RecordContent::AskedBefore(text) = record.what {
                self.asked_before = Some(text);
            }
            return;
        };
        newer(&mut self.newest_at, at);
        let older = self.oldest_at.is_none_or(|known| at < known);
        if older {
            self.oldest_at = Some(at);
        }
        if let Some(branch) = record.branch {
            newer(&mut self.branch, (at, branch));
        }
        match record.what {
            RecordContent::Turn(asked) => {
                newer(&mut self.turn_at, at);
                if let Some(text) = asked {
                    newer(&mut self.prompt, DatedText { at, text });
                }
            }
            RecordContent::Asked(text) => newer(&mut self.prompt, DatedText { at, text }),
            RecordContent::Ended { ids, turn } => self.take_ended(ids, turn.then_some(at), at),
            RecordContent::Results(ids) => {
                newer(&mut self.resulted_at, at);
                for id in ids {
                    self.calls.remove(&id);
                    self.resulted.insert((at, id.clone()));
                    self.results.insert(id);
                }
                while self.resulted.len() > MAX_REPORTED_RESULTS {
                    self.resulted.pop_first();
                }
            }
            RecordContent::Answer(answer) => self.take_answer(answer, at),
            RecordContent::Error(text) => {
                newer(&mut self.error, DatedText { at, text });
                self.end_turn(at, TurnEndKind::Failed);
            }
            RecordContent::Interrupted => self.end_turn(at, TurnEndKind::Interrupted),
            RecordContent::TurnCounted => newer(&mut self.counted_at, at),
            RecordContent::CommandCalled => newer(&mut self.called_at, at),
            RecordContent::CommandRan => newer(&mut self.ran_at, at),
            RecordContent::Compacted { by, tokens } => {
                newer(&mut self.tokens, (at, tokens));
                if by == CompactionInitiator::Person {
                    self.end_turn(at, TurnEndKind::Compacted);
                }
            }
            RecordContent::Retry(retry) => newer(&mut self.retry, retry),
            RecordContent::Requested => {
                self.requests.insert(at);
                if self.requests.len() > MAX_KEPT_REQUESTS {
                    self.requests.pop_first();
                }
            }
            RecordContent::AskedBefore(_) | RecordContent::Other => {}
        }
    }

    /// Where the wall clock was set back, what was written before lies ahead of it, and would be
    /// the newest for hours: it is moved to just before the first record that does not. A record
    /// that is merely old, as a prompt that has waited for its turn, moves nothing.
    fn follow_clock(&mut self, at: Timestamp, now: Timestamp) {
        let latest = now.after(MAX_CLOCK_LEAD);
        let Some(newest_at) = self.newest_at.filter(|newest| *newest > latest) else {
            return;
        };
        if at <= latest {
            let by = newest_at.as_nanos().saturating_sub(at.as_nanos());
            self.change_times(|time| {
                let nanos = time.as_nanos().saturating_sub(by).saturating_sub(1);
                *time = Timestamp::from_nanos(nanos);
            });
        }
    }

    fn change_times(&mut self, change: impl Fn(&mut Timestamp)) {
        let times = [
            &mut self.turn_at,
            &mut self.counted_at,
            &mut self.called_at,
            &mut self.ran_at,
            &mut self.resulted_at,
            &mut self.oldest_at,
            &mut self.newest_at,
        ];
        times.into_iter().flatten().for_each(&change);
        let said = self.prompt.iter_mut().chain(&mut self.error);
        said.for_each(|said| change(&mut said.at));
        let named = self.model.iter_mut().chain(&mut self.branch);
        named.for_each(|(at, _)| change(at));
        self.answer.iter_mut().for_each(|(at, _)| change(at));
        self.tokens.iter_mut().for_each(|(at, _)| change(at));
        self.end.iter_mut().for_each(|end| change(&mut end.at));
        if let Some(retry) = &mut self.retry {
            change(&mut retry.at);
            retry.next_at.iter_mut().for_each(&change);
        }
        let calls = self.calls.values_mut();
        calls.for_each(|(call, _)| change(&mut call.at));
        self.ended.values_mut().for_each(&change);
        let resulted = std::mem::take(&mut self.resulted).into_iter();
        self.resulted = resulted
            .map(|(mut at, id)| {
                change(&mut at);
                (at, id)
            })
            .collect();
        let requests = std::mem::take(&mut self.requests).into_iter();
        self.requests = requests
            .map(|mut at| {
                change(&mut at);
                at
            })
            .collect();
    }

    fn take_ended(&mut self, ids: Vec<String>, turn_at: Option<Timestamp>, at: Timestamp) {
        if let Some(turn_at) = turn_at {
            newer(&mut self.turn_at, turn_at);
        }
        for id in ids {
            let known = self.ended.entry(id).or_insert(at);
            *known = at.max(*known);
        }
        while self.ended.len() > MAX_ENDED_SUBAGENTS {
            let oldest = self.ended.iter().min_by_key(|(_, at)| **at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            self.ended.remove(&oldest);
        }
    }

    fn take_answer(&mut self, answer: AnswerPiece, at: Timestamp) {
        if let Some(model) = answer.model {
            newer(&mut self.model, (at, model));
        }
        if answer.tokens.is_some() {
            newer(&mut self.tokens, (at, answer.tokens));
        }
        if answer.ends {
            self.end_turn(at, TurnEndKind::Finished);
        } else {
            newer(&mut self.answer, (at, answer.message.clone()));
        }
        for call in answer.calls {
            if !self.results.ids.contains(&call.id) {
                let held = (call, answer.message.clone());
                self.calls.insert(held.0.id.clone(), held);
            }
        }
        while self.calls.len() > MAX_KEPT_CALLS {
            let oldest = self.calls.values().min_by_key(|(call, _)| call.at);
            let Some(oldest) = oldest.map(|(call, _)| call.id.clone()) else {
                return;
            };
            self.calls.remove(&oldest);
        }
    }

    fn end_turn(&mut self, at: Timestamp, how: TurnEndKind) {
        newer(&mut self.end, TurnEnd { at, how });
    }

    /// When the oldest record that was read was made.
    pub(super) fn oldest_at(&self) -> Option<Timestamp> {
        self.oldest_at
    }

    /// When this sub-agent was last told to have ended.
    pub(super) fn ended_at(&self, agent: &str) -> Option<Timestamp> {
        self.ended.get(agent).copied()
    }

    /// Whether a turn has ended since the newest one began.
    pub(super) fn is_over(&self) -> bool {
        self.last_turn_end()
            .is_some_and(|end| Some(end.at) >= self.turn_at)
    }

    /// When anything was last written.
    pub(super) fn newest_at(&self) -> Option<Timestamp> {
        self.newest_at
    }

    /// What it says all in all, but for the sub-agents.
    pub(super) fn transcript(&self) -> TranscriptFacts {
        let named = |branch: &String| !branch.is_empty() && branch != "HEAD";
        let value = |slot: &Option<(Timestamp, String)>| slot.as_ref().map(|(_, v)| v.clone());
        TranscriptFacts {
            turn_at: self.turn_at,
            prompt: self.prompt(),
            calls: self.calls(),
            end: self.last_turn_end(),
            retry: self.retry(),
            error: self.error.clone(),
            model: value(&self.model),
            mode: self.mode.clone(),
            // Without a repository, and without a branch, the client says HEAD.
            branch: value(&self.branch).filter(named),
            tokens: self.tokens.and_then(|(_, tokens)| tokens),
            newest_at: self.newest_at,
            delegations: Vec::new(),
            results: self.newest_results(),
        }
    }

    /// The calls that had their results last.
    pub(super) fn newest_results(&self) -> Vec<String> {
        self.resulted.iter().map(|(_, id)| id.clone()).collect()
    }

    /// If the prompt itself was not read, it was written before everything that was.
    fn prompt(&self) -> Option<DatedText> {
        self.prompt.clone().or_else(|| {
            Some(DatedText {
                at: self.oldest_at?,
                text: self.asked_before.clone()?,
            })
        })
    }

    /// The newest end, unless the model went on after it.
    fn last_turn_end(&self) -> Option<TurnEnd> {
        let answered_at = self.answer.as_ref().map(|(at, _)| *at);
        let end = self.settled_end()?;
        (Some(end.at) >= answered_at).then_some(end)
    }

    fn settled_end(&self) -> Option<TurnEnd> {
        let end = self.end.clone();
        let ended_at = end.as_ref().map(|e| e.at);
        let cut = end
            .as_ref()
            .is_some_and(|e| matches!(e.how, TurnEndKind::Failed | TurnEndKind::Interrupted));
        // A turn that was cut short is counted, too.
        let end = match self.counted_at {
            Some(at) if Some(at) > ended_at && !(cut && ended_at >= self.turn_at) => {
                Some(TurnEnd {
                    at,
                    how: TurnEndKind::Finished,
                })
            }
            _ => end,
        };
        // Compaction is a command that says so itself.
        let told = end
            .as_ref()
            .is_some_and(|e| e.how == TurnEndKind::Compacted && Some(e.at) >= self.called_at);
        match self.ran_at {
            Some(at) if Some(at) > end.as_ref().map(|e| e.at) && !told => Some(TurnEnd {
                at,
                how: TurnEndKind::Command,
            }),
            _ => end,
        }
    }

    fn calls(&self) -> Vec<ToolCall> {
        let ended_at = self.end.as_ref().map(|e| e.at).max(self.counted_at);
        let closed = |call: &ToolCall, message: &Option<String>| {
            let at = Some(call.at);
            let answered = self
                .answer
                .as_ref()
                .is_some_and(|(newest, id)| *newest > call.at && id != message);
            answered || self.turn_at > at || ended_at > at
        };
        let mut open: Vec<ToolCall> = self
            .calls
            .values()
            .filter(|(call, message)| !closed(call, message))
            .map(|(call, _)| call.clone())
            .collect();
        open.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        open
    }

    /// A request that is repeated. Clients that say so themselves are believed; others only
    /// write down each request, and one without an answer before the next has failed.
    fn retry(&self) -> Option<RetryAttempt> {
        let since = [
            self.turn_at,
            self.answer.as_ref().map(|(at, _)| *at),
            self.end.as_ref().map(|e| e.at),
            self.counted_at,
            self.resulted_at,
        ];
        let since = since.into_iter().flatten().max().unwrap_or_default();
        let told = self.retry.filter(|retry| retry.at >= since);
        told.or_else(|| {
            let mut sent = self.requests.range(since..);
            let (first, last) = (*sent.next()?, *self.requests.last()?);
            (last.since(first) >= MIN_RETRY_DELAY).then(|| RetryAttempt {
                at: last,
                attempt: u32::try_from(sent.count()).unwrap_or(u32::MAX),
                of: None,
                next_at: None,
            })
        })
    }
}

#[cfg(test)]
mod tests;
