//! The interface of notification servers; each platform implements it.

use trusty_fleet::System;
use trusty_fleet::notice::{Notice, NoticeSlot, NotificationAccess, may_offer_approval};
use trusty_fleet::request::RequestId;

/// A notification server of the desktop.
pub(crate) trait NotificationServer: Send {
    /// Prepares the connection at the start of the app, as far as that asks the user nothing.
    /// Returns whether notices reach the user, if that is known this early.
    fn prepare(&mut self) -> impl Future<Output = Option<NotificationAccess>> + Send;

    /// Connects to the server if necessary and reads its capabilities.
    fn reach(&mut self) -> impl Future<Output = ServerPresence> + Send;

    /// Whether notices reach the user now. Changes nothing, and asks the user nothing.
    fn access(&mut self) -> impl Future<Output = NotificationAccess> + Send;

    /// Has the system ask the user to allow notices, where it wants that; `next` reports the
    /// answer.
    fn ask_user(&mut self);

    /// Shows a notice, replacing the one in the same slot.
    fn show(
        &mut self,
        slot: NoticeSlot,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), ShowError>> + Send;

    /// Withdraws a notice, if it is still shown.
    fn withdraw(&mut self, slot: NoticeSlot) -> impl Future<Output = ()> + Send;

    /// Waits for the next event. Cancel-safe: dropping the future loses no event.
    fn next(&mut self) -> impl Future<Output = ServerEvent> + Send;

    /// An event that has already arrived, if any.
    fn pending_event(&mut self) -> Option<ServerEvent>;
}

/// Whether a server can be reached.
#[derive(Debug)]
pub(crate) enum ServerPresence {
    /// The same server as before.
    Same,
    /// A new server, which shows none of our notices yet.
    New,
    /// No server shows notices, for this reason.
    Absent(ShowError),
}

/// Why a notice is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
    /// The desktop has no notification server, or does not allow notices of this program; `access`
    /// says which.
    #[error("this desktop shows no notifications of Trusty Bar")]
    NoServer,
    /// The server did not accept the notice; the reason in words.
    #[error("{0}")]
    Failed(String),
}

/// What happened to a notice, or to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerEvent {
    /// The user made a choice on the notice.
    Chosen(NoticeSlot, NoticeChoice),
    /// The notice was closed.
    Closed(NoticeSlot),
    /// The notice is shown, but the server confirmed that only after the timeout.
    ShownLate(NoticeSlot),
    /// A new server has started and shows none of our notices yet, or the user has answered whether
    /// notices are allowed.
    ServerStarted,
}

/// What the user chose on a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoticeChoice {
    /// Show the session.
    Show,
    /// Approve this request, whose full text was in the notice.
    Approve(RequestId),
    /// Deny this request.
    Deny(RequestId),
}

/// The action name of a click on the notice itself.
pub(crate) const CLICK_ACTION: &str = "default";
/// The buttons: action name and label.
pub(crate) const SHOW_BUTTON: (&str, &str) = ("show", "Show");
pub(crate) const APPROVE_BUTTON: (&str, &str) = ("approve", "Approve");
pub(crate) const DENY_BUTTON: (&str, &str) = ("deny", "Deny");

/// The action name of a button for one request.
pub(crate) fn request_button_name(name: &str, RequestId(id): &RequestId) -> String {
    format!("{name} {id}")
}

impl NoticeChoice {
    /// The choice that an action name stands for, if this notice offers it on this system: a server
    /// may report a button of the notice that was shown before.
    pub(crate) fn from_name(system: System, name: &str, notice: &Notice) -> Option<Self> {
        if let Some(request) = &notice.answers {
            if name == request_button_name(APPROVE_BUTTON.0, request) {
                return may_offer_approval(system).then(|| Self::Approve(request.clone()));
            }
            if name == request_button_name(DENY_BUTTON.0, request) {
                return Some(Self::Deny(request.clone()));
            }
        }
        (name == CLICK_ACTION || name == SHOW_BUTTON.0).then_some(Self::Show)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::notice::NoticeKind;

    #[test]
    fn a_choice_is_one_of_this_notice() {
        let notice = |answers: Option<&str>| Notice {
            kind: NoticeKind::Needs,
            title: "s".into(),
            body: "b".into(),
            answers: answers.map(|id| RequestId(id.into())),
        };
        let (one, bare) = (notice(Some("a")), notice(None));
        let chosen = |name, notice| NoticeChoice::from_name(System::Linux, name, notice);
        let approve = Some(NoticeChoice::Approve(RequestId("a".into())));
        assert_eq!(chosen("approve a", &one), approve);
        assert_eq!(chosen(CLICK_ACTION, &bare), Some(NoticeChoice::Show));
        for (name, notice) in [
            ("approve b", &one),
            ("approve a", &bare),
            ("deny b", &one),
            ("approve", &one),
            ("", &one),
        ] {
            assert_eq!(chosen(name, notice), None, "{name}");
        }
    }

    /// A banner on macOS may cut the request, so no name approves there, however it was made up.
    #[test]
    fn nothing_is_approved_from_a_banner_of_macos() {
        let request = RequestId("a".into());
        let notice = Notice {
            kind: NoticeKind::Needs,
            title: "s".into(),
            body: "b".into(),
            answers: Some(request.clone()),
        };
        let chosen = |name| NoticeChoice::from_name(System::Mac, name, &notice);
        assert_eq!(chosen("approve a"), None);
        assert_eq!(chosen("deny a"), Some(NoticeChoice::Deny(request)));
        assert_eq!(chosen(SHOW_BUTTON.0), Some(NoticeChoice::Show));
    }
}
