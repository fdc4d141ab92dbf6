//! Whether notifications reach the user, as a value.

/// Whether notifications reach the user, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NotificationAccess {
    /// Not known yet: nothing was sent, and the system tells nothing before that.
    #[default]
    Unknown,
    /// The system wants the user to be asked, which has not happened.
    NotAsked,
    /// The system asks the user now.
    Asking,
    /// The user, or an administrator, does not allow notifications of Trusty Bar.
    Denied,
    /// Notifications are shown.
    Granted,
    /// This program does not run from an app bundle, and the system knows only bundles.
    NoBundle,
    /// The desktop has no notification server.
    NoServer,
    /// The server does not show notifications; the reason in words.
    Failed(String),
}

impl NotificationAccess {
    /// Whether the user may be asked now. The system asks once: every later call returns the first
    /// answer.
    pub fn may_ask(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}
