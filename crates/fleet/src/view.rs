//! What the faces draw: values to compare, drawn elsewhere.

mod glance;
mod menu;
mod reasons;

pub use glance::{Glance, TrayGlyph};
pub use menu::{Menu, MenuAction, MenuItem, menu};
pub use reasons::{ReasonLine, Reasons};

pub use crate::board::{Ask, Board, BoardDelta, ConnectCard, PopoverEvent, SectionCount};
pub use crate::card::{Card, CardLine, CardOffer, CardOption, CardQuestion, Choice, LineMark};
pub use crate::row::{Does, Glyph, Row, RowAction, RowAsk, RowWaiting, Section, Tone};
pub use crate::text::visible;

#[cfg(test)]
mod tests;
