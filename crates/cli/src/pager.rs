//! A text that is to be read before a question about it is asked: page by page where it is higher
//! than the screen, from its beginning, and never on a screen that is put away afterwards.

mod keys;
mod pages;

use crate::out::{self, Paper};
use keys::{KeyReader, PagerKey};
use pages::{PagedText, TerminalSize};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::Duration;
use trusty_platform::raw_terminal::{self, RawTerminal};

/// How often the size of the terminal is looked at while no key is pressed.
const RESIZE_INTERVAL: Duration = Duration::from_millis(200);

/// How far a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadingOutcome {
    /// To its end, or printed where nobody turns pages.
    ToEnd,
    /// Not to its end: the reader has left.
    Left,
}

/// Prints a text; page by page if it is higher than the terminal. Nothing typed before its end
/// was on the screen is left to answer what is asked next.
pub(crate) fn read(text: &str) -> io::Result<ReadingOutcome> {
    let input = io::stdin();
    let Some(screen) = screen().filter(|_| input.is_terminal()) else {
        out::print(text)?;
        return Ok(ReadingOutcome::ToEnd);
    };
    let mut pages = PagedText::of(text, screen);
    if pages.fit() {
        out::print(&pages.all())?;
        raw_terminal::discard_input(input.as_fd());
        return Ok(ReadingOutcome::ToEnd);
    }
    turn(&mut pages, input.as_fd())
}

/// The terminal's size; none where pages cannot be turned.
fn screen() -> Option<TerminalSize> {
    let paper = Paper::now();
    Some(TerminalSize {
        columns: paper.width?,
        rows: paper.height?,
    })
}

fn turn(pages: &mut PagedText, input: std::os::fd::BorrowedFd<'_>) -> io::Result<ReadingOutcome> {
    let mut terminal = RawTerminal::enter(input)?;
    let mut keys = KeyReader::default();
    out::print(&pages.first())?;
    while !pages.at_end() {
        let Some(byte) = terminal.read_byte(RESIZE_INTERVAL)? else {
            let retaken = terminal.retake()?;
            let resized = screen().is_some_and(|screen| pages.resize(screen));
            if retaken || resized {
                out::print(&pages.again())?;
            }
            continue;
        };
        match keys.key(byte) {
            Some(PagerKey::NextPage) => out::print(&pages.next_page())?,
            Some(PagerKey::NextRow) => out::print(&pages.next_row())?,
            Some(PagerKey::PreviousRow) => out::print(&pages.back(1))?,
            Some(PagerKey::PreviousPage) => out::print(&pages.page_back())?,
            Some(PagerKey::First) => out::print(&pages.back(usize::MAX))?,
            Some(PagerKey::Leave) => {
                out::print(pages.clear_prompt())?;
                return Ok(ReadingOutcome::Left);
            }
            Some(PagerKey::Interrupt) => {
                out::print(pages.clear_prompt())?;
                drop(terminal);
                raw_terminal::interrupt_job()?;
                return Ok(ReadingOutcome::Left);
            }
            Some(PagerKey::Suspend) => {
                out::print(pages.clear_prompt())?;
                drop(terminal);
                raw_terminal::suspend_job()?;
                terminal = RawTerminal::enter(input)?;
                if let Some(screen) = screen() {
                    pages.resize(screen);
                }
                out::print(&pages.again())?;
            }
            None => {}
        }
    }
    out::print(pages.clear_prompt())?;
    Ok(ReadingOutcome::ToEnd)
}
