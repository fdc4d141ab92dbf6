//! What the clients' screens look like, version by version: one table. A screen that no rule
//! knows shows nothing, for a guess would be told as a fact.
//!
//! Prose that quotes a dialog is no dialog: the dialogs end the screen, and a client that shows
//! its conversation has its prompt box below it. The samples beside this file are such screens.

use super::layout::{LinePattern, ScreenPart};

/// A version of the client; the first of several numbers counts most.
pub(super) type ClientVersion = (u32, u32, u32);

/// A line that must be, or must not be, in a part of the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScreenSign(pub ScreenPart, pub LinePattern);

/// What a screen shows that has these signs and none of those.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScreenRule {
    /// The first version that it was seen with.
    pub from: ClientVersion,
    /// The first version that it no longer holds for.
    pub before: ClientVersion,
    /// These must all be there.
    pub all: &'static [ScreenSign],
    /// None of these may be there.
    pub none: &'static [ScreenSign],
    /// What is shown then.
    pub shows: ScreenKind,
}

/// [`ScreenContent`](trusty_fleet::observation::ScreenContent), before the numbers and names are read.
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
/// The footer says how to interrupt a turn; before, the spinner's line did.
const FOOTER_VERSION: ClientVersion = (2, 1, 0);
const LATEST_VERSION: ClientVersion = (u32::MAX, 0, 0);

/// A dialog of up to this many lines is looked through from its end.
const DIALOG_PART: ScreenPart = ScreenPart::Last(24);
/// The spinner's line, with tips, tasks and queued prompts between it and the prompt box.
const SPINNER_PART: ScreenPart = ScreenPart::Above(16);

const WORKING_SIGN: ScreenSign = ScreenSign(SPINNER_PART, LinePattern::Spinner(""));
const AGENT_WAIT_SIGN: ScreenSign =
    ScreenSign(SPINNER_PART, LinePattern::SpinnerContains("Waiting for "));
const RUNNING_AGENTS_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Footer, LinePattern::Contains(" local agent"));
/// A shell command that the user runs has no spinner in older clients.
const RUNNING_COMMAND_SIGN: ScreenSign = ScreenSign(
    ScreenPart::Above(2),
    LinePattern::IndentedStartsWith("⎿  Running…"),
);
const INTERRUPTIBLE_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Footer, LinePattern::Contains("esc to interr"));
pub(super) const PROMPT_BOX_SIGN: ScreenSign =
    ScreenSign(ScreenPart::Input, LinePattern::Contains(""));

/// The first rule that holds decides.
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
    // Text in the input hides the hint, and with it whether a turn can be interrupted.
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
    // A mode that can be cycled through takes the place of the hint.
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
