//! What happens within a turn: from the transcript, corrected by hooks where they are connected.

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

/// The evidence about the turns of a session.
#[derive(Clone, Copy)]
pub(crate) struct TurnEvidence<'a> {
    transcript: Option<&'a TranscriptFacts>,
    hooks: Option<&'a HookEvidence>,
    pid: u32,
    began: Timestamp,
    /// Since when the prompt is free; else when it was last free for at least [`IDLE_DEBOUNCE`].
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
    /// No source says how turns end.
    Unknown,
    /// The model finished its answer, or the conversation was compacted.
    Finished,
    /// Claude Code gave up after an error.
    Failed {
        /// The error, as Claude Code shows it.
        error: String,
        /// When the turn ended.
        at: Timestamp,
    },
    /// The user interrupted the turn.
    Interrupted,
    /// A command ran without the model, or no end of the newest turn is recorded.
    NoModelTurn,
}

impl DialogRequest {
    /// The kind of need that the tool implies, whatever the registry calls it: a question or a
    /// plan.
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

    /// What the hooks of this process reported, newest first.
    pub(crate) fn hook_events(&self) -> impl Iterator<Item = (Timestamp, &'a HookEvent)> + use<'a> {
        let Self { pid, began, .. } = *self;
        let all = self.hooks.into_iter();
        all.flat_map(move |told| told.of_process(pid, began))
    }

    /// A call of the main agent that has no result yet: the first in the transcript, else the
    /// newest that a hook reported.
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

    /// Whether the transcript continued for [`HOOK_ONLY_LIMIT`] or longer after a hook report at
    /// `at`.
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

    /// What the dialog of this kind, open since `from`, asks for; empty if that is unclear.
    pub(crate) fn dialog_request(&self, kind: NeedKind, from: Timestamp) -> DialogRequest {
        self.asked_by_hook(from)
            .or_else(|| self.asked_by_transcript(kind, from))
            .unwrap_or_default()
    }

    /// What the dialog on the screen asks for, according to hooks. Requests queue: the oldest that
    /// no later event of the same agent has followed is on the screen.
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
                // A call begins just before its request, but may be reported just after.
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

    /// The kind of the last dialog that a hook reported since `from`, answered or not. The registry
    /// may lag behind the answer, and a plan must not be shown as a permission meanwhile.
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

    /// The name of a sub-agent; none if the transcript does not know the sub-agent.
    pub(crate) fn known_name(&self, id: &str) -> Option<String> {
        let transcript = self.transcript?;
        let known = transcript.delegations.iter().find(|d| d.agent_id == id);
        known.map(name)
    }

    /// What the dialog asks for, according to the transcript. A call without a result is running or
    /// waits for permission, so the answer is clear only if exactly one agent has a call that fits.
    fn asked_by_transcript(&self, kind: NeedKind, from: Timestamp) -> Option<DialogRequest> {
        let transcript = self.transcript?;
        let ended = self.ended_calls();
        let alone = transcript.delegations.is_empty();
        let meant = |call: &&'a ToolCall| {
            let fits = match call.tool.as_str() {
                "Agent" | "Task" => false,
                "AskUserQuestion" => kind != NeedKind::Plan,
                "ExitPlanMode" => kind != NeedKind::Question,
                // The registry reports elicitations of other tools as questions too.
                _ => kind == NeedKind::Permission || alone,
            };
            // A call made long before the dialog opened is already running.
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

    /// How the newest turn ended, if that turn began with or after `work`. The prompt has been free
    /// since `free`: a turn that began later has not reached the registry yet.
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

    /// When the newest turn ended; none while it is open.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        let transcript = self.transcript?;
        let end = transcript.end.as_ref()?;
        transcript
            .turn_at
            .is_none_or(|turn| end.at >= turn)
            .then_some(end.at)
    }

    /// Whether the transcript shows no end of the turn after which the prompt became free at
    /// `free`. A turn that began later is the next one: a prompt that was sent at once.
    pub(crate) fn lacks_end_of_turn(&self, free: Timestamp) -> bool {
        let began = self.transcript.and_then(|t| t.turn_at);
        began.is_some_and(|turn| turn <= free) && self.ended_at().is_none()
    }

    /// A failed request that is being sent again and has no answer yet.
    pub(crate) fn retry(&self, now: Timestamp) -> Option<&'a RetryAttempt> {
        let retry = self.transcript?.retry.as_ref()?;
        (now < retry_over(retry)).then_some(retry)
    }

    /// Whether the transcript may still show what is asked for: there is one, and no call was
    /// found.
    pub(crate) fn may_tell_more(&self, asked: &DialogRequest) -> bool {
        self.transcript.is_some() && asked.tool.is_none()
    }

    /// When a hook reported the start of a compaction in work that began at `from`; none if another
    /// event of the main agent followed.
    pub(crate) fn compacting(&self, from: Timestamp) -> Option<Timestamp> {
        let (at, event) = self.hook_events().find(|(_, e)| e.agent.is_none())?;
        let of_now = at.after(RECORD_TIME_SLACK) >= from;
        (matches!(event.what, HookEventKind::Compacting) && of_now).then_some(at)
    }

    /// When a hook last reported a prompt; none if another event of the main agent followed.
    pub(crate) fn prompted(&self) -> Option<Timestamp> {
        let (at, event) = self.hook_events().find(|(_, e)| e.agent.is_none())?;
        matches!(event.what, HookEventKind::Prompted).then_some(at)
    }

    /// The sub-agents at work, oldest first.
    pub(crate) fn delegations(&self) -> Vec<Delegation> {
        let known = self.transcript.map_or(&[][..], |t| &t.delegations);
        // A killed Claude Code leaves the files of its sub-agents as if they still ran.
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

    /// Corrects the list by hooks: they report the start and the end of a sub-agent before its
    /// files do, and `Stop` lists all sub-agents that still run.
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

/// Until when a retry without further records is taken to be under way.
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
