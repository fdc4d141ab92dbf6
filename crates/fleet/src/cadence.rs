//! How often sources poll what raises no event, and why the fleet wants to be woken.

use std::time::Duration;

/// Why the fleet wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeReason {
    /// A verdict may change with time alone.
    VerdictDue,
    /// A stopped session has been shown for long enough.
    StoppedExpires,
}

/// The intervals at which sources poll what raises no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// For the state of known processes, and for new ones.
    pub processes: Duration,
    /// For each tmux server.
    pub tmux: Duration,
    /// For the registry folders, in case their watcher misses a change.
    pub registry: Duration,
    /// Whether CPU and memory figures are sampled.
    pub usage: UsageSampling,
}

/// Whether figures of resource usage are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageSampling {
    /// A visible face shows the figures.
    Shown,
    /// No face shows the figures.
    Hidden,
}

/// Whether a face is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UiVisibility {
    /// At least one is.
    Visible,
    /// None is.
    #[default]
    Hidden,
}

/// Whether any session works, waits for the user or starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FleetActivity {
    /// At least one does.
    Moving,
    /// None does.
    #[default]
    Still,
}

/// The cadence for what is visible and what the sessions do.
pub fn cadence(visibility: UiVisibility, motion: FleetActivity) -> Cadence {
    let seconds = Duration::from_secs;
    let visible = visibility == UiVisibility::Visible;
    let often = visible || motion == FleetActivity::Moving;
    Cadence {
        processes: if often { seconds(2) } else { seconds(5) },
        tmux: if visible { seconds(2) } else { seconds(15) },
        registry: seconds(15),
        usage: if visible {
            UsageSampling::Shown
        } else {
            UsageSampling::Hidden
        },
    }
}
