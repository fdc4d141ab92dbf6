//! What a tmux pane shows: the last resort, where Claude Code itself reports nothing.

use serde::{Deserialize, Serialize};

/// What was read from a pane. Empty if no rule matched: an unknown screen proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScreenReading {
    /// What the text shows.
    pub shows: Option<ScreenContent>,
    /// Whether the title shows work; none if the title does not say.
    pub title_busy: Option<bool>,
}

impl ScreenReading {
    /// The reading without the countdown, which changes while nothing else happens.
    #[must_use]
    pub fn in_short(&self) -> Self {
        let shows = match &self.shows {
            Some(ScreenContent::Retrying { attempt, of, .. }) => Some(ScreenContent::Retrying {
                attempt: *attempt,
                of: *of,
                seconds: None,
            }),
            other => other.clone(),
        };
        Self {
            shows,
            title_busy: self.title_busy,
        }
    }
}

/// What the text of a pane can show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ScreenContent {
    /// The dialog that asks whether to trust the folder.
    Trust,
    /// A permission dialog.
    Permission {
        /// The tool, if the dialog names one.
        tool: Option<String>,
    },
    /// A question from the model.
    Question,
    /// A plan to approve.
    Plan,
    /// A running turn.
    Busy,
    /// A failed request that will be sent again.
    Retrying {
        /// The number of the next attempt, from 1.
        attempt: u32,
        /// The maximum number of attempts.
        of: u32,
        /// Seconds until the next attempt, as shown.
        seconds: Option<u32>,
    },
    /// The conversation is being compacted.
    Compacting,
    /// A free prompt.
    Idle,
    /// The shell, in front of a Claude Code that was suspended with Ctrl-Z.
    Suspended,
}
