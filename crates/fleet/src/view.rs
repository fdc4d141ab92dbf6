//! What the faces draw: values to compare, drawn elsewhere.

mod board;
mod glance;
mod menu;
mod reasons;
mod row;

pub use board::{Board, BoardDelta, PopoverEvent, SectionCount};
pub use glance::{Glance, TrayGlyph};
pub use menu::{Menu, MenuAction, MenuItem, menu};
pub use reasons::{ReasonLine, Reasons};
pub use row::{Glyph, Row, Section, Tone, visible};

#[cfg(test)]
mod tests;
