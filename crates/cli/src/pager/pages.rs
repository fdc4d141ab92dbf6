//! A text as rows of a terminal, and which of them are on the screen.

use crate::table::cut;
use unicode_width::UnicodeWidthChar;

/// Rows that are left free below a page: the prompt, and a question of up to three lines once the
/// end was shown, so that the question pushes nothing out of sight.
const FREE_ROWS: usize = 3;
/// Stands before what did not fit on the row above, so that it never looks like a line of ours.
const CONTINUATION_BAR: &str = "  ┆ ";
/// Narrower terminals have no room for that, in columns.
const MIN_BARRED_COLUMNS: usize = 16;
/// How far apart the stops of a tab are, in columns.
const TAB_COLUMNS: usize = 8;
/// Moves to the beginning of the row, and clears it.
const CLEAR_ROW: &str = "\r\x1b[K";

/// The size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TerminalSize {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl TerminalSize {
    /// Rows of a page.
    fn page(self) -> usize {
        self.rows.saturating_sub(FREE_ROWS).max(1)
    }
}

/// Whether a terminal can take back what was printed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CursorControl {
    Available,
    /// Each page is printed below what was printed before.
    Missing,
}

/// A row, and the line that it is of.
#[derive(Debug)]
struct PageRow {
    line: usize,
    text: String,
}

/// A text, and how far it was shown.
#[derive(Debug)]
pub(super) struct PagedText {
    lines: Vec<String>,
    screen: TerminalSize,
    cursor: CursorControl,
    rows: Vec<PageRow>,
    /// The rows before this one were shown.
    bottom: usize,
    /// The cursor is behind the prompt.
    is_prompted: bool,
}

impl PagedText {
    pub(super) fn from_text(text: &str, screen: TerminalSize, cursor: CursorControl) -> Self {
        let mut pages = Self {
            lines: text.lines().map(str::to_owned).collect(),
            screen,
            cursor,
            rows: Vec::new(),
            bottom: 0,
            is_prompted: false,
        };
        pages.wrap();
        pages
    }

    fn wrap(&mut self) {
        let columns = self.screen.columns;
        let lines = self.lines.iter().enumerate();
        let rows = lines.flat_map(|(line, text)| {
            let rows = wrap(text, columns).into_iter();
            rows.map(move |text| PageRow { line, text })
        });
        self.rows = rows.collect();
    }

    /// Whether all of it is seen at once.
    pub(super) fn fit(&self) -> bool {
        self.rows.len() <= self.screen.page()
    }

    /// Whether its end was shown.
    pub(super) fn at_end(&self) -> bool {
        self.bottom >= self.rows.len()
    }

    /// All of it, as it is printed where it fits.
    pub(super) fn all_lines(&self) -> String {
        self.rows_between(0, self.rows.len())
    }

    /// What is printed to show the beginning.
    pub(super) fn first(&mut self) -> String {
        self.bottom = 0;
        self.next_rows(self.screen.page())
    }

    pub(super) fn next_page(&mut self) -> String {
        self.next_rows(self.screen.page())
    }

    /// What is printed to show the next row; the next page where a prompt would stand between any
    /// two rows.
    pub(super) fn next_row(&mut self) -> String {
        match self.cursor {
            CursorControl::Available => self.next_rows(1),
            CursorControl::Missing => self.next_page(),
        }
    }

    pub(super) fn page_back(&mut self) -> String {
        self.back(self.screen.page())
    }

    /// What is printed to show rows before those on the screen, in their place if that is possible.
    pub(super) fn back(&mut self, rows: usize) -> String {
        let page = self.screen.page();
        let top = self.bottom.saturating_sub(page);
        if top == 0 {
            return String::new();
        }
        self.bottom = top.saturating_sub(rows);
        match self.cursor {
            CursorControl::Available => {
                let up = format!("{CLEAR_ROW}\x1b[{page}A\x1b[J");
                format!("{up}{}", self.next_rows(page))
            }
            CursorControl::Missing => self.next_rows(page),
        }
    }

    /// What is printed to show the page again, below whatever is on the screen now.
    pub(super) fn again(&mut self) -> String {
        let page = self.screen.page();
        self.bottom = self.bottom.saturating_sub(page);
        self.next_rows(page)
    }

    /// Takes a new size over; whether it was new. What is on the screen is not known then, so the
    /// page begins with the line that was at its top.
    pub(super) fn resize(&mut self, screen: TerminalSize) -> bool {
        if screen == self.screen {
            return false;
        }
        let top = self.bottom.saturating_sub(self.screen.page());
        let line = self.rows.get(top).map_or(0, |row| row.line);
        self.screen = screen;
        self.wrap();
        let top = self.rows.iter().position(|row| row.line == line);
        // A page that is shown again ends here.
        self.bottom = top.unwrap_or(0) + self.screen.page();
        true
    }

    /// What takes the prompt away, or ends its row where it stays.
    pub(super) fn clear_prompt(&mut self) -> String {
        let was_prompted = std::mem::take(&mut self.is_prompted);
        let printed = match self.cursor {
            CursorControl::Available => CLEAR_ROW,
            CursorControl::Missing if was_prompted => "\n",
            CursorControl::Missing => "",
        };
        printed.to_owned()
    }

    /// What is printed to show so many rows more.
    fn next_rows(&mut self, rows: usize) -> String {
        let from = self.bottom.min(self.rows.len());
        let to = from.saturating_add(rows).min(self.rows.len());
        self.bottom = to;
        let cleared = self.clear_prompt();
        let shown = self.rows_between(from, to);
        self.is_prompted = !self.at_end();
        format!("{cleared}{shown}{}", self.prompt())
    }

    fn rows_between(&self, from: usize, to: usize) -> String {
        let mut text = String::new();
        for row in &self.rows[from..to] {
            text.push_str(&row.text);
            text.push('\n');
        }
        text
    }

    /// What is said below a page; nothing below the last one.
    fn prompt(&self) -> String {
        if self.at_end() {
            return String::new();
        }
        let (shown, all) = (self.bottom, self.rows.len());
        let keys = match self.cursor {
            CursorControl::Available => "Space: next page · q: quit · Enter: next line · b: back",
            CursorControl::Missing => "Space or Enter: next page · q: quit · b: back",
        };
        let prompt = format!("{shown} of {all} lines · {keys}");
        cut(&prompt, self.screen.columns.saturating_sub(1))
    }
}

/// The rows of a line. A character counts for as many columns as any terminal gives it, so that a
/// row never wraps by itself.
fn wrap(line: &str, columns: usize) -> Vec<String> {
    let bar = if columns < MIN_BARRED_COLUMNS {
        ""
    } else {
        CONTINUATION_BAR
    };
    let bar_columns: usize = bar.chars().map(|c| columns_of(c, 0)).sum();
    let mut rows = Vec::new();
    let (mut row, mut used, mut is_bare) = (String::new(), 0, true);
    // A tab is never wider than the terminal.
    let width = |c, at| match c {
        '\t' => columns_of(c, at).min(columns.max(1)),
        _ => columns_of(c, at),
    };
    for c in line.chars() {
        if used + width(c, used) > columns && !is_bare {
            rows.push(std::mem::replace(&mut row, bar.to_owned()));
            used = bar_columns;
        }
        is_bare = false;
        let wide = width(c, used);
        if c == '\t' {
            row.extend(std::iter::repeat_n(' ', wide));
        } else {
            row.push(c);
        }
        used += wide;
    }
    rows.push(row);
    rows
}

/// The most columns that a terminal gives a character which begins at this one.
fn columns_of(c: char, at: usize) -> usize {
    match c {
        '\t' => TAB_COLUMNS - at % TAB_COLUMNS,
        // What makes an emoji of the sign before it makes it wide.
        '\u{fe0f}' => 1,
        _ => c.width().unwrap_or(0).max(c.width_cjk().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests;
