//! What the screens of Claude Code look like, version by version, in one table. A screen that
//! matches no rule yields nothing, because a guess would be reported as a fact.
//!
//! Prose that quotes a dialog must not match: a real dialog ends the screen, and a conversation has
//! the prompt box below it. The samples beside this file include such screens.

use super::layout::{LinePattern, ScreenPart};

/// A version of Claude Code, the most significant number first.
pub(super) type ClientVersion = (u32, u32, u32);

/// A part of the screen, and what a line in it looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScreenSign(pub ScreenPart, pub LinePattern);

/// The content of a screen that has certain signs and lacks others.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScreenRule {
    /// The first version with which the screen was seen.
    pub from: ClientVersion,
    /// The first version for which the rule no longer holds.
    pub before: ClientVersion,
    /// Signs that must all be present.
    pub all: &'static [ScreenSign],
    /// Signs of which none may be present.
    pub none: &'static [ScreenSign],
    /// What the screen then shows.
    pub shows: ScreenKind,
}

/// [`ScreenContent`](trusty_fleet::observation::ScreenContent) without its numbers and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScreenKind {
    Trust,
    Permission,
    Question,
    Plan,
    Busy,
    Retrying,
    Compacting,
    Idle,
    Suspended,
}

const FIRST_VERSION: ClientVersion = (0, 0, 0);
/// From this version on, the footer says how to interrupt a turn; before, the line of the spinner
/// did.
const FOOTER_VERSION: ClientVersion = (2, 1, 0);
const LATEST_VERSION: ClientVersion = (u32::MAX, 0, 0);

/// The part searched for a dialog.
const DIALOG_PART: ScreenPart = ScreenPart::Last(24);
/// The line of the spinner, with tips, tasks and queued prompts between it and the prompt box.
const SPINNER_PART: ScreenPart = ScreenPart::Above(16);

const WORKING_SIGN: ScreenSign = ScreenSign(SPINNER_PART, LinePattern::Spinner(""));
const AGENT_WAIT_SIGN: ScreenSign =
    ScreenSign(SPINNER_PART, LinePattern::SpinnerContains("Waiting for "));
const RUNNING_AGENTS_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Footer, LinePattern::Contains(" local agent"));
/// In older versions, a shell command that the user runs has no spinner.
const RUNNING_COMMAND_SIGN: ScreenSign = ScreenSign(
    ScreenPart::Above(2),
    LinePattern::IndentedStartsWith("⎿  Running…"),
);
const INTERRUPTIBLE_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Footer, LinePattern::Contains("esc to interr"));
pub(super) const PROMPT_BOX_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Input, LinePattern::Contains(""));

/// The rules in the order of precedence: the first that matches decides.
pub(super) const SCREEN_RULES: &[ScreenRule] = &[
    ScreenRule {
        from: FIRST_VERSION,
        before: (2, 1, 200),
        all: &[ScreenSign(
            ScreenPart::Below,
            LinePattern::StartsWith("Claude Code has been suspended"),
        )],
        none: &[],
        shows: ScreenKind::Suspended,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: LATEST_VERSION,
        all: &[ScreenSign(
            ScreenPart::Below,
            LinePattern::StartsWith("Claude Code is suspended"),
        )],
        none: &[],
        shows: ScreenKind::Suspended,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: FOOTER_VERSION,
        all: &[
            ScreenSign(
                DIALOG_PART,
                LinePattern::StartsWith(" Do you trust the files in this folder?"),
            ),
            ScreenSign(DIALOG_PART, LinePattern::ChosenOption),
            ScreenSign(
                ScreenPart::Last(1),
                LinePattern::StartsWith(" Enter to confirm"),
            ),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Trust,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(
                DIALOG_PART,
                LinePattern::StartsWith(" Quick safety check: "),
            ),
            ScreenSign(DIALOG_PART, LinePattern::ChosenOption),
            ScreenSign(
                ScreenPart::Last(1),
                LinePattern::StartsWith(" Enter to confirm"),
            ),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Trust,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(DIALOG_PART, LinePattern::StartsWith("❯ ")),
            ScreenSign(DIALOG_PART, LinePattern::ChosenOption),
            ScreenSign(
                ScreenPart::Last(2),
                LinePattern::StartsWith("Enter to select"),
            ),
            ScreenSign(ScreenPart::Last(2), LinePattern::Contains("Esc to cancel")),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Question,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(
                DIALOG_PART,
                LinePattern::IndentedStartsWith("Claude wants to exit plan mode"),
            ),
            ScreenSign(ScreenPart::Last(6), LinePattern::ChosenOption),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Plan,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(
                DIALOG_PART,
                LinePattern::Contains("Would you like to proceed?"),
            ),
            ScreenSign(ScreenPart::Last(12), LinePattern::ChosenOption),
            ScreenSign(ScreenPart::Last(12), LinePattern::Contains(" 1. Yes")),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Plan,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(DIALOG_PART, LinePattern::StartsWith(" Do you want to ")),
            ScreenSign(DIALOG_PART, LinePattern::ChosenOption),
            ScreenSign(
                ScreenPart::Last(2),
                LinePattern::StartsWith(" Esc to cancel"),
            ),
        ],
        none: &[PROMPT_BOX_SIGN],
        shows: ScreenKind::Permission,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            PROMPT_BOX_SIGN,
            ScreenSign(
                SPINNER_PART,
                LinePattern::Spinner("Compacting conversation"),
            ),
        ],
        none: &[],
        shows: ScreenKind::Compacting,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            PROMPT_BOX_SIGN,
            WORKING_SIGN,
            ScreenSign(SPINNER_PART, LinePattern::Contains("Retrying in ")),
        ],
        none: &[],
        shows: ScreenKind::Retrying,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: LATEST_VERSION,
        all: &[
            PROMPT_BOX_SIGN,
            ScreenSign(
                SPINNER_PART,
                LinePattern::SpinnerContains(" · retrying in "),
            ),
        ],
        none: &[],
        shows: ScreenKind::Retrying,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[PROMPT_BOX_SIGN, WORKING_SIGN],
        none: &[],
        shows: ScreenKind::Busy,
    },
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[PROMPT_BOX_SIGN, RUNNING_COMMAND_SIGN],
        none: &[],
        shows: ScreenKind::Busy,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: LATEST_VERSION,
        all: &[PROMPT_BOX_SIGN, INTERRUPTIBLE_SIGN],
        none: &[],
        shows: ScreenKind::Busy,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: LATEST_VERSION,
        all: &[PROMPT_BOX_SIGN, AGENT_WAIT_SIGN],
        none: &[],
        shows: ScreenKind::Busy,
    },
    ScreenRule {
        from: FOOTER_VERSION,
        before: (2, 1, 200),
        all: &[PROMPT_BOX_SIGN, RUNNING_AGENTS_SIGN],
        none: &[],
        shows: ScreenKind::Busy,
    },
    // Text in the input replaces the hint, and so hides whether a turn can be interrupted.
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[ScreenSign(
            ScreenPart::Footer,
            LinePattern::Contains("? for shortc"),
        )],
        none: &[],
        shows: ScreenKind::Idle,
    },
    // The name of a mode takes the place of the hint.
    ScreenRule {
        from: FIRST_VERSION,
        before: LATEST_VERSION,
        all: &[
            ScreenSign(ScreenPart::Input, LinePattern::EmptyPrompt),
            ScreenSign(
                ScreenPart::Footer,
                LinePattern::Contains(" on (shift+tab to cycle)"),
            ),
        ],
        none: &[ScreenSign(ScreenPart::Footer, LinePattern::Contains("…"))],
        shows: ScreenKind::Idle,
    },
];
