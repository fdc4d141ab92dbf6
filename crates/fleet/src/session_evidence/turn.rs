//! What goes on inside a turn: from the transcript, corrected by hooks where they are connected.

use super::SessionEvidence;
use crate::evidence::HookEvidence;
use crate::observation::{
    HookEvent, HookEventKind, RegistryEntry, RetryAttempt, SubagentFacts, ToolCall,
    TranscriptFacts, TurnEndKind,
};
use crate::session::{Delegation, NeedKind};
use crate::time::Timestamp;
use crate::timing::{HOOK_ONLY_LIMIT, IDLE_DEBOUNCE, MAX_RETRY_DELAY, RECORD_TIME_SLACK};
use std::collections::{BTreeMap, BTreeSet};

/// The inside of a session.
#[derive(Clone, Copy)]
pub(crate) struct TurnEvidence<'a> {
    transcript: Option<&'a TranscriptFacts>,
    hooks: Option<&'a HookEvidence>,
    pid: u32,
    began: Timestamp,
    /// When the prompt was last free for longer than a moment.
    rested_at: Option<Timestamp>,
}

/// What a permission dialog asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DialogRequest {
    pub(crate) tool: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) agent: Option<String>,
}

/// How the newest turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TurnOutcome {
    /// Nobody tells how turns end.
    Unknown,
    /// The model had said all it had to, or the conversation was compacted.
    Finished,
    /// An error the client gave up on.
    Failed {
        /// As the client shows it.
        error: String,
        /// When.
        at: Timestamp,
    },
    /// By its owner.
    Interrupted,
    /// It was none of the model's.
    NoModelTurn,
}

impl DialogRequest {
    /// A call of these tools is a question or a plan, whatever the registry calls it.
    pub(crate) fn kind(&self) -> Option<NeedKind> {
        kind_of(self.tool.as_deref()?)
    }
}

fn kind_of(tool: &str) -> Option<NeedKind> {
    match tool {
        "AskUserQuestion" => Some(NeedKind::Question),
        "ExitPlanMode" => Some(NeedKind::Plan),
        _ => None,
    }
}

impl<'a> TurnEvidence<'a> {
    pub(crate) fn from_evidence(case: &SessionEvidence<'a>) -> Self {
        Self {
            transcript: case.transcript.map(|(_, t)| t),
            hooks: case.hooks,
            pid: case.process.facts.key.pid,
            began: case.process.facts.started_at,
            rested_at: rested_at(case),
        }
    }

    /// What hooks of this process told, newest first.
    pub(crate) fn hook_events(&self) -> impl Iterator<Item = (Timestamp, &'a HookEvent)> + use<'a> {
        let Self { pid, began, .. } = *self;
        let all = self.hooks.into_iter();
        all.flat_map(move |told| told.of_process(pid, began))
    }

    /// The call of the main agent that has no result yet.
    pub(crate) fn running_call(&self) -> Option<&'a ToolCall> {
        let ended: BTreeSet<&str> = self.ended_calls();
        let of_hook = self
            .hook_events()
            .take_while(|(_, e)| !matches!(e.what, HookEventKind::Prompted))
            .filter(|(at, e)| e.agent.is_none() && !self.went_on_after(*at))
            .find_map(|(_, e)| match &e.what {
                HookEventKind::ToolStarting(call) => Some(call),
                _ => None,
            });
        let calls = self.transcript.map_or(&[][..], |t| &t.calls);
        calls
            .iter()
            .chain(of_hook)
            .find(|call| !ended.contains(call.id.as_str()))
    }

    /// Whether the transcript has gone on for long after a hook told something.
    fn went_on_after(&self, at: Timestamp) -> bool {
        let newest = self.transcript.and_then(|t| {
            let ended_at = t.end.as_ref().map(|end| end.at);
            let sent_at = t.retry.as_ref().map(|retry| retry.at);
            t.newest_at.max(t.turn_at).max(ended_at).max(sent_at)
        });
        newest.is_some_and(|newest| newest >= at.after(HOOK_ONLY_LIMIT))
    }

    fn ended_calls(&self) -> BTreeSet<&'a str> {
        let ended = self.hook_events().filter_map(|(_, e)| match &e.what {
            HookEventKind::ToolEnded { id } => Some(id.as_str()),
            _ => None,
        });
        ended.collect()
    }

    /// What the dialog of this kind that is open since `from` asks for, if it is clear.
    pub(crate) fn dialog_request(&self, kind: NeedKind, from: Timestamp) -> DialogRequest {
        self.asked_by_hook(from)
            .or_else(|| self.asked_by_transcript(kind, from))
            .unwrap_or_default()
    }

    /// Requests queue: the oldest that nothing has followed is the one on the screen.
    pub(crate) fn asked_by_hook(&self, from: Timestamp) -> Option<DialogRequest> {
        let mut followed: BTreeSet<Option<&str>> = BTreeSet::new();
        let mut oldest = None;
        for (_, event) in self
            .hook_events()
            .take_while(|(at, _)| at.after(RECORD_TIME_SLACK) >= from)
        {
            let agent = event.agent.as_deref();
            match &event.what {
                HookEventKind::PermissionAsked { tool, detail } if !followed.contains(&agent) => {
                    oldest = Some((tool, detail, agent));
                    followed.insert(agent);
                }
                // A call begins just before it is asked for, but may be told of just after.
                HookEventKind::ToolStarting(_) => {}
                _ => {
                    followed.insert(agent);
                }
            }
        }
        let (tool, detail, agent) = oldest?;
        Some(DialogRequest {
            tool: Some(tool.clone()),
            detail: detail.clone(),
            agent: agent.map(|id| self.agent_name(id)),
        })
    }

    /// Of what kind the dialog was that a hook told of last, answered or not: the registry may
    /// follow the answer late, and a plan is no permission meanwhile.
    pub(crate) fn last_asked_kind(&self, from: Timestamp) -> Option<NeedKind> {
        let mut recent = self
            .hook_events()
            .take_while(|(at, _)| at.after(RECORD_TIME_SLACK) >= from);
        recent.find_map(|(_, event)| match &event.what {
            HookEventKind::PermissionAsked { tool, .. } => kind_of(tool),
            _ => None,
        })
    }

    fn agent_name(&self, id: &str) -> String {
        self.known_name(id)
            .unwrap_or_else(|| "a sub-agent".to_owned())
    }

    /// What a sub-agent is called, if its transcript says so.
    pub(crate) fn known_name(&self, id: &str) -> Option<String> {
        let transcript = self.transcript?;
        let known = transcript.delegations.iter().find(|d| d.agent_id == id);
        known.map(name)
    }

    /// A call without a result runs or waits for leave: only where just one agent has one that
    /// can be meant is it clear whose turn it is to be asked.
    fn asked_by_transcript(&self, kind: NeedKind, from: Timestamp) -> Option<DialogRequest> {
        let transcript = self.transcript?;
        let ended = self.ended_calls();
        let alone = transcript.delegations.is_empty();
        let meant = |call: &&'a ToolCall| {
            let fits = match call.tool.as_str() {
                "Agent" | "Task" => false,
                "AskUserQuestion" => kind != NeedKind::Plan,
                "ExitPlanMode" => kind != NeedKind::Question,
                // Elicitations of other tools are told as questions, too.
                _ => kind == NeedKind::Permission || alone,
            };
            // One that was made long before the dialog opened runs.
            let recent = alone || call.at.after(RECORD_TIME_SLACK + RECORD_TIME_SLACK) >= from;
            fits && recent && !ended.contains(call.id.as_str())
        };
        let main = transcript.calls.iter().find(meant).map(|call| (call, None));
        let agents = transcript
            .delegations
            .iter()
            .filter_map(|d| d.calls.iter().find(meant).map(|call| (call, Some(name(d)))));
        let mut all = main.into_iter().chain(agents);
        let (call, agent) = all.next()?;
        if all.next().is_some() {
            return None;
        }
        Some(DialogRequest {
            tool: Some(call.tool.clone()),
            detail: call.detail.clone(),
            agent,
        })
    }

    /// How the newest turn ended, if it is one that began with or after `work`. The prompt is free
    /// since `free`: a turn that began later is news that the registry does not have yet.
    pub(crate) fn turn_outcome(&self, work: Option<Timestamp>, free: Timestamp) -> TurnOutcome {
        let Some(transcript) = self.transcript else {
            return TurnOutcome::Unknown;
        };
        let newest = transcript.end.as_ref().filter(|end| {
            let over = |turn| end.at >= turn || turn > free;
            transcript.turn_at.is_none_or(over)
                && work.is_none_or(|began| end.at.after(RECORD_TIME_SLACK) >= began)
        });
        let Some(end) = newest else {
            return TurnOutcome::NoModelTurn;
        };
        match end.how {
            TurnEndKind::Finished | TurnEndKind::Compacted => TurnOutcome::Finished,
            TurnEndKind::Failed => {
                let error = transcript.error.as_ref().map(|e| e.text.clone());
                TurnOutcome::Failed {
                    error: error.unwrap_or_else(|| "an error".to_owned()),
                    at: end.at,
                }
            }
            TurnEndKind::Interrupted => TurnOutcome::Interrupted,
            TurnEndKind::Command => TurnOutcome::NoModelTurn,
        }
    }

    /// When the newest turn ended, if it has.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        let transcript = self.transcript?;
        let end = transcript.end.as_ref()?;
        transcript
            .turn_at
            .is_none_or(|turn| end.at >= turn)
            .then_some(end.at)
    }

    /// Whether the transcript tells of a turn, and of no end of it yet.
    pub(crate) fn is_in_turn(&self) -> bool {
        self.transcript.is_some_and(|t| t.turn_at.is_some()) && self.ended_at().is_none()
    }

    /// A request that was sent again and has no answer yet.
    pub(crate) fn retry(&self, now: Timestamp) -> Option<&'a RetryAttempt> {
        let retry = self.transcript?.retry.as_ref()?;
        (now < retry_over(retry)).then_some(retry)
    }

    /// Whether the transcript may still tell what is asked for: it has told of no call.
    pub(crate) fn may_tell_more(&self, asked: &DialogRequest) -> bool {
        self.transcript.is_some() && asked.tool.is_none()
    }

    /// When a hook said that the conversation is being compacted, in work that began at `from`,
    /// if nothing followed.
    pub(crate) fn compacting(&self, from: Timestamp) -> Option<Timestamp> {
        let (at, event) = self.hook_events().find(|(_, e)| e.agent.is_none())?;
        let of_now = at.after(RECORD_TIME_SLACK) >= from;
        (matches!(event.what, HookEventKind::Compacting) && of_now).then_some(at)
    }

    /// When a hook last said that a prompt was sent, if nothing came after it.
    pub(crate) fn prompted(&self) -> Option<Timestamp> {
        let (at, event) = self.hook_events().find(|(_, e)| e.agent.is_none())?;
        matches!(event.what, HookEventKind::Prompted).then_some(at)
    }

    /// The sub-agents at work, oldest first.
    pub(crate) fn delegations(&self) -> Vec<Delegation> {
        let known = self.transcript.map_or(&[][..], |t| &t.delegations);
        // A killed client leaves its sub-agents' files as if they still ran.
        let ours = |d: &&SubagentFacts| {
            d.at >= self.began || d.calls.iter().any(|call| call.at >= self.began)
        };
        let mut all: BTreeMap<&str, Delegation> = known
            .iter()
            .filter(ours)
            .map(|d| (d.agent_id.as_str(), delegation_of(d)))
            .collect();
        self.correct(&mut all);
        let mut all: Vec<Delegation> = all.into_values().collect();
        all.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        all
    }

    /// Hooks tell of a sub-agent's begin and end before its files do, and `Stop` lists all that
    /// still run.
    fn correct(&self, all: &mut BTreeMap<&'a str, Delegation>) {
        let mut later: BTreeSet<&str> = BTreeSet::new();
        let lasting = |at: &Timestamp| self.rested_at.is_none_or(|rested| *at >= rested);
        for (at, event) in self.hook_events().take_while(|(at, _)| lasting(at)) {
            match (&event.what, event.agent.as_deref()) {
                (HookEventKind::AgentEnded, Some(id)) if later.insert(id) => {
                    all.remove(id);
                }
                (HookEventKind::AgentStarted { agent_type }, Some(id))
                    if later.insert(id) && !self.went_on_after(at) =>
                {
                    all.entry(id).or_insert_with(|| Delegation {
                        id: id.to_owned(),
                        agent_type: agent_type.clone(),
                        description: None,
                        since: at.into(),
                        tool: None,
                        detail: None,
                        depth: 1,
                    });
                }
                (HookEventKind::Stopped { agents }, None) => {
                    let stopped = at.into();
                    all.retain(|id, d| {
                        later.contains(id)
                            || d.since > stopped
                            || d.depth > 1
                            || agents.iter().any(|a| a == id)
                    });
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Until when a retry is one.
pub(crate) fn retry_over(retry: &RetryAttempt) -> Timestamp {
    let named = retry.next_at.map(|at| at.after(RECORD_TIME_SLACK));
    named
        .max(Some(retry.at.after(MAX_RETRY_DELAY)))
        .unwrap_or(retry.at)
}

fn rested_at(case: &SessionEvidence<'_>) -> Option<Timestamp> {
    let free = |entry: &RegistryEntry| entry.status.as_deref() == Some("idle");
    let lasted = case
        .registry
        .windows(2)
        .find(|pair| free(pair[1].value) && pair[0].first.since(pair[1].first) >= IDLE_DEBOUNCE);
    let newest = case.registry.first().filter(|run| free(run.value));
    newest
        .map(|run| run.first)
        .or(lasted.map(|pair| pair[1].first))
}

fn name(agent: &SubagentFacts) -> String {
    let named = agent
        .description
        .clone()
        .or_else(|| agent.agent_type.clone());
    named.unwrap_or_else(|| "a sub-agent".to_owned())
}

fn delegation_of(agent: &SubagentFacts) -> Delegation {
    let call = agent.calls.first();
    Delegation {
        id: agent.agent_id.clone(),
        agent_type: agent.agent_type.clone(),
        description: agent.description.clone(),
        since: agent.at.into(),
        tool: call.map(|c| c.tool.clone()),
        detail: call.and_then(|c| c.detail.clone()),
        depth: agent.depth,
    }
}
