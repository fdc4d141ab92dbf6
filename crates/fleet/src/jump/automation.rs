//! The user's consent that macOS asks for before one app may control another by Apple Events.

use serde::{Deserialize, Serialize};

/// Whether macOS lets Trusty Bar control one app.
///
/// * `NotAsked`: macOS has not asked the user, or the answer is not known here
/// * `Asking`: macOS shows its dialog, or is about to
/// * `Denied`: the user said no; only System Settings changes that
/// * `Granted`: Apple Events reach the app
/// * `Unknown`: macOS answered with a status that this version does not know
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutomationConsent {
    /// macOS has not asked the user, or the answer is not known here.
    #[default]
    NotAsked,
    /// macOS shows its dialog, or is about to.
    Asking,
    /// The user said no; only System Settings changes that.
    Denied,
    /// Apple Events reach the app.
    Granted,
    /// macOS answered with a status that this version does not know.
    Unknown,
}

/// The answer of `AEDeterminePermissionToAutomateTarget`, or of an app to an Apple Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// `noErr`.
    Granted,
    /// `errAEEventNotPermitted` (-1743).
    Denied,
    /// `errAEEventWouldRequireUserConsent` (-1744): macOS would have to ask the user first.
    Undecided,
    /// `procNotFound` (-600) or `connectionInvalid` (-609): macOS answers only for a running app.
    NotRunning,
    /// Any other status.
    Unknown(i32),
}

impl ConsentAnswer {
    /// The meaning of a status of the Apple Event Manager (`AEDataModel.h`, `MacErrors.h`).
    pub fn from_status(status: i32) -> Self {
        match status {
            0 => Self::Granted,
            -1743 => Self::Denied,
            -1744 => Self::Undecided,
            -600 | -609 => Self::NotRunning,
            other => Self::Unknown(other),
        }
    }
}

impl AutomationConsent {
    /// Whether asking macOS makes sense now.
    ///
    /// Asking again after a denial shows no dialog: macOS repeats the answer, or reports that the
    /// user has changed it in System Settings. While macOS asks, a second question would make its
    /// dialog flash.
    pub fn may_ask(self) -> bool {
        !matches!(self, Self::Asking | Self::Granted)
    }

    /// Whether Apple Events may be sent with a short time limit: no dialog is to be expected.
    pub fn lets_events_through(self) -> bool {
        matches!(self, Self::Granted | Self::Unknown)
    }

    /// The state after an answer of macOS.
    #[must_use]
    pub fn after_answer(self, answer: ConsentAnswer) -> Self {
        match answer {
            ConsentAnswer::Granted => Self::Granted,
            ConsentAnswer::Denied => Self::Denied,
            ConsentAnswer::Undecided => Self::NotAsked,
            // An app that has quit keeps the user's answer.
            ConsentAnswer::NotRunning if self == Self::Asking => Self::NotAsked,
            ConsentAnswer::NotRunning => self,
            ConsentAnswer::Unknown(_) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_of_the_apple_event_manager_leads_to_one_state() {
        use AutomationConsent::{Asking, Denied, Granted, NotAsked, Unknown};
        for (before, status, after) in [
            (Asking, 0, Granted),
            (Asking, -1743, Denied),
            (Asking, -1744, NotAsked),
            (Asking, -600, NotAsked),
            (Asking, -609, NotAsked),
            (Asking, -1712, Unknown),
            (Granted, -1743, Denied),
            (Granted, -600, Granted),
            (Denied, -600, Denied),
            (Denied, 0, Granted),
            (Unknown, 0, Granted),
        ] {
            let answer = ConsentAnswer::from_status(status);
            assert_eq!(before.after_answer(answer), after, "{before:?} {status}");
        }
    }

    #[test]
    fn macos_is_asked_once_and_events_flow_only_where_no_dialog_is_open() {
        for (state, may_ask, lets_through) in [
            (AutomationConsent::NotAsked, true, false),
            (AutomationConsent::Asking, false, false),
            (AutomationConsent::Denied, true, false),
            (AutomationConsent::Granted, false, true),
            (AutomationConsent::Unknown, true, true),
        ] {
            assert_eq!(state.may_ask(), may_ask, "{state:?}");
            assert_eq!(state.lets_events_through(), lets_through, "{state:?}");
        }
    }
}
