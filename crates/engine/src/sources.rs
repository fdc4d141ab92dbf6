//! Where observations come from. *Invariant:* no source knows another, a verdict or the fleet.

pub mod hook;
pub mod listing;
pub mod process;
pub mod registry;
pub mod screen;
pub(crate) mod text;
pub mod tmux;
pub mod transcript;
mod watch;

use crate::io::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::mpsc;
use trusty_fleet::cadence::Cadence;
use trusty_fleet::fleet::Wanted;
use trusty_fleet::{Fact, Observation, Timestamp};

/// What the engine asks of all sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    /// What to look at.
    pub wanted: Wanted,
    /// How often.
    pub cadence: Cadence,
}

/// Where a source puts what it sees.
#[derive(Debug)]
pub struct Outlet {
    clock: Clock,
    observations: mpsc::Sender<Observation>,
    last: AtomicI64,
    /// By how much the wall clock is ahead of ours, in nanoseconds; the same for all sources.
    ahead: Arc<AtomicI64>,
}

impl Clone for Outlet {
    fn clone(&self) -> Self {
        Self {
            ahead: Arc::clone(&self.ahead),
            ..Self::new(self.clock, self.observations.clone())
        }
    }
}

/// A wall clock that is led back to the true time moves by less between two looks.
const STEP: u64 = 1_000_000_000;

/// The engine has ended, and with it the source may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

impl Outlet {
    /// Dates facts by `clock` and puts them into `observations`.
    pub fn new(clock: Clock, observations: mpsc::Sender<Observation>) -> Self {
        Self {
            clock,
            observations,
            last: AtomicI64::new(i64::MIN),
            ahead: Arc::default(),
        }
    }

    /// Now, but later than anything told before: of two facts of one source the later told is
    /// the newer, however coarse the clock.
    fn date(&self) -> Timestamp {
        let now = self.clock.now().as_nanos();
        let before = self.last.load(Ordering::Relaxed);
        let at = now.max(before.saturating_add(1));
        self.last.store(at, Ordering::Relaxed);
        Timestamp::from_nanos(at)
    }

    /// By how much the wall clock is ahead, and whether it was set since anybody last asked.
    fn ahead(&self) -> (i64, bool) {
        let known = self.ahead.load(Ordering::Relaxed);
        let now = self.clock.ahead();
        if now.abs_diff(known) < STEP {
            return (known, false);
        }
        self.ahead.store(now, Ordering::Relaxed);
        (now, true)
    }

    /// Tells facts, all seen now.
    pub async fn tell(&self, facts: Vec<Fact>) -> Result<(), Ended> {
        let at = self.date();
        let (ahead, moved) = self.ahead();
        let news = moved.then_some(Fact::WallClock(ahead));
        for fact in news.into_iter().chain(facts) {
            let fact = fact.set_back(ahead);
            self.observations
                .send(Observation { at, fact })
                .await
                .map_err(|_| Ended)?;
        }
        Ok(())
    }
}
