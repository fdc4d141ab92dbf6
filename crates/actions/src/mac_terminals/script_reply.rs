//! What a script prints.

use super::ScriptError;
use serde::Deserialize;
use trusty_fleet::jump::{ConsentAnswer, FrontmostApp};

/// Whether a terminal program shows the tab that it was asked for. The program is in front in each
/// case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TabOutcome {
    /// The tab is selected.
    Shown,
    /// The program lists no such tab.
    NoTab,
    /// Several tabs may be the right one, and nothing distinguishes them.
    Tie,
}

/// One line of JSON, as `scripts/common.js` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum ScriptReply {
    Shown,
    NoTab,
    Tie,
    NotRunning,
    NoneInFront,
    InFront {
        pid: u32,
        #[serde(default)]
        bundle: Option<String>,
        #[serde(default)]
        tty: Option<String>,
    },
    Failed {
        number: i32,
        message: String,
    },
}

/// Decodes the output of a script.
///
/// # Errors
/// The output is not the line of JSON that a script prints.
pub(super) fn read_reply(output: &[u8]) -> Result<ScriptReply, ScriptError> {
    serde_json::from_slice(output).map_err(|_| {
        let said = String::from_utf8_lossy(output);
        let line: String = said.trim().chars().take(80).collect();
        ScriptError::Failed(format!("the script printed {line:?}"))
    })
}

impl ScriptReply {
    /// What became of the tab.
    ///
    /// # Errors
    /// The script or the app failed.
    pub(super) fn tab_outcome(self) -> Result<TabOutcome, ScriptError> {
        match self {
            Self::Shown => Ok(TabOutcome::Shown),
            Self::NoTab => Ok(TabOutcome::NoTab),
            Self::Tie => Ok(TabOutcome::Tie),
            Self::NotRunning => Err(ScriptError::NotRunning),
            Self::NoneInFront | Self::InFront { .. } => {
                let told = "the script reported an app instead of a tab";
                Err(ScriptError::Failed(told.into()))
            }
            Self::Failed { number, message } => Err(match ConsentAnswer::from_status(number) {
                ConsentAnswer::Denied => ScriptError::ConsentDenied,
                ConsentAnswer::Undecided => ScriptError::ConsentPending,
                ConsentAnswer::NotRunning => ScriptError::NotRunning,
                ConsentAnswer::Granted => ScriptError::Failed(message),
                ConsentAnswer::Unknown(number) => {
                    ScriptError::Failed(format!("{message} ({number})"))
                }
            }),
        }
    }

    /// What the reply says about the user's consent; `None` if it says nothing.
    pub(super) fn consent(&self) -> Option<ConsentAnswer> {
        match self {
            Self::Shown | Self::NoTab | Self::Tie => Some(ConsentAnswer::Granted),
            Self::Failed { number, .. } => match ConsentAnswer::from_status(*number) {
                told @ (ConsentAnswer::Denied | ConsentAnswer::Undecided) => Some(told),
                _ => None,
            },
            Self::NotRunning | Self::NoneInFront | Self::InFront { .. } => None,
        }
    }

    /// The app in front.
    pub(super) fn frontmost(self) -> Option<FrontmostApp> {
        match self {
            Self::InFront { pid, bundle, tty } => Some(FrontmostApp {
                pid,
                bundle,
                selected_tty: tty,
            }),
            _ => None,
        }
    }
}
