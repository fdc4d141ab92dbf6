//! What was true, and when: from the keyboard, the API and the kernel, never from what is shown.

use super::state::TruthState;
use std::time::{Duration, SystemTime};
use trusty_tests::Value;

/// How late Claude Code's own word may be (measured on a quiet machine: at most 0.5 s for most).
pub(crate) const CLIENT_TOLERANCE: Duration = Duration::from_millis(500);
/// A dialog is painted, and noted in the registry, up to 0.9 s after the end of the answer that
/// calls the tool.
pub(crate) const DIALOG_TOLERANCE: Duration = Duration::from_secs(1);
/// The end of a turn is noted up to 0.5 s late and must then last 0.3 s, because between two turns
/// Claude Code calls itself idle for moments.
pub(crate) const TURN_END_TOLERANCE: Duration = Duration::from_millis(900);
/// Claude Code needs up to 0.9 s before it leaves any trace but its process.
pub(crate) const START_TOLERANCE: Duration = Duration::from_secs(1);
/// A dialog before the first prompt belongs to the start; one that lasts longer needs the user.
pub(crate) const TRUST_DIALOG_GRACE: Duration = Duration::from_secs(10);
/// What raises no event is polled every 2 s while a face is open; two polls may be needed.
pub(crate) const POLL_TOLERANCE: Duration = Duration::from_millis(4_500);
/// Screens of older versions are read every 2 s; two reads may be needed.
pub(crate) const SCREEN_TOLERANCE: Duration = Duration::from_millis(4_500);

/// A point in time, as exactly as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeWindow {
    /// The earliest possible time.
    pub from: SystemTime,
    /// The latest possible time.
    pub to: SystemTime,
}

impl TimeWindow {
    /// A time that is known exactly.
    pub(crate) fn at(at: SystemTime) -> Self {
        Self { from: at, to: at }
    }

    /// A time while `act` runs.
    pub(crate) fn of(act: impl FnOnce()) -> Self {
        let from = SystemTime::now();
        act();
        let to = SystemTime::now();
        Self { from, to }
    }
}

/// How the product can learn of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeSignal {
    /// A file, a socket or the kernel reports the change at once.
    Event,
    /// Nothing reports the change: polling finds it.
    Look,
    /// The screen of an older version shows the change, and is read now and then.
    Screen,
}

/// A time from which on something else is true.
#[derive(Debug, Clone)]
pub(crate) struct TrueChange {
    pub at: TimeWindow,
    /// Any of these is right.
    pub right: Vec<TruthState>,
    /// These may be shown during the change.
    pub passing: Vec<TruthState>,
    /// How long the state before may still be shown.
    pub tolerance: Duration,
    pub told: ChangeSignal,
}

impl TrueChange {
    pub(crate) fn new(at: TimeWindow, right: &[TruthState]) -> Self {
        Self {
            at,
            right: right.to_vec(),
            passing: Vec::new(),
            tolerance: CLIENT_TOLERANCE,
            told: ChangeSignal::Event,
        }
    }

    pub(crate) fn within(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    pub(crate) fn passing(mut self, states: &[TruthState]) -> Self {
        self.passing = states.to_vec();
        self
    }

    pub(crate) fn by_looking(mut self) -> Self {
        self.told = ChangeSignal::Look;
        self.tolerance = POLL_TOLERANCE;
        self
    }
}

/// A detail that a good source can report, over a span of time.
pub(crate) struct FinerFact {
    pub what: &'static str,
    pub from: SystemTime,
    pub until: SystemTime,
    pub told: Box<dyn Fn(&Value) -> bool>,
}

/// All that is true of one session.
#[derive(Default)]
pub(crate) struct SessionTruth {
    /// In the order of time.
    pub changes: Vec<TrueChange>,
    pub finer: Vec<FinerFact>,
}

impl SessionTruth {
    pub(crate) fn tell(&mut self, change: TrueChange) {
        self.changes.push(change);
    }

    pub(crate) fn finer(
        &mut self,
        what: &'static str,
        (from, until): (SystemTime, SystemTime),
        told: impl Fn(&Value) -> bool + 'static,
    ) {
        self.finer.push(FinerFact {
            what,
            from,
            until,
            told: Box::new(told),
        });
    }
}

/// The truth about one process, up to the end of the observation.
pub(crate) struct ProcessTruth {
    pub pid: u32,
    pub truth: SessionTruth,
    pub end: SystemTime,
}
