//! Where observations come from. *Invariant:* no source knows another, a verdict or the fleet.

pub mod process;
pub mod registry;
pub mod tmux;

use crate::io::clock::Clock;
use tokio::sync::mpsc;
use trusty_fleet::cadence::Cadence;
use trusty_fleet::fleet::Wanted;
use trusty_fleet::{Fact, Observation};

/// What the engine asks of all sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    /// What to look at.
    pub wanted: Wanted,
    /// How often.
    pub cadence: Cadence,
}

/// Where a source puts what it sees.
#[derive(Debug, Clone)]
pub struct Outlet {
    clock: Clock,
    observations: mpsc::Sender<Observation>,
}

/// The engine has ended, and with it the source may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

impl Outlet {
    /// Dates facts by `clock` and puts them into `observations`.
    pub fn new(clock: Clock, observations: mpsc::Sender<Observation>) -> Self {
        Self {
            clock,
            observations,
        }
    }

    /// Tells facts, all seen now.
    pub async fn tell(&self, facts: Vec<Fact>) -> Result<(), Ended> {
        let at = self.clock.now();
        for fact in facts {
            self.observations
                .send(Observation { at, fact })
                .await
                .map_err(|_| Ended)?;
        }
        Ok(())
    }
}
