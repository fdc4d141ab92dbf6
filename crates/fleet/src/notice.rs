//! Notifications: what the user is told, and what is suppressed for which reason.
//!
//! A session has at most one piece of news, which follows from its state ([`NotificationEvent`]).
//! [`check_suppression`] decides whether the user is told, and [`NotificationState`] remembers what
//! was delivered and turns successive snapshots into [`NoticeStep`]s. All of this is pure: the
//! time and what the user looks at are arguments.

mod access;
mod entry;
mod event;
mod group;
mod state;
mod words;

pub use access::NotificationAccess;
pub use event::{EventIdentity, NotificationEvent, TurnTimer};
pub use state::{NoticeDecision, NotificationState};

use crate::identity::SessionId;
use crate::request::RequestId;
use crate::session::{ControlModel, Session, SessionStatus};
use crate::system::System;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// How long news has to last before it is delivered, and has to be over before its notice is
/// withdrawn: another hook may answer a request, and a status may flicker.
pub const SETTLE_DELAY: Duration = Duration::from_millis(700);
/// News of many sessions within this time share one notice, which is amended at most this often.
pub const GROUPING_WINDOW: Duration = Duration::from_secs(2);
/// After how long a notice that the server refused is offered again.
pub const DELIVERY_RETRY_INTERVAL: Duration = Duration::from_secs(30);
/// From how many sessions on news within [`GROUPING_WINDOW`] shares one notice.
pub const MIN_GROUPED_SESSIONS: usize = 3;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NoticeKind {
    /// A session waits for the user.
    Needs,
    /// The session finished its turn.
    Finished,
    /// The session's turn ended with an error.
    Failed,
    /// The session's process ended, and neither the user nor Claude Code meant to end it.
    Stopped,
}

/// What the user wants to be notified of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticePreferences {
    /// The kinds that are never delivered.
    pub off: BTreeSet<NoticeKind>,
    /// How long a session must have worked for the end of its turn to be delivered, not counting
    /// the time in which the session waited for the user or was paused.
    pub finished_after: Duration,
    /// The hours of each day in which nothing is delivered.
    pub quiet: Option<QuietHours>,
    /// Nothing is delivered before this time.
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

impl NoticePreferences {
    /// Whether any kind is delivered at all.
    pub fn wants_any(&self) -> bool {
        let all = [
            NoticeKind::Needs,
            NoticeKind::Finished,
            NoticeKind::Failed,
            NoticeKind::Stopped,
        ];
        all.iter().any(|kind| !self.off.contains(kind))
    }
}

/// A span of every day, which passes midnight where it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first minute of the span, counted from midnight.
    pub from: u16,
    /// The first minute after the span.
    pub to: u16,
}

impl QuietHours {
    const MINUTES_PER_DAY: u16 = 24 * 60;

    /// How long the span still lasts at this minute of the day; `None` outside the span.
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

/// What the user looks at, and the user's time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserContext {
    /// Whether the popover is shown.
    pub popover_open: bool,
    /// The sessions whose terminals are in front.
    pub front: BTreeSet<SessionId>,
    /// The wall clock.
    pub wall: SystemTime,
    /// Minutes since midnight, local time.
    pub minute: u16,
}

/// Why the user is not notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Suppressed {
    /// The popover is open and shows the session.
    PopoverOpen,
    /// The session's terminal is in front.
    TerminalFrontmost,
    /// Notices are snoozed. What still holds after that is delivered.
    Snoozed,
    /// Quiet hours. What still holds after them is delivered.
    QuietHours,
    /// The user turned this kind off.
    KindOff,
    /// The same need was delivered before, and was not resolved since.
    AlreadyTold,
    /// The session worked for less time than the user set.
    TooShort,
    /// The session was in this state when it was first seen.
    NotNews,
    /// The session is paused; what still holds when it is resumed is delivered.
    Paused,
    /// A program drives the session and reads its results.
    Headless,
}

/// The place of a notice: one for each session, and one that many sessions share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NoticeSlot {
    /// The place of one session.
    Session(SessionId),
    /// The place that many sessions share.
    Several,
}

/// The text of one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The kind; of several sessions, the most important one.
    pub kind: NoticeKind,
    /// One line, plain text.
    pub title: String,
    /// A few lines, plain text.
    pub body: String,
    /// The request that can be answered from the notice, whose body holds the whole request.
    pub answers: Option<RequestId>,
}

/// Whether a notice may offer to approve its request on a system: only where the notice is known to
/// show the whole body before the user can press the button.
///
/// A banner on macOS shows about two lines, and nobody has measured how much; denying is offered
/// there, because it approves nothing unread.
pub fn may_offer_approval(system: System) -> bool {
    match system {
        System::Linux => true,
        System::Mac => false,
    }
}

/// What the notification server is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeStep {
    /// Show a notice, in place of one in the same slot.
    Deliver(NoticeSlot, Notice),
    /// Replace the text of a notice that is still shown; the news is the same.
    Amend(NoticeSlot, Notice),
    /// Close the notice.
    Withdraw(NoticeSlot),
}

/// The cards of requests that could be answered from a notice, where they are known.
pub type RequestCards = BTreeMap<RequestId, crate::card::Card>;

/// Decides whether news of a session is delivered now; `session` is `None` for one that is gone.
///
/// # Errors
///
/// The first reason against it.
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

/// How long snoozing or quiet hours still last.
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
