//! What the faces draw: values to compare, drawn elsewhere.

mod action;
mod asking;
mod board;
mod card;
mod connect;
mod face;
mod glance;
mod menu;
mod mode;
mod pausing;
mod reasons;
mod row;

pub use action::{Does, RowAction};
pub use board::{Ask, Board, BoardDelta, PopoverEvent, SectionCount};
pub use card::{Card, CardLine, CardOffer, CardOption, CardQuestion, Choice, LineMark};
pub use connect::ConnectCard;
pub use glance::{Glance, TrayGlyph};
pub use menu::{Menu, MenuAction, MenuItem, menu};
pub use reasons::{ReasonLine, Reasons};
pub(crate) use row::name;
pub use row::{Glyph, Row, RowAsk, RowWaiting, Section, Tone, visible};

#[cfg(test)]
mod tests;
