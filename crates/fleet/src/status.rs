//! The verdict: what a session is, from the newest facts and the time. A pure function of both.
//!
//! The first line that holds decides. What stands further down can add words (which tool, which
//! sub-agent), but never contradict.
//!
//! | source | decides | believed for | waits first |
//! |---|---|---|---|
//! | process gone | Stopped | ever | no |
//! | process state `T`, frozen group; our record of a hold with gates, or with a free prompt and a mark of its hooks; of an interrupt with a free prompt | Paused | until the next pulse | no |
//! | registry `waiting` | `AwaitingApproval`, or a menu | while the file says so | [`FLUSHED`] for its words |
//! | hook: what a sub-agent asks is held, or was let go a moment ago | `AwaitingApproval` | while it is held, then [`HOOK_LEADS`] | no |
//! | hook: what it waits for was answered from here | Working, in place of the registry's `waiting` | [`HOOK_LEADS`] | no |
//! | registry without a status, or its key alone | Starting, then Trust | [`SILENT`], [`STARTING`], [`ATTENTION`] | no |
//! | hook: a prompt was sent | Working | [`HOOK_LEADS`], then the registry | no |
//! | registry `busy` | Working, Compacting, Retrying | while the file says so | no |
//! | registry `shell` | `BackgroundShell` | while the file says so | no |
//! | registry `idle` | Idle, Finished, Failed | while the file says so | [`IDLE_DEBOUNCE`] after `busy`, `shell`; [`TURN_TOLD`] while the transcript tells no end |
//! | registry file gone | as the file last said | [`LEAVING`] | no |
//! | the client's own list, where the registry is not understood | the same words, inferred | [`LIST_FRESH`] | no |
//! | pane text, where the client tells nothing | the same states, inferred | [`SCREEN_FRESH`] | no |
//! | transcript, where nobody else tells | Working or not, inferred | while nothing newer is in it | no |
//! | tmux clients, kind `background` | Detached, unless one above holds | newest list | no |
//!
//! With the registry's word, a transcript adds: which tool, how the turn ended (Finished, Failed,
//! interrupted), a retry (for [`RETRY_PAUSE`]), the sub-agents. A pane's text adds a retry, a
//! compaction or the tool of a dialog where nobody else names it. What a hook told of a call or a
//! sub-agent counts while the transcript does not go on without it ([`HOOK_ALONE`]); records and
//! the registry's word are told apart no finer than [`SLACK`], and work without a turn is asked
//! after from [`TURNLESS`] on. A file's age never counts: a client in thought writes nothing.

mod content;
mod paused;
mod registry;
mod requests;
mod silent;
mod words;

pub use paused::{HoldOutlook, HookProof, HooksHeard};
pub use requests::{Open, Stand};

use crate::client::ConfirmationGap;
use crate::evidence::{HookEvidence, Process, Requests, Run};
use crate::observation::{Listed, Preferences, RegistryEntry, Screen, Transcript};
use crate::pause::{AtWork, Gate, PauseRecord, Phase};
use crate::session::{Activity, Because, Certainty, Delegation, Need, SessionStatus, Source};
use crate::time::Timestamp;
use content::Content;
use std::time::Duration;

/// The client flashes `idle` for 2 to 60 ms between two turns (measured, 2.1.330).
pub const IDLE_DEBOUNCE: Duration = Duration::from_millis(300);
/// How long a process without any registry file is taken to be starting.
pub const STARTING: Duration = Duration::from_secs(3);
/// A client of now has left a trace by then; of one that has not, the pane may tell more.
pub const SILENT: Duration = Duration::from_secs(1);
/// How long a start may take before something in the terminal waits for the owner.
pub const ATTENTION: Duration = Duration::from_secs(10);
/// A client deletes its file up to 1.5 s before it ends (its `SessionEnd` hooks run between).
pub const LEAVING: Duration = Duration::from_secs(3);
/// How long a stopped session is shown.
pub const STOPPED_KEPT: Duration = Duration::from_mins(1);
/// A hook is up to 0.9 s ahead of the registry (measured); after this the registry is right.
pub const HOOK_LEADS: Duration = Duration::from_millis(1500);
/// A pane in doubt is read every 2 s; three readings may fail.
pub const SCREEN_FRESH: Duration = Duration::from_secs(7);
/// The client's list is asked for every 15 s; one answer may fail.
pub const LIST_FRESH: Duration = Duration::from_secs(35);
/// The longest pause between two attempts of a request; one that lasts longer is being answered.
pub const RETRY_PAUSE: Duration = Duration::from_secs(45);
/// The transcript is written in batches: its lines may be so much later than the registry's word,
/// and than each other (measured up to 0.3 s).
pub const FLUSHED: Duration = Duration::from_millis(300);
/// The end of a turn that the transcript tells of is written and read by then; of one that Escape
/// took back before its first word, none comes.
pub const TURN_TOLD: Duration = IDLE_DEBOUNCE.saturating_add(FLUSHED);
/// A record is dated when it is made, the registry when it is written: up to so much later.
pub const SLACK: Duration = Duration::from_secs(2);
/// Work without a turn in the transcript for so long is a compaction, or a command.
pub const TURNLESS: Duration = Duration::from_secs(2);
/// A hook may be lost: what it told of a call or a sub-agent is believed only until the
/// transcript has gone on for so long without it.
pub const HOOK_ALONE: Duration = Duration::from_secs(3);

/// A stream that was frozen for longer is likely to be asked for anew (measured: between 200 and
/// 420 s).
pub const STREAM_KEPT: Duration = Duration::from_mins(4);
/// A command that was stopped for longer than its time limit goes on in the background; this is
/// the limit unless told.
pub const COMMAND_KEPT: Duration = Duration::from_mins(2);
/// How long before the hooks that hold a session reach their limit its row says so.
pub const HOLD_END_WARNED: Duration = Duration::from_hours(24);
/// A running client takes up hooks up to 3 s after they were connected (measured, 2.1.330); one that
/// was prompted later than this has run them, or never will.
pub const HOOKS_TAKEN_UP: Duration = Duration::from_secs(10);
/// How long a tool call that no gate holds may be on record before a hold is given up: the hook of
/// it is still being started, or the mark of its gate is yet to be read.
pub const GATE_AWAITED: Duration = Duration::from_secs(10);
/// How long a row tells that a session was not held.
pub const NOT_HELD_SHOWN: Duration = Duration::from_hours(1);
/// How long a row tells that an action failed.
pub const FAILURE_SHOWN: Duration = Duration::from_secs(15);

/// The facts that bear on one session.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// Its process.
    pub process: Process<'a>,
    /// What its registry file said, newest first, as runs of one status.
    pub registry: Vec<Run<'a, RegistryEntry>>,
    /// When its registry file was found gone, if it is.
    pub registry_gone: Option<Timestamp>,
    /// Whether it has opened its peer socket.
    pub key_seen: Option<Timestamp>,
    /// What is missing for it to be confirmed; nothing in most cases.
    pub gap: Option<ConfirmationGap>,
    /// Whether its tmux session is shown; none outside tmux.
    pub shown: Option<Run<'a, bool>>,
    /// What its transcript says, and when that was read. None where two live processes write to
    /// one: whose line is whose cannot be told.
    pub transcript: Option<(Timestamp, &'a Transcript)>,
    /// What its pane showed, newest first.
    pub screens: Vec<Run<'a, Screen>>,
    /// What the client's own list says of it.
    pub listed: Option<Run<'a, Listed>>,
    /// What its hooks told.
    pub hooks: Option<&'a HookEvidence>,
    /// What is on disk of its pause, and when that was seen.
    pub pause: Option<(Timestamp, &'a PauseRecord)>,
    /// The pause of a session that runs this one.
    pub within: Option<&'a PauseRecord>,
    /// Its hooks that wait for the end of its pause.
    pub gates: &'a [Gate],
    /// Whether hooks of ours run in it, as far as is known.
    pub hook_proof: HookProof,
    /// When its owner last looked.
    pub attended_at: Option<Timestamp>,
    /// What its hooks held, or hold.
    pub requests: Option<&'a Requests>,
    /// Whether an answer from here would reach it.
    pub channel: Channel,
    /// What the owner wishes.
    pub preferences: Preferences,
}

/// Whether an answer from here would reach a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Its client asks a person.
    Open,
    /// Nobody is there to be asked.
    Closed,
}

/// What a session is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// In one word.
    pub status: SessionStatus,
    /// What it does.
    pub activity: Option<Activity>,
    /// What it waits for.
    pub need: Option<Need>,
    /// Its sub-agents at work.
    pub delegations: Vec<Delegation>,
    /// Whether a terminal shows it.
    pub attached: bool,
    /// Why.
    pub because: Because,
    /// Whether its pane could tell more than its client does.
    pub doubt: Doubt,
    /// When the verdict may change without a new fact.
    pub review_at: Option<Timestamp>,
    /// What is on disk of its pause is not true any more.
    pub stale_pause: bool,
    /// Agents that its hooks hold, and agents that still run.
    pub held: (usize, usize),
    /// Whether hooks of ours run in it.
    pub hooks_heard: HooksHeard,
    /// What becomes of a hold of it.
    pub hold: HoldOutlook,
    /// It was paused for so long that what was at work may not go on as it was.
    pub long_pause: bool,
    /// What it asks through its hooks and is not over, the oldest first.
    pub requests: Vec<Open>,
}

/// Whether the pane of a session could tell more than its client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Its client says it all.
    None,
    /// Its client says nothing, says it in unknown words, or seems to repeat a failing request.
    Some,
}

/// What a client does, as far as anybody tells.
struct Doing {
    status: SessionStatus,
    activity: Option<Activity>,
    need: Option<Need>,
    because: Because,
    doubt: Doubt,
    review_at: Option<Timestamp>,
}

impl Doing {
    fn active(activity: Activity, because: Because) -> Self {
        Self {
            status: SessionStatus::Active,
            activity: Some(activity),
            need: None,
            because,
            doubt: Doubt::None,
            review_at: None,
        }
    }

    fn needing(need: Need, because: Because) -> Self {
        Self {
            status: SessionStatus::AwaitingApproval,
            activity: None,
            need: Some(need),
            because,
            doubt: Doubt::None,
            review_at: None,
        }
    }

    fn bare(status: SessionStatus, because: Because) -> Self {
        Self {
            status,
            activity: None,
            need: None,
            because,
            doubt: Doubt::None,
            review_at: None,
        }
    }

    /// The same, but only concluded.
    fn inferred(mut self) -> Self {
        self.because.certainty = Certainty::Inferred;
        self.doubt = Doubt::Some;
        self
    }

    fn until(mut self, at: Timestamp) -> Self {
        self.review_at = Some(self.review_at.map_or(at, |known| known.min(at)));
        self
    }
}

/// Whether a client says that a turn runs, or waits for its owner.
pub fn is_mid_turn(entry: &RegistryEntry) -> bool {
    let word = words::Word::of(entry);
    matches!(word, words::Word::Busy | words::Word::Need { .. })
}

/// How runs of one status are told apart.
pub fn kind(entry: &RegistryEntry) -> (Option<String>, Option<String>, Option<String>) {
    (
        entry.session_id.clone(),
        entry.status.clone(),
        entry.waiting_for.clone(),
    )
}

/// Decides.
pub fn verdict(case: &Case<'_>, now: Timestamp) -> Verdict {
    let process = case.process;
    if let Some(exited) = process.exited_at {
        let because = because(Source::Process, "the process has exited", exited, exited);
        return Verdict {
            status: SessionStatus::Stopped,
            activity: None,
            need: None,
            delegations: Vec::new(),
            attached: false,
            because: until(
                because,
                "the session leaves the list, one minute after the exit",
            ),
            doubt: Doubt::None,
            review_at: Some(exited.after(STOPPED_KEPT)),
            stale_pause: case.pause.is_some(),
            held: (0, 0),
            hooks_heard: HooksHeard::Unknown,
            hold: HoldOutlook::Sound,
            long_pause: false,
            requests: Vec::new(),
        };
    }
    let mut asks = requests::of(case, now);
    let doing = requests::upon(case, doing(case, now), &mut asks, now);
    let delegations = match (&doing.activity, &doing.need) {
        (
            Some(
                Activity::Working { .. } | Activity::Compacting { .. } | Activity::Retrying { .. },
            ),
            _,
        )
        | (_, Some(_)) => Content::of(case).delegations(),
        _ => Vec::new(),
    };
    let detached = detached(case);
    let attached = detached.is_none();
    let held = paused::held(case, &doing, delegations.len());
    let not_held = paused::is_not_held(case, &doing, now);
    let stale_pause = not_held || paused::is_stale(case, &doing);
    let too_long = long_at(case);
    let hold_ends = paused::hold_ends_at(case).map(|end| end.before(HOLD_END_WARNED));
    let paused = paused::paused(case, &doing).filter(|_| !not_held);
    let reviews = [too_long, hold_ends, paused::doubted_at(case, &doing)];
    let reviews = reviews.into_iter().flatten().filter(|at| *at > now);
    let review_at = reviews.chain(doing.review_at).min();
    let (status, because) = if let Some(because) = paused {
        (SessionStatus::Paused, because)
    } else if let (SessionStatus::Active, Some(detached)) = (doing.status, detached) {
        // What it does is shown beside it, so both are explained, by the source of the first.
        let text = format!("{}; {}", doing.because.text, detached);
        (
            SessionStatus::Detached,
            Because {
                text,
                ..doing.because
            },
        )
    } else {
        (doing.status, doing.because)
    };
    Verdict {
        status,
        activity: doing.activity,
        need: doing.need,
        delegations,
        attached,
        because,
        doubt: doing.doubt,
        review_at,
        stale_pause,
        held,
        hooks_heard: paused::hooks_heard(case, now),
        hold: match hold_ends {
            _ if not_held => HoldOutlook::NotHeld,
            Some(at) if at <= now => HoldOutlook::EndsSoon,
            _ => HoldOutlook::Sound,
        },
        long_pause: too_long.is_some_and(|at| at <= now),
        requests: asks.open,
    }
}

/// When what was at work is likely not to go on as it was.
fn long_at(case: &Case<'_>) -> Option<Timestamp> {
    let (_, record) = case.pause?;
    let kept = match record.at_work {
        AtWork::Nothing => return None,
        AtWork::Stream => STREAM_KEPT,
        AtWork::Command => COMMAND_KEPT,
    };
    let lasts = record.kind().is_hard() && record.phase == Phase::Paused;
    lasts.then(|| Timestamp::from(record.since).after(kept))
}

fn because(source: Source, text: &str, observed: Timestamp, since: Timestamp) -> Because {
    Because {
        source,
        text: text.to_owned(),
        observed_at: observed.into(),
        since: since.into(),
        certainty: Certainty::Certain,
        until: String::new(),
    }
}

/// Adds what would change it.
fn until(mut because: Because, text: &str) -> Because {
    text.clone_into(&mut because.until);
    because
}

/// Why no terminal shows it, if none does.
fn detached(case: &Case<'_>) -> Option<&'static str> {
    if case.shown.as_ref().is_some_and(|run| !run.value) {
        return Some("no tmux client shows the session");
    }
    let run = case.registry.first()?;
    let background = matches!(run.value.kind.as_deref(), Some("bg" | "background"));
    background.then_some("the session runs in the background")
}

fn doing(case: &Case<'_>, now: Timestamp) -> Doing {
    if let Some(ConfirmationGap::ForeignFolder(_)) = &case.gap {
        return silent::unconfirmed(case);
    }
    let leaving = case.registry_gone.map(|gone| gone.after(LEAVING));
    match case.registry.first() {
        Some(run) if leaving.is_none_or(|until| now < until) => {
            let doing = registry::doing(case, run, now);
            match leaving {
                Some(at) => doing.until(at),
                None => doing,
            }
        }
        _ => silent::without_registry(case, now),
    }
}
