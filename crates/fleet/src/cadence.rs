//! How often to look at what raises no event, and when the fleet wants to be woken.

use std::time::Duration;

/// Why the fleet wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeReason {
    /// A verdict may change by the passing of time alone.
    VerdictDue,
    /// A stopped session has been shown long enough.
    StoppedExpires,
}

/// How often to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// At the state of known processes and for new ones.
    pub processes: Duration,
    /// At each tmux server.
    pub tmux: Duration,
    /// At the registry folders, behind their watcher.
    pub registry: Duration,
    /// Whether figures of use are wanted.
    pub usage: UsageSampling,
}

/// Whether somebody looks at figures of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageSampling {
    /// They are shown.
    Shown,
    /// Nobody sees them.
    Hidden,
}

/// Whether a face is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UiVisibility {
    /// Somebody looks.
    Visible,
    /// Nobody looks.
    #[default]
    Hidden,
}

/// Whether any session works, waits or starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FleetActivity {
    /// At least one does.
    Moving,
    /// All rest.
    #[default]
    Still,
}

/// Decides how often to look.
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
