//! What the faces draw: values that can be compared.

mod glance;
mod menu;
mod reasons;

pub use glance::{Glance, TrayGlyph};
pub use menu::{
    CheckMark, Menu, MenuAction, MenuContext, MenuItem, StartAtLogin, ToolInstall, menu,
};
pub use reasons::{ExplanationView, ReasonLine};

pub use crate::board::{
    AppNote, Board, BoardDelta, ConnectCard, PopoverEvent, PopoverQuestion, SectionCount,
};
pub use crate::card::{
    Card, CardLine, CardOffer, CardOption, CardQuestion, LineMark, SelectionMode,
};
pub use crate::remedy::{RemedyAction, RemedyButton};
pub use crate::row::{
    BoardSection, Glyph, QueuedRequest, Row, RowAction, RowActionKind, RowRequest, StatusTone,
};
pub use crate::text::replace_hidden_chars;

#[cfg(test)]
mod tests;
