//! The section, colour and shape of a row.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The section in which a row is listed, from top to bottom.
///
/// * `NeedsYou`: waits for the user
/// * `Working`: a turn is running
/// * `Quiet`: everything else
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Section)]
pub enum BoardSection {
    /// Waits for the user.
    NeedsYou,
    /// A turn is running.
    Working,
    /// Everything else.
    Quiet,
}

/// The colour of a status word; a token of the style sheet.
///
/// * `needs-you`: waits for the user; the only tone with a tinted background
/// * `working`: a turn is running
/// * `paused`: paused, by any means
/// * `finished`: done, not yet looked at
/// * `stopped`: exited, or the last turn failed
/// * `idle`: everything else
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Tone)]
pub enum StatusTone {
    /// Waits for the user; the only tone with a tinted background.
    NeedsYou,
    /// A turn is running.
    Working,
    /// Paused, by any means.
    Paused,
    /// Done, not yet looked at.
    Finished,
    /// Exited, or the last turn failed.
    Stopped,
    /// Everything else.
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
