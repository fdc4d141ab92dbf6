//! The states of a session as the user would name them.

use trusty_tests::Value;
use trusty_tests::trusty::status_word_of;

/// What a session is, or is shown to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TruthState {
    /// There is no such session.
    Absent,
    /// Between exec and the first prompt.
    Starting,
    /// The prompt is free and there is nothing to review; also after an interruption.
    Idle,
    /// The prompt is free after a turn that ended by itself.
    Finished,
    /// The prompt is free after a turn that Claude Code has given up.
    Failed,
    /// A turn runs, or sub-agents do.
    Working,
    /// A dialog asks for permission to use a tool.
    Permission,
    /// A dialog asks a question.
    Question,
    /// A dialog asks for approval of a plan.
    Plan,
    /// A dialog asks whether to trust the folder.
    Trust,
    /// The user has opened a menu.
    MenuOpen,
    /// The prompt is free, but a background shell runs.
    BackgroundShell,
    /// The process is stopped.
    Paused,
    /// The process is gone.
    Stopped,
    /// The session is shown to live, but not what it does.
    Unknown,
}

impl TruthState {
    /// Whether the user has to answer something.
    pub(crate) fn is_need(self) -> bool {
        matches!(
            self,
            Self::Permission | Self::Question | Self::Plan | Self::Trust
        )
    }

    /// The state that a session is shown in. Retrying and compacting count as work. A session
    /// without a terminal (Detached) still has an activity.
    pub(crate) fn shown(session: Option<&Value>) -> Self {
        let Some(session) = session else {
            return Self::Absent;
        };
        match status_word_of(session).as_str() {
            "Starting" => Self::Starting,
            "Idle" => Self::Idle,
            "Finished" => Self::Finished,
            "Failed" => Self::Failed,
            "Working" | "Retrying" | "Compacting" => Self::Working,
            "Permission" => Self::Permission,
            "Question" => Self::Question,
            "Plan" => Self::Plan,
            "Trust" => Self::Trust,
            "MenuOpen" => Self::MenuOpen,
            "BackgroundShell" => Self::BackgroundShell,
            "Paused" => Self::Paused,
            "Stopped" => Self::Stopped,
            _ => Self::Unknown,
        }
    }
}

/// The states in one text: `Idle or Finished`.
pub(crate) fn names(states: &[TruthState]) -> String {
    let names: Vec<String> = states.iter().map(|s| format!("{s:?}")).collect();
    names.join(" or ")
}
