//! Whoever shows notices on this desktop: one form, an implementation for each platform.

use trusty_fleet::notice::{Notice, NoticeSlot};
use trusty_fleet::request::RequestId;

/// What shows notices, if anything does.
pub(crate) trait NotificationServer: Send {
    /// Whether it is there, and what it is able to.
    fn reach(&mut self) -> impl Future<Output = ServerPresence> + Send;

    /// Shows a notice, in the place of what its slot holds.
    fn show(
        &mut self,
        slot: NoticeSlot,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), ShowError>> + Send;

    /// Takes a notice back, if it is still there.
    fn withdraw(&mut self, slot: NoticeSlot) -> impl Future<Output = ()> + Send;

    /// What its user did next. Nothing is lost if this is dropped meanwhile.
    fn next(&mut self) -> impl Future<Output = ServerEvent> + Send;

    /// What its user did already, if anything.
    fn pending_event(&mut self) -> Option<ServerEvent>;
}

/// Whether somebody is there to show notices.
#[derive(Debug)]
pub(crate) enum ServerPresence {
    /// The one that was there before.
    Same,
    /// One that knows of nothing.
    New,
    /// None that shows anything, for this reason.
    Absent(ShowError),
}

/// Why a notice is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
    /// Nobody is there to show it.
    #[error("this desktop shows no notifications")]
    NoServer,
    /// Whoever is there did not take it; in words.
    #[error("{0}")]
    Failed(String),
}

/// What became of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerEvent {
    /// A choice was made on it.
    Chosen(NoticeSlot, NoticeChoice),
    /// It was put away.
    Closed(NoticeSlot),
    /// It is shown, though that could not be told in time.
    ShownLate(NoticeSlot),
    /// A server has come, which knows of nothing.
    ServerStarted,
}

/// What its user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoticeChoice {
    /// To see it.
    Show,
    /// To approve this request, whose whole text was on it.
    Approve(RequestId),
    /// To deny it.
    Deny(RequestId),
}

/// A click on the notice itself.
pub(crate) const CLICK_ACTION: &str = "default";
/// The buttons: names, and words.
pub(crate) const SHOW_BUTTON: (&str, &str) = ("show", "Show");
pub(crate) const APPROVE_BUTTON: (&str, &str) = ("approve", "Approve");
pub(crate) const DENY_BUTTON: (&str, &str) = ("deny", "Deny");

/// The name of a button that is about a request.
pub(crate) fn request_button_name(name: &str, RequestId(id): &RequestId) -> String {
    format!("{name} {id}")
}

impl NoticeChoice {
    /// The choice of this name, on this notice. One that is not on it is none: a server may tell
    /// of a button that was there before.
    pub(crate) fn from_name(name: &str, notice: &Notice) -> Option<Self> {
        if let Some(request) = &notice.answers {
            if name == request_button_name(APPROVE_BUTTON.0, request) {
                return Some(Self::Approve(request.clone()));
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
        let approve = Some(NoticeChoice::Approve(RequestId("a".into())));
        assert_eq!(NoticeChoice::from_name("approve a", &one), approve);
        assert_eq!(
            NoticeChoice::from_name(CLICK_ACTION, &bare),
            Some(NoticeChoice::Show)
        );
        for (name, notice) in [
            ("approve b", &one),
            ("approve a", &bare),
            ("deny b", &one),
            ("approve", &one),
            ("", &one),
        ] {
            assert_eq!(NoticeChoice::from_name(name, notice), None, "{name}");
        }
    }
}
