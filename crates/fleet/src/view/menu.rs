//! The native menu as a value. On trays without click events, the menu is the only way in.

use crate::board::Board;
use crate::identity::SessionId;
use crate::remedy::RemedyAction;
use crate::request::RequestId;
use crate::row::{BoardSection, Row, RowAction, RowActionKind, StatusTone};
use serde::{Deserialize, Serialize};

/// The most sessions that the menu lists.
const MAX_MENU_SESSIONS: usize = 10;
/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 40;
/// The longest description of a session, in characters.
const MAX_DETAIL_CHARS: usize = 80;

/// What a menu item does. No item approves: an approval requires a card that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MenuAction {
    /// Opens the popover.
    Open,
    /// Opens the popover at a session.
    Show(SessionId),
    /// Opens the popover at the card of a session's request.
    Review(SessionId),
    /// Denies the request that the menu named; the turn continues.
    Deny(SessionId, RequestId),
    /// Brings the terminal of a session to the front.
    Jump(SessionId),
    /// Opens the popover at a session, where the user confirms the end.
    End(SessionId),
    /// Pauses a session.
    Pause(SessionId),
    /// Opens the popover at a session, where the user confirms the interrupt.
    Interrupt(SessionId),
    /// Resumes a session.
    Resume(SessionId),
    /// Pauses all sessions that lose nothing by a pause.
    PauseAll,
    /// Resumes all paused sessions.
    ResumeAll,
    /// Opens the popover at the offer to connect the hooks.
    Connect,
    /// Opens the settings file.
    Settings,
    /// Suppresses notifications for an hour.
    Snooze,
    /// Ends the snooze.
    EndSnooze,
    /// Carries out the remedy of a note.
    Remedy(RemedyAction),
    /// Makes the app start at login.
    StartAtLogin,
    /// Makes the app no longer start at login.
    NoStartAtLogin,
    /// Makes `trusty` available in terminals.
    InstallTools,
    /// Quits the app.
    Quit,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MenuItem {
    /// A text that cannot be chosen.
    Label(String),
    /// A text that can be chosen.
    Choice(String, MenuAction),
    /// A text with a check mark that can be chosen.
    Check(String, CheckMark, MenuAction),
    /// A text that opens a submenu.
    Group(String, Vec<MenuItem>),
    /// A line between groups.
    Separator,
}

/// Whether a menu item has a check mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckMark {
    /// It has one.
    Checked,
    /// It has none.
    Unchecked,
}

/// Whether the app starts at login, and who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartAtLogin {
    /// It does not.
    Off,
    /// It does.
    On,
    /// The user has turned it off in the system's settings.
    NeedsApproval,
    /// `settings.toml` says that it does not.
    SetOff,
    /// `settings.toml` says that it does.
    SetOn,
}

/// What the menu shows besides the board.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuContext {
    /// The end of a snooze, in minutes after midnight.
    pub snoozed_until: Option<u16>,
    /// Whether the app starts at login; none where that cannot be found out.
    pub start_at_login: Option<StartAtLogin>,
    /// Whether `trusty` is available in terminals; none where a package provides it.
    pub tools: Option<ToolInstall>,
}

/// Whether `trusty` is available in terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolInstall {
    /// No link leads to this app's `trusty`.
    Missing,
    /// A link does.
    Installed,
}

/// The menu, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu(pub Vec<MenuItem>);

/// Draws the menu of a board. The menu contains no ages, so it changes only when a row or the
/// context does.
pub fn menu(board: &Board, context: &MenuContext) -> Menu {
    let mut items = vec![MenuItem::Label(board.summary.clone()), MenuItem::Separator];
    items.extend(board.rows.iter().take(MAX_MENU_SESSIONS).map(session));
    if board.rows.len() > MAX_MENU_SESSIONS {
        items.push(MenuItem::Label(format!(
            "and {} more",
            board.rows.len() - MAX_MENU_SESSIONS
        )));
    }
    if !board.rows.is_empty() {
        items.push(MenuItem::Separator);
    }
    items.extend(batch_items(board));
    if let Some(first) = board.health.first() {
        items.push(MenuItem::Label(format!(
            "{}: {}",
            first.subject, first.message
        )));
        items.push(MenuItem::Separator);
    }
    let remedies = board.notes.iter().filter_map(|note| note.remedy.as_ref());
    items.push(choice("Open Trusty Bar", MenuAction::Open));
    items.extend(remedies.map(|r| choice(&r.label, MenuAction::Remedy(r.action))));
    let connect = board.connect.as_ref().and_then(|c| c.button.as_deref());
    if let Some(button) = connect {
        items.push(choice(&format!("{button} hooks…"), MenuAction::Connect));
    }
    items.push(match context.snoozed_until {
        None => choice("Snooze notifications for 1 hour", MenuAction::Snooze),
        Some(minute) => {
            let (hour, minute) = (minute / 60, minute % 60);
            let text = format!("End snooze (until {hour:02}:{minute:02})");
            choice(&text, MenuAction::EndSnooze)
        }
    });
    items.push(choice("Edit settings…", MenuAction::Settings));
    items.extend(context.start_at_login.map(start_at_login));
    if context.tools == Some(ToolInstall::Missing) {
        let text = "Install command line tools…";
        items.push(choice(text, MenuAction::InstallTools));
    }
    items.push(choice("Quit", MenuAction::Quit));
    Menu(items)
}

fn choice(text: &str, action: MenuAction) -> MenuItem {
    MenuItem::Choice(text.to_owned(), action)
}

fn start_at_login(state: StartAtLogin) -> MenuItem {
    let check = |mark, action| MenuItem::Check("Start at login".to_owned(), mark, action);
    match state {
        StartAtLogin::Off => check(CheckMark::Unchecked, MenuAction::StartAtLogin),
        StartAtLogin::On => check(CheckMark::Checked, MenuAction::NoStartAtLogin),
        // Only the user can turn it on there; choosing the item leads there.
        StartAtLogin::NeedsApproval => MenuItem::Check(
            "Start at login (off in System Settings)".to_owned(),
            CheckMark::Unchecked,
            MenuAction::StartAtLogin,
        ),
        StartAtLogin::SetOff => MenuItem::Label("Start at login: off in settings.toml".to_owned()),
        StartAtLogin::SetOn => MenuItem::Label("Start at login: on in settings.toml".to_owned()),
    }
}

/// A session, with its actions in a submenu, or why there are none.
fn session(row: &Row) -> MenuItem {
    let mark = match row.section {
        BoardSection::NeedsYou => "◆ ",
        BoardSection::Working => "◔ ",
        BoardSection::Quiet => "",
    };
    let title = cut(&row.title, MAX_TITLE_CHARS);
    let text = format!("{mark}{title}: {}", row.word.to_lowercase());
    let show = MenuAction::Show(row.id);
    // An exited session can only be shown.
    if row.tone == StatusTone::Stopped && row.action.is_none() && row.refusal.is_none() {
        return MenuItem::Choice(text, show);
    }
    let mut items = request_items(row);
    if items.is_empty() {
        items.push(choice("Show", show));
    }
    match &row.action {
        Some(action) if action.enabled => {
            let does = match action.does {
                RowActionKind::Pause => MenuAction::Pause(row.id),
                RowActionKind::Interrupt => MenuAction::Interrupt(row.id),
                RowActionKind::Resume => MenuAction::Resume(row.id),
            };
            items.push(choice(&action.label, does));
        }
        Some(action) => items.push(MenuItem::Label(action.label.clone())),
        None => {}
    }
    items.push(choice("Open terminal", MenuAction::Jump(row.id)));
    items.push(choice("End…", MenuAction::End(row.id)));
    let told = [&row.refusal, &row.failure, &row.caution];
    let told = told.into_iter().flatten();
    items.extend(told.map(|words| MenuItem::Label(cut(words, MAX_DETAIL_CHARS))));
    MenuItem::Group(text, items)
}

/// The request of a session, with its card and a denial; empty if Trusty Bar cannot answer.
fn request_items(row: &Row) -> Vec<MenuItem> {
    let Some(ask) = row.ask.as_ref().filter(|ask| ask.elsewhere.is_none()) else {
        return Vec::new();
    };
    let Some(request) = ask.request.clone() else {
        return Vec::new();
    };
    vec![
        MenuItem::Label(cut(&row.detail, MAX_DETAIL_CHARS)),
        choice("Review…", MenuAction::Review(row.id)),
        choice("Deny", MenuAction::Deny(row.id, request)),
        MenuItem::Separator,
    ]
}

/// Actions on all sessions; none of these interrupts a session.
fn batch_items(board: &Board) -> Vec<MenuItem> {
    let pause = board.acting(RowAction::can_pause);
    let resume = board.acting(RowAction::can_resume);
    if pause.is_empty() && resume.is_empty() {
        return Vec::new();
    }
    let item = |text: &str, action, ids: &[SessionId]| match ids {
        [] => MenuItem::Label(text.to_owned()),
        _ => choice(text, action),
    };
    vec![
        item("Pause all", MenuAction::PauseAll, &pause),
        item("Resume all", MenuAction::ResumeAll, &resume),
        MenuItem::Separator,
    ]
}

fn cut(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
