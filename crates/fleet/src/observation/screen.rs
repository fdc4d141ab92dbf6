//! What a tmux pane shows: the last resort, where the client itself tells nothing.

use serde::{Deserialize, Serialize};

/// What was read from a pane. Nothing where no rule matched: an unknown screen is no proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScreenReading {
    /// What its text shows.
    pub shows: Option<ScreenContent>,
    /// Whether its title shows work, where the title tells.
    pub title_busy: Option<bool>,
}

impl ScreenReading {
    /// The same without what counts down while nothing happens.
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
    /// The question whether the folder is trusted.
    Trust,
    /// A permission dialog.
    Permission {
        /// The tool, where the dialog tells.
        tool: Option<String>,
    },
    /// A question of the model.
    Question,
    /// A plan to approve.
    Plan,
    /// A turn runs.
    Busy,
    /// A request failed and is sent again.
    Retrying {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// How many there are at most.
        of: u32,
        /// In how many seconds, as shown.
        seconds: Option<u32>,
    },
    /// The conversation is being compacted.
    Compacting,
    /// The prompt is free.
    Idle,
    /// The client was put aside with Ctrl-Z.
    Suspended,
}
