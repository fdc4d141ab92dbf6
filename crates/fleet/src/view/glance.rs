//! The tray icon as a value.

use crate::board::{Board, SectionCount};
use serde::{Deserialize, Serialize};

/// The shape of the tray icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrayGlyph {
    /// A hollow ring: nothing runs.
    Quiet,
    /// A ring, a quarter filled.
    Working,
    /// Two bars: all that live are paused.
    Paused,
    /// A filled diamond: somebody waits for you.
    NeedsYou,
}

/// What the tray shows. Drawn only when it differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// The shape.
    pub glyph: TrayGlyph,
    /// Beside the shape, only when somebody waits.
    pub count: Option<usize>,
    /// One line.
    pub tooltip: String,
}

impl Glance {
    /// Sums up a board.
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
