//! A text as the rows of a terminal, and the rows that are on the screen.

use crate::table::cut;
use unicode_width::UnicodeWidthChar;

/// The rows left free below a page: for the prompt, or for a question of up to three lines after
/// the last page, which then scrolls nothing out of sight.
const FREE_ROWS: usize = 3;
/// Precedes the rest of a wrapped line, so that text from others never looks like a line of Trusty
/// Bar.
const CONTINUATION_BAR: &str = "  ┆ ";
/// The width in columns below which there is no room for that bar.
const MIN_BARRED_COLUMNS: usize = 16;
/// The distance between tab stops, in columns.
const TAB_COLUMNS: usize = 8;
/// Moves the cursor to the beginning of the row and clears the row.
const CLEAR_ROW: &str = "\r\x1b[K";

/// The size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TerminalSize {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl TerminalSize {
    /// The rows of a page.
    fn page(self) -> usize {
        self.rows.saturating_sub(FREE_ROWS).max(1)
    }
}

/// Whether a terminal can erase what was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CursorControl {
    Available,
    /// Each page is printed below the previous one.
    Missing,
}

/// A row, and the index of its line.
#[derive(Debug)]
struct PageRow {
    line: usize,
    text: String,
}

/// A text, and how much of it was shown.
#[derive(Debug)]
pub(super) struct PagedText {
    lines: Vec<String>,
    screen: TerminalSize,
    cursor: CursorControl,
    rows: Vec<PageRow>,
    /// All rows before this one were shown.
    bottom: usize,
    /// Whether the cursor is behind the prompt.
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

    /// Whether the whole text fits on the screen.
    pub(super) fn fit(&self) -> bool {
        self.rows.len() <= self.screen.page()
    }

    /// Whether the end of the text was shown.
    pub(super) fn at_end(&self) -> bool {
        self.bottom >= self.rows.len()
    }

    /// The whole text, for a screen that it fits on.
    pub(super) fn all_lines(&self) -> String {
        self.rows_between(0, self.rows.len())
    }

    /// The output that shows the beginning.
    pub(super) fn first(&mut self) -> String {
        self.bottom = 0;
        self.next_rows(self.screen.page())
    }

    pub(super) fn next_page(&mut self) -> String {
        self.next_rows(self.screen.page())
    }

    /// The output that shows the next row. Without cursor control it shows the next page, because a
    /// prompt would remain between any two rows.
    pub(super) fn next_row(&mut self) -> String {
        match self.cursor {
            CursorControl::Available => self.next_rows(1),
            CursorControl::Missing => self.next_page(),
        }
    }

    pub(super) fn page_back(&mut self) -> String {
        self.back(self.screen.page())
    }

    /// The output that shows rows before those on the screen, in their place where the cursor can
    /// move.
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

    /// The output that shows the page again, below whatever is on the screen.
    pub(super) fn again(&mut self) -> String {
        let page = self.screen.page();
        self.bottom = self.bottom.saturating_sub(page);
        self.next_rows(page)
    }

    /// Applies a new size; returns whether the size has changed. What the screen shows after a
    /// change is unknown, so the page begins with the line that was at its top.
    pub(super) fn resize(&mut self, screen: TerminalSize) -> bool {
        if screen == self.screen {
            return false;
        }
        let top = self.bottom.saturating_sub(self.screen.page());
        let line = self.rows.get(top).map_or(0, |row| row.line);
        self.screen = screen;
        self.wrap();
        let top = self.rows.iter().position(|row| row.line == line);
        // `again` shows the page that ends here.
        self.bottom = top.unwrap_or(0) + self.screen.page();
        true
    }

    /// The output that removes the prompt, or ends its row where the prompt cannot be removed.
    pub(super) fn clear_prompt(&mut self) -> String {
        let was_prompted = std::mem::take(&mut self.is_prompted);
        let printed = match self.cursor {
            CursorControl::Available => CLEAR_ROW,
            CursorControl::Missing if was_prompted => "\n",
            CursorControl::Missing => "",
        };
        printed.to_owned()
    }

    /// The output that shows this many further rows.
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

    /// The prompt below a page; empty below the last one.
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

/// The rows of a line. Each character counts as many columns as any terminal gives it, so that no
/// row wraps by itself.
fn wrap(line: &str, columns: usize) -> Vec<String> {
    let bar = if columns < MIN_BARRED_COLUMNS {
        ""
    } else {
        CONTINUATION_BAR
    };
    let bar_columns: usize = bar.chars().map(|c| columns_of(c, 0)).sum();
    let mut rows = Vec::new();
    let (mut row, mut used, mut is_bare) = (String::new(), 0, true);
    // A tab is never counted as wider than the terminal.
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

/// The most columns that a terminal gives a character that begins at column `at`.
fn columns_of(c: char, at: usize) -> usize {
    match c {
        '\t' => TAB_COLUMNS - at % TAB_COLUMNS,
        // This variation selector makes the character before it a wide emoji.
        '\u{fe0f}' => 1,
        _ => c.width().unwrap_or(0).max(c.width_cjk().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests;
