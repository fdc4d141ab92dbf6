//! What the popover shows of a jump that did not arrive.

use crate::problem::ProblemCode;
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
    pub remedy: Option<JumpRemedy>,
}

/// What the popover offers after a jump that failed.
///
/// * `AutomationSettings`: open the pane of System Settings in which the user lets Trusty Bar
///   control the terminal
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum JumpRemedy {
    /// Open the pane of System Settings in which the user lets Trusty Bar control the terminal.
    AutomationSettings,
}

impl JumpFailure {
    /// The failure with this code and this reason.
    pub fn new(code: ProblemCode, text: String) -> Self {
        Self {
            text,
            in_front: code == ProblemCode::Partly,
            remedy: (code == ProblemCode::ConsentDenied).then_some(JumpRemedy::AutomationSettings),
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
                Some(JumpRemedy::AutomationSettings),
            ),
            (ProblemCode::ConsentPending, false, None),
            (ProblemCode::Failed, false, None),
        ] {
            let failure = JumpFailure::new(code, "why".into());
            assert_eq!((failure.in_front, failure.remedy), (in_front, remedy));
        }
    }
}
