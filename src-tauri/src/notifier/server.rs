//! Whoever shows notices on this desktop: one form, an implementation for each platform.

use trusty_fleet::notice::{Notice, Slot};
use trusty_fleet::request::RequestId;

/// What shows notices, if anything does.
pub(crate) trait Server: Send {
    /// Whether it is there, and what it is able to.
    fn reach(&mut self) -> impl Future<Output = Reach> + Send;

    /// Shows a notice, in the place of what its slot holds.
    fn show(
        &mut self,
        slot: Slot,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), ShowError>> + Send;

    /// Takes a notice back, if it is still there.
    fn withdraw(&mut self, slot: Slot) -> impl Future<Output = ()> + Send;

    /// What its user did next. Nothing is lost if this is dropped meanwhile.
    fn next(&mut self) -> impl Future<Output = Event> + Send;
}

/// Whether somebody is there to show notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The one that was there before.
    Same,
    /// One that knows of nothing.
    New,
    /// Nobody.
    Nobody,
}

/// Why a notice is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
    /// Nobody is there to show it.
    #[error("nobody shows notices on this desktop")]
    Nobody,
    /// Whoever is there did not take it; in words.
    #[error("{0}")]
    Failed(String),
}

/// What became of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A choice was made on it.
    Chosen(Slot, Choice),
    /// It was put away.
    Closed(Slot),
    /// A server has come, which knows of nothing.
    Came,
}

/// What its user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// To see it.
    Show,
    /// To approve this request, whose whole text was on it.
    Approve(RequestId),
    /// To deny it.
    Deny(RequestId),
}

/// What the choices are called, in the order of their buttons.
pub(crate) fn buttons(notice: &Notice) -> Vec<(String, &'static str)> {
    let answers = notice.answers.iter().flat_map(|RequestId(id)| {
        [
            (format!("{APPROVE}{id}"), "Approve"),
            (format!("{DENY}{id}"), "Deny"),
        ]
    });
    answers.chain([(SHOW.to_owned(), "Show")]).collect()
}

/// A click on the notice itself.
pub(crate) const CLICK: &str = "default";
const SHOW: &str = "show";
const APPROVE: &str = "approve ";
const DENY: &str = "deny ";

impl Choice {
    /// The choice of this name, on this notice. One that is not on it is none: a server may tell
    /// of a button that was there before.
    pub(crate) fn named(name: &str, notice: &Notice) -> Option<Self> {
        let own = |id: &str| {
            let known = notice.answers.as_ref()?;
            (known.0 == id).then(|| known.clone())
        };
        if let Some(id) = name.strip_prefix(APPROVE) {
            return Some(Self::Approve(own(id)?));
        }
        if let Some(id) = name.strip_prefix(DENY) {
            return Some(Self::Deny(own(id)?));
        }
        matches!(name, CLICK | SHOW).then_some(Self::Show)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::notice::Kind;

    #[test]
    fn a_choice_is_one_of_this_notice() {
        let notice = |answers: Option<&str>| Notice {
            kind: Kind::Needs,
            title: "s".into(),
            body: "b".into(),
            answers: answers.map(|id| RequestId(id.into())),
        };
        let (one, bare) = (notice(Some("a")), notice(None));
        let words = |n: &Notice| buttons(n).into_iter().map(|b| b.1).collect::<Vec<_>>();
        assert_eq!(words(&one), ["Approve", "Deny", "Show"]);
        assert_eq!(words(&bare), ["Show"]);
        for (name, _) in buttons(&one) {
            assert!(Choice::named(&name, &one).is_some(), "{name}");
        }
        let approve = Some(Choice::Approve(RequestId("a".into())));
        assert_eq!(Choice::named("approve a", &one), approve);
        assert_eq!(Choice::named(CLICK, &bare), Some(Choice::Show));
        for (name, notice) in [
            ("approve b", &one),
            ("approve a", &bare),
            ("deny b", &one),
            ("approve", &one),
            ("", &one),
        ] {
            assert_eq!(Choice::named(name, notice), None, "{name}");
        }
    }
}
