//! The native menu as a value: on trays without click events the only way in.

use super::board::Board;
use super::row::Section;
use crate::session::SessionId;
use serde::{Deserialize, Serialize};

/// The most sessions the menu lists.
const MOST: usize = 10;
/// The longest title, in characters.
const LONGEST: usize = 40;

/// What a choice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MenuAction {
    /// Opens the popover.
    Open,
    /// Opens the popover at a session.
    Show(SessionId),
    /// Opens the settings file.
    Settings,
    /// Ends the app.
    Quit,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MenuItem {
    /// Text that cannot be chosen.
    Label(String),
    /// Text that can.
    Choice(String, MenuAction),
    /// A line between groups.
    Separator,
}

/// The menu, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu(pub Vec<MenuItem>);

/// Draws the menu of a board. It holds no ages, so it changes only when a row does.
pub fn menu(board: &Board) -> Menu {
    let mut items = vec![MenuItem::Label(board.summary.clone()), MenuItem::Separator];
    for row in board.rows.iter().take(MOST) {
        let mark = match row.section {
            Section::NeedsYou => "◆ ",
            Section::Working => "◔ ",
            Section::Quiet => "",
        };
        let mut title: String = row.title.chars().take(LONGEST).collect();
        if title.len() < row.title.len() {
            title.push('…');
        }
        let text = format!("{mark}{title}: {}", row.word.to_lowercase());
        items.push(MenuItem::Choice(text, MenuAction::Show(row.id)));
    }
    if board.rows.len() > MOST {
        items.push(MenuItem::Label(format!(
            "and {} more",
            board.rows.len() - MOST
        )));
    }
    if !board.rows.is_empty() {
        items.push(MenuItem::Separator);
    }
    if let Some(first) = board.health.first() {
        items.push(MenuItem::Label(format!(
            "{}: {}",
            first.subject, first.message
        )));
        items.push(MenuItem::Separator);
    }
    items.push(MenuItem::Choice("Open Trusty Bar".into(), MenuAction::Open));
    items.push(MenuItem::Choice(
        "Edit settings…".into(),
        MenuAction::Settings,
    ));
    items.push(MenuItem::Choice("Quit".into(), MenuAction::Quit));
    Menu(items)
}
