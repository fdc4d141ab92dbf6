//! What the popover shows of a jump that did not arrive.

use crate::problem::ProblemCode;
use crate::remedy::{RemedyAction, RemedyButton};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a terminal may not show its session, and what the popover offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JumpFailure {
    /// The reason, in words.
    pub text: String,
    /// Whether the terminal is in front in spite of that.
    pub in_front: bool,
    /// What the popover offers; none if nothing but the words helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<RemedyButton>,
}

impl JumpFailure {
    /// The failure with this code and this reason.
    pub fn new(code: ProblemCode, text: String) -> Self {
        Self {
            text,
            in_front: code == ProblemCode::Partly,
            remedy: (code == ProblemCode::ConsentDenied).then(|| {
                RemedyButton::new(
                    "Open Privacy settings",
                    RemedyAction::OpenAutomationSettings,
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_denied_consent_has_a_remedy_and_only_partly_is_in_front() {
        for (code, in_front, remedy) in [
            (ProblemCode::Partly, true, None),
            (
                ProblemCode::ConsentDenied,
                false,
                Some(RemedyAction::OpenAutomationSettings),
            ),
            (ProblemCode::ConsentPending, false, None),
            (ProblemCode::Failed, false, None),
        ] {
            let failure = JumpFailure::new(code, "why".into());
            let offered = failure.remedy.map(|button| button.action);
            assert_eq!((failure.in_front, offered), (in_front, remedy));
        }
    }
}
