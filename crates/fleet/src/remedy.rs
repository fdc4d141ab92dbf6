//! What the user can do about a problem right where it is shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A button beside the words about a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemedyButton {
    /// The words on the button.
    pub label: String,
    /// What the button does.
    pub action: RemedyAction,
}

impl RemedyButton {
    /// A button with this label.
    pub fn new(label: &str, action: RemedyAction) -> Self {
        Self {
            label: label.to_owned(),
            action,
        }
    }
}

/// What the button beside a problem does.
///
/// * `AllowNotifications`: has the system ask the user to allow notifications
/// * `OpenNotificationSettings`: opens the system's settings of notifications
/// * `OpenAutomationSettings`: opens the pane of System Settings in which the user lets Trusty Bar
///   control a terminal
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum RemedyAction {
    /// Has the system ask the user to allow notifications.
    AllowNotifications,
    /// Opens the system's settings of notifications.
    OpenNotificationSettings,
    /// Opens the pane of System Settings in which the user lets Trusty Bar control a terminal.
    OpenAutomationSettings,
}
