//! Where a row stands, its colour and its shape.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a row stands, from top to bottom.
///
/// * `NeedsYou`: waits for you
/// * `Working`: works
/// * `Quiet`: everything else
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Section)]
pub enum BoardSection {
    /// Waits for you.
    NeedsYou,
    /// Works.
    Working,
    /// Everything else.
    Quiet,
}

/// The colour of a status word; a token of the style sheet.
///
/// * `needs-you`: loud: the only one with a tinted background
/// * `working`: a turn runs
/// * `paused`: stopped or frozen
/// * `finished`: done, not yet seen
/// * `stopped`: gone
/// * `idle`: nothing to say
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Tone)]
pub enum StatusTone {
    /// Loud: the only one with a tinted background.
    NeedsYou,
    /// A turn runs.
    Working,
    /// Stopped or frozen.
    Paused,
    /// Done, not yet seen.
    Finished,
    /// Gone.
    Stopped,
    /// Nothing to say.
    Idle,
}

/// The shape of a status; no two statuses share one.
///
/// * `permission`: a diamond with a mark
/// * `question`: a diamond with a question mark
/// * `plan`: a diamond with three lines
/// * `trust`: a diamond with a keyhole
/// * `working`: a ring, a quarter filled
/// * `starting`: a dotted ring
/// * `paused`: two bars
/// * `finished`: a tick
/// * `idle`: a hollow ring
/// * `shell`: a ring with a dot
/// * `menu`: three lines
/// * `failed`: a cross
/// * `stopped`: a ring with a cross
/// * `unknown`: a dash
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Glyph {
    /// A diamond with a mark.
    Permission,
    /// A diamond with a question mark.
    Question,
    /// A diamond with three lines.
    Plan,
    /// A diamond with a keyhole.
    Trust,
    /// A ring, a quarter filled.
    Working,
    /// A dotted ring.
    Starting,
    /// Two bars.
    Paused,
    /// A tick.
    Finished,
    /// A hollow ring.
    Idle,
    /// A ring with a dot.
    Shell,
    /// Three lines.
    Menu,
    /// A cross.
    Failed,
    /// A ring with a cross.
    Stopped,
    /// A dash.
    Unknown,
}
