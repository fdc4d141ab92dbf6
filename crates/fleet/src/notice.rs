//! What its owner is told of, and what not, for a named reason.
//!
//! A session has at most one piece of news: what it is now, if that is worth a word ([`NotificationEvent`]).
//! [`check_suppression`] says whether its owner is told, and [`NotificationState`] keeps what was told and turns one
//! snapshot after the other into [`NoticeStep`]s. All of it is a function of what it is given.

mod entry;
mod event;
mod group;
mod state;
mod words;

pub use event::{EventIdentity, NotificationEvent, TurnTimer};
pub use state::{NoticeDecision, NotificationState};

use crate::identity::SessionId;
use crate::request::RequestId;
use crate::session::{ControlModel, Session, SessionStatus};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// What resolves itself within this is never told, and what was told is not taken back before:
/// another hook may answer, and a status may flicker.
pub const SETTLE_DELAY: Duration = Duration::from_millis(700);
/// So many within this become one.
pub const GROUPING_WINDOW: Duration = Duration::from_secs(2);
/// What a server did not take is offered again after this.
pub const DELIVERY_RETRY_INTERVAL: Duration = Duration::from_secs(30);
/// So many become one.
pub const MIN_GROUPED_SESSIONS: usize = 3;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NoticeKind {
    /// A session waits for its owner.
    Needs,
    /// Its prompt is free after work.
    Finished,
    /// Its turn ended with an error.
    Failed,
    /// Its process has ended, and neither its owner nor its client meant it to.
    Stopped,
}

/// What its owner wants to be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticePreferences {
    /// Kinds that are never told.
    pub off: BTreeSet<NoticeKind>,
    /// How long a session must have worked before its end is told. Time in which it waited for
    /// its owner, or was paused, does not count.
    pub finished_after: Duration,
    /// When nothing is told, every day.
    pub quiet: Option<QuietHours>,
    /// Nothing is told before.
    pub snoozed_until: Option<SystemTime>,
}

impl Default for NoticePreferences {
    fn default() -> Self {
        Self {
            off: BTreeSet::new(),
            finished_after: Duration::from_mins(1),
            quiet: None,
            snoozed_until: None,
        }
    }
}

/// A span of every day, over midnight where it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first minute, counted from midnight.
    pub from: u16,
    /// The first minute after it.
    pub to: u16,
}

impl QuietHours {
    const MINUTES_PER_DAY: u16 = 24 * 60;

    /// How long it still lasts at this minute of the day; none outside it.
    pub fn time_left(self, minute: u16) -> Option<Duration> {
        let after = |m: u16| {
            (m + Self::MINUTES_PER_DAY - self.from % Self::MINUTES_PER_DAY) % Self::MINUTES_PER_DAY
        };
        let (at, end) = (
            after(minute % Self::MINUTES_PER_DAY),
            after(self.to % Self::MINUTES_PER_DAY),
        );
        (at < end).then(|| Duration::from_mins(u64::from(end - at)))
    }
}

/// What its owner looks at, and what time it is where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserContext {
    /// Whether the popover is shown.
    pub popover_open: bool,
    /// The sessions whose terminals are what their owner looks at.
    pub front: BTreeSet<SessionId>,
    /// The wall clock.
    pub wall: SystemTime,
    /// Minutes since midnight, local time.
    pub minute: u16,
}

/// Why its owner is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Suppressed {
    /// The popover is open and shows it.
    PopoverOpen,
    /// Its terminal is frontmost and shows it.
    TerminalFrontmost,
    /// Until a time its owner set. What still holds then is told.
    Snoozed,
    /// For the hours its owner set. What still holds then is told.
    QuietHours,
    /// Its owner does not want to be told of this kind.
    KindOff,
    /// It was told, and was not resolved since.
    AlreadyTold,
    /// It worked for a shorter time than is worth a word.
    TooShort,
    /// It was so before anybody looked.
    NotNews,
    /// It is paused; what still holds when it is resumed is told.
    Paused,
    /// A program runs it and sees for itself.
    Headless,
}

/// The place of a notice: there is one for each session, and one for many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NoticeSlot {
    /// Of one session.
    Session(SessionId),
    /// Of several.
    Several,
}

/// What its owner is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its kind; of several, the one that matters most.
    pub kind: NoticeKind,
    /// One line, plain text.
    pub title: String,
    /// A few lines, plain text.
    pub body: String,
    /// The request that may be answered right here: the body holds the whole of it.
    pub answers: Option<RequestId>,
}

/// What is to be done about what its owner sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeStep {
    /// Tell it, in the place of what stands there.
    Deliver(NoticeSlot, Notice),
    /// The same news in other words: say so where it is still shown.
    Amend(NoticeSlot, Notice),
    /// It is over.
    Withdraw(NoticeSlot),
}

/// The texts of requests that could be answered from a notice, where they are known.
pub type RequestCards = BTreeMap<RequestId, crate::card::Card>;

/// Whether its owner is told this of a session, at a moment; none for one that is gone.
pub fn check_suppression(
    news: &NotificationEvent,
    session: Option<&Session>,
    attention: &UserContext,
    preferences: &NoticePreferences,
) -> Result<(), Suppressed> {
    let no = |reason, holds: bool| if holds { Err(reason) } else { Ok(()) };
    let is = |what: fn(&Session) -> bool| session.is_some_and(what);
    no(Suppressed::Headless, is(|s| s.control == ControlModel::Sdk))?;
    no(Suppressed::KindOff, preferences.off.contains(&news.kind))?;
    let short = news.kind == NoticeKind::Finished && news.worked < preferences.finished_after;
    no(Suppressed::TooShort, short)?;
    no(
        Suppressed::Paused,
        is(|s| s.status == SessionStatus::Paused),
    )?;
    no(Suppressed::PopoverOpen, attention.popover_open)?;
    let front = session.is_some_and(|s| attention.front.contains(&s.id));
    no(Suppressed::TerminalFrontmost, front)?;
    no(
        Suppressed::Snoozed,
        snoozed(attention, preferences).is_some(),
    )?;
    no(
        Suppressed::QuietHours,
        quiet_for(attention, preferences).is_some(),
    )
}

/// How long nothing is told yet.
fn suppressed_for(attention: &UserContext, preferences: &NoticePreferences) -> Option<Duration> {
    snoozed(attention, preferences).max(quiet_for(attention, preferences))
}

fn snoozed(attention: &UserContext, preferences: &NoticePreferences) -> Option<Duration> {
    let until = preferences.snoozed_until?;
    let left = until.duration_since(attention.wall).ok()?;
    (!left.is_zero()).then_some(left)
}

fn quiet_for(attention: &UserContext, preferences: &NoticePreferences) -> Option<Duration> {
    preferences.quiet?.time_left(attention.minute)
}

#[cfg(test)]
mod tests;
