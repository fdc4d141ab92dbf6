//! The sources, which turn bytes into observations.
//!
//! *Invariant:* no source knows another source, a verdict or the fleet.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "tests start programs and measure time"
    )
)]

pub mod client_program;
pub mod folders;
pub mod hook;
pub mod hook_install;
pub mod listing;
pub mod observation_source;
pub mod pause;
pub mod process;
pub mod project;
pub mod registry;
pub mod screen;
pub mod settings;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;
#[cfg(test)]
#[path = "../../../tests/support/test_files.rs"]
pub mod test_files;
pub(crate) mod text;
pub mod tmux;
pub mod transcript;
pub mod transcript_record;
mod watch;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use trusty_fleet::cadence::Cadence;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::time::WallClock;
use trusty_fleet::{Fact, Observation, Timestamp};
use trusty_platform::clock::Clock;

/// The demands of the engine on all sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// What to observe.
    pub wanted: SourceDemand,
    /// How often to poll.
    pub cadence: Cadence,
    /// Grows by one when the process source is to sample its processes at once.
    pub nudge: u64,
}

/// Where a source sends its observations.
#[derive(Debug)]
pub struct ObservationSender {
    clock: Clock,
    observations: mpsc::Sender<Observation>,
    last: AtomicI64,
    /// Shared by all sources.
    wall: Arc<Mutex<WallClock>>,
}

impl Clone for ObservationSender {
    fn clone(&self) -> Self {
        Self {
            wall: Arc::clone(&self.wall),
            ..Self::new(self.clock, self.observations.clone())
        }
    }
}

/// The smallest jump of the wall clock that counts as a change by hand: slewing towards the true
/// time moves the clock by less between two checks.
const CLOCK_STEP_NANOS: u64 = 1_000_000_000;

/// The engine has ended, and its sources return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown;

impl ObservationSender {
    /// Dates facts by `clock` and sends them to `observations`.
    pub fn new(clock: Clock, observations: mpsc::Sender<Observation>) -> Self {
        Self {
            clock,
            observations,
            last: AtomicI64::new(i64::MIN),
            wall: Arc::default(),
        }
    }

    /// The current time, but later than that of every earlier fact of this source, so that the
    /// order of facts survives a coarse clock.
    fn date(&self) -> Timestamp {
        let now = self.clock.now().as_nanos();
        let before = self.last.load(Ordering::Relaxed);
        let at = now.max(before.saturating_add(1));
        self.last.store(at, Ordering::Relaxed);
        Timestamp::from_nanos(at)
    }

    /// The wall clock as last read, and whether it was set since the previous call for any source.
    fn wall_clock(&self, now: Timestamp) -> (WallClock, bool) {
        let mut known = self.wall.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = self.clock.ahead();
        let set = ahead.abs_diff(known.current_lead()) >= CLOCK_STEP_NANOS;
        if set {
            known.set(now, ahead);
        }
        (known.clone(), set)
    }

    /// Sends facts, all dated now.
    ///
    /// # Errors
    ///
    /// [`Shutdown`] if the engine no longer receives.
    pub async fn send(&self, facts: Vec<Fact>) -> Result<(), Shutdown> {
        let at = self.date();
        let (wall, set) = self.wall_clock(at);
        let news = set.then(|| Fact::WallClock(wall.current_lead()));
        for fact in news.into_iter().chain(facts) {
            let fact = fact.dated_by(&wall, at);
            self.observations
                .send(Observation { at, fact })
                .await
                .map_err(|_| Shutdown)?;
        }
        Ok(())
    }
}
