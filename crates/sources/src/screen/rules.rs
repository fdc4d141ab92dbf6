//! What the clients' screens look like, version by version: one table. A screen that no rule
//! knows shows nothing, for a guess would be told as a fact.
//!
//! Prose that quotes a dialog is no dialog: the dialogs end the screen, and a client that shows
//! its conversation has its prompt box below it. The samples beside this file are such screens.

use super::parts::{Line, Part};

/// A version of the client; the first of several numbers counts most.
pub(super) type Version = (u32, u32, u32);

/// A line that must be, or must not be, in a part of the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign(pub Part, pub Line);

/// What a screen shows that has these signs and none of those.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The first version that it was seen with.
    pub from: Version,
    /// The first version that it no longer holds for.
    pub before: Version,
    /// These must all be there.
    pub all: &'static [Sign],
    /// None of these may be there.
    pub none: &'static [Sign],
    /// What is shown then.
    pub shows: Sight,
}

/// [`Shows`](trusty_fleet::observation::Shows), before the numbers and names are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
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

const FIRST: Version = (0, 0, 0);
/// The footer says how to interrupt a turn; before, the spinner's line did.
const FOOTER: Version = (2, 1, 0);
const LATEST: Version = (u32::MAX, 0, 0);

/// A dialog of up to this many lines is looked through from its end.
const DIALOG: Part = Part::Last(24);
/// The spinner's line, with tips, tasks and queued prompts between it and the prompt box.
const SPINNER: Part = Part::Above(16);

const WORKS: Sign = Sign(SPINNER, Line::Spins(""));
const WAITS_FOR_AGENTS: Sign = Sign(SPINNER, Line::Turns("Waiting for "));
const AGENTS_RUN: Sign = Sign(Part::Footer, Line::Has(" local agent"));
/// A shell command that the user runs has no spinner in older clients.
const COMMAND_RUNS: Sign = Sign(Part::Above(2), Line::Says("⎿  Running…"));
const INTERRUPTIBLE: Sign = Sign(Part::Footer, Line::Has("esc to interr"));
pub(super) const HAS_BOX: Sign = Sign(Part::Input, Line::Has(""));

/// The first rule that holds decides.
pub(super) const RULES: &[Rule] = &[
    Rule {
        from: FIRST,
        before: (2, 1, 200),
        all: &[Sign(
            Part::Below,
            Line::Begins("Claude Code has been suspended"),
        )],
        none: &[],
        shows: Sight::Suspended,
    },
    Rule {
        from: FOOTER,
        before: LATEST,
        all: &[Sign(Part::Below, Line::Begins("Claude Code is suspended"))],
        none: &[],
        shows: Sight::Suspended,
    },
    Rule {
        from: FIRST,
        before: FOOTER,
        all: &[
            Sign(
                DIALOG,
                Line::Begins(" Do you trust the files in this folder?"),
            ),
            Sign(DIALOG, Line::Chosen),
            Sign(Part::Last(1), Line::Begins(" Enter to confirm")),
        ],
        none: &[HAS_BOX],
        shows: Sight::Trust,
    },
    Rule {
        from: FOOTER,
        before: LATEST,
        all: &[
            Sign(DIALOG, Line::Begins(" Quick safety check: ")),
            Sign(DIALOG, Line::Chosen),
            Sign(Part::Last(1), Line::Begins(" Enter to confirm")),
        ],
        none: &[HAS_BOX],
        shows: Sight::Trust,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            Sign(DIALOG, Line::Begins("❯ ")),
            Sign(DIALOG, Line::Chosen),
            Sign(Part::Last(2), Line::Begins("Enter to select")),
            Sign(Part::Last(2), Line::Has("Esc to cancel")),
        ],
        none: &[HAS_BOX],
        shows: Sight::Question,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            Sign(DIALOG, Line::Says("Claude wants to exit plan mode")),
            Sign(Part::Last(6), Line::Chosen),
        ],
        none: &[HAS_BOX],
        shows: Sight::Plan,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            Sign(DIALOG, Line::Has("Would you like to proceed?")),
            Sign(Part::Last(12), Line::Chosen),
            Sign(Part::Last(12), Line::Has(" 1. Yes")),
        ],
        none: &[HAS_BOX],
        shows: Sight::Plan,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            Sign(DIALOG, Line::Begins(" Do you want to ")),
            Sign(DIALOG, Line::Chosen),
            Sign(Part::Last(2), Line::Begins(" Esc to cancel")),
        ],
        none: &[HAS_BOX],
        shows: Sight::Permission,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            HAS_BOX,
            Sign(SPINNER, Line::Spins("Compacting conversation")),
        ],
        none: &[],
        shows: Sight::Compacting,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[HAS_BOX, WORKS, Sign(SPINNER, Line::Has("Retrying in "))],
        none: &[],
        shows: Sight::Retrying,
    },
    Rule {
        from: FOOTER,
        before: LATEST,
        all: &[HAS_BOX, Sign(SPINNER, Line::Turns(" · retrying in "))],
        none: &[],
        shows: Sight::Retrying,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[HAS_BOX, WORKS],
        none: &[],
        shows: Sight::Busy,
    },
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[HAS_BOX, COMMAND_RUNS],
        none: &[],
        shows: Sight::Busy,
    },
    Rule {
        from: FOOTER,
        before: LATEST,
        all: &[HAS_BOX, INTERRUPTIBLE],
        none: &[],
        shows: Sight::Busy,
    },
    Rule {
        from: FOOTER,
        before: LATEST,
        all: &[HAS_BOX, WAITS_FOR_AGENTS],
        none: &[],
        shows: Sight::Busy,
    },
    Rule {
        from: FOOTER,
        before: (2, 1, 200),
        all: &[HAS_BOX, AGENTS_RUN],
        none: &[],
        shows: Sight::Busy,
    },
    // Text in the input hides the hint, and with it whether a turn can be interrupted.
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[Sign(Part::Footer, Line::Has("? for shortc"))],
        none: &[],
        shows: Sight::Idle,
    },
    // A mode that can be cycled through takes the place of the hint.
    Rule {
        from: FIRST,
        before: LATEST,
        all: &[
            Sign(Part::Input, Line::Bare),
            Sign(Part::Footer, Line::Has(" on (shift+tab to cycle)")),
        ],
        none: &[Sign(Part::Footer, Line::Has("…"))],
        shows: Sight::Idle,
    },
];
