//! The tray icon as a value.

use crate::board::{Board, SectionCount};
use serde::{Deserialize, Serialize};

/// The shape of the tray icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrayGlyph {
    /// A hollow ring: no session works or waits.
    Quiet,
    /// A ring, a quarter filled: a session works.
    Working,
    /// Two bars: all live sessions are paused.
    Paused,
    /// A filled diamond: a session waits for the user.
    NeedsYou,
}

/// What the tray icon shows. Redrawn only when the value changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// The shape.
    pub glyph: TrayGlyph,
    /// The number beside the shape; only if sessions wait for the user.
    pub count: Option<usize>,
    /// The tooltip, in one line.
    pub tooltip: String,
}

impl Glance {
    /// Summarises a board.
    pub fn from_board(board: &Board) -> Self {
        let count = SectionCount::from_rows(&board.rows);
        let glyph = if count.needs > 0 {
            TrayGlyph::NeedsYou
        } else if count.working > 0 {
            TrayGlyph::Working
        } else if count.paused > 0 && count.paused == count.alive {
            TrayGlyph::Paused
        } else {
            TrayGlyph::Quiet
        };
        Self {
            glyph,
            count: (count.needs > 0).then_some(count.needs),
            tooltip: board.summary.clone(),
        }
    }
}
