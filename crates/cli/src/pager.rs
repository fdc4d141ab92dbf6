//! A text that is to be read before a question about it is asked: page by page where it is higher
//! than the screen, from its beginning, and never on a screen that is put away afterwards.

mod keys;
mod pages;

use crate::confirmation::ControllingTerminal;
use crate::terminal_output;
use keys::{KeyReader, PagerKey};
use pages::{CursorControl, PagedText, TerminalSize};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;
use trusty_platform::raw_terminal::{self, RawTerminal};

/// How often the size of the terminal is looked at while no key is pressed.
const RESIZE_INTERVAL: Duration = Duration::from_millis(200);

/// How far a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadingOutcome {
    /// To its end.
    ToEnd,
    /// Not to its end: the reader has left.
    Aborted,
}

/// Shows a text on the controlling terminal; page by page if it is higher than that.
pub(crate) fn show_text(terminal: &ControllingTerminal, text: &str) -> io::Result<ReadingOutcome> {
    let cursor = if terminal_output::has_cursor_control() {
        CursorControl::Available
    } else {
        CursorControl::Missing
    };
    let mut pages = PagedText::from_text(text, size(terminal), cursor);
    if pages.fit() {
        terminal.print(&pages.all_lines())?;
        return Ok(ReadingOutcome::ToEnd);
    }
    turn(&mut pages, terminal)
}

fn size(terminal: &ControllingTerminal) -> TerminalSize {
    let (columns, rows) = terminal_output::terminal_size(terminal);
    TerminalSize { columns, rows }
}

fn turn(pages: &mut PagedText, terminal: &ControllingTerminal) -> io::Result<ReadingOutcome> {
    let mut raw = RawTerminal::enter(terminal.as_fd())?;
    let mut keys = KeyReader::default();
    terminal.print(&pages.first())?;
    while !pages.at_end() {
        let Some(byte) = raw.read_byte(RESIZE_INTERVAL)? else {
            let retaken = raw.retake()?;
            let resized = pages.resize(size(terminal));
            if retaken || resized {
                terminal.print(&pages.again())?;
            }
            continue;
        };
        match keys.key(byte) {
            Some(PagerKey::NextPage) => terminal.print(&pages.next_page())?,
            Some(PagerKey::NextRow) => terminal.print(&pages.next_row())?,
            Some(PagerKey::PreviousRow) => terminal.print(&pages.back(1))?,
            Some(PagerKey::PreviousPage) => terminal.print(&pages.page_back())?,
            Some(PagerKey::First) => terminal.print(&pages.back(usize::MAX))?,
            Some(PagerKey::Leave) => {
                terminal.print(&pages.clear_prompt())?;
                return Ok(ReadingOutcome::Aborted);
            }
            Some(PagerKey::Interrupt) => {
                terminal.print(&pages.clear_prompt())?;
                drop(raw);
                raw_terminal::interrupt_job()?;
                return Ok(ReadingOutcome::Aborted);
            }
            Some(PagerKey::Suspend) => {
                terminal.print(&pages.clear_prompt())?;
                drop(raw);
                raw_terminal::suspend_job()?;
                raw = RawTerminal::enter(terminal.as_fd())?;
                pages.resize(size(terminal));
                terminal.print(&pages.again())?;
            }
            None => {}
        }
    }
    terminal.print(&pages.clear_prompt())?;
    Ok(ReadingOutcome::ToEnd)
}
