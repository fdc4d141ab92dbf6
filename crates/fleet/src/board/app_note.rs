//! What the app itself says on the board: lines that no source of sessions knows.

use crate::notice::{NoticePreferences, NotificationAccess};
use crate::remedy::{RemedyAction, RemedyButton};
use crate::text::replace_hidden_chars;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A line of the app on the board, with a remedy if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppNote {
    /// What is the matter, as a sentence.
    pub text: String,
    /// What the user can do about it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<RemedyButton>,
}

impl AppNote {
    /// What the user has to know of notifications; `None` where they are shown, or where the user
    /// wants none.
    pub fn of_notifications(
        access: &NotificationAccess,
        preferences: &NoticePreferences,
    ) -> Option<Self> {
        if !preferences.wants_any() {
            return None;
        }
        let note = |text: &str, remedy: Option<(&str, RemedyAction)>| {
            Some(Self {
                text: text.to_owned(),
                remedy: remedy.map(|(label, action)| RemedyButton::new(label, action)),
            })
        };
        match access {
            NotificationAccess::Unknown | NotificationAccess::Granted => None,
            NotificationAccess::NotAsked => note(
                "Notifications can tell you when a session needs you or has finished.",
                Some(("Allow notifications…", RemedyAction::AllowNotifications)),
            ),
            NotificationAccess::Asking => note(
                "macOS asks whether Trusty Bar may send notifications: choose Allow there.",
                None,
            ),
            NotificationAccess::Denied => note(
                "Notifications are off: macOS does not allow them for Trusty Bar.",
                Some(("Open settings…", RemedyAction::OpenNotificationSettings)),
            ),
            NotificationAccess::NoBundle => note(
                "Notifications are off: start Trusty Bar.app instead of this program.",
                None,
            ),
            NotificationAccess::NoServer => note(
                "Notifications are off: this desktop has no notification server; install one, \
                 such as dunst.",
                None,
            ),
            NotificationAccess::Failed(why) => note(
                &replace_hidden_chars(&format!("Notifications are off: {why}.")),
                None,
            ),
        }
    }
}
