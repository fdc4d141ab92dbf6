//! Text with nothing hidden in it: invisible characters, and those that reorder the text around
//! them, are replaced with their names, and so are runs of blanks and empty lines that would push
//! text out of sight.

use crate::text::{is_emoji_selector, is_hidden};
use std::fmt::Write as _;

/// The names of the C0 control characters, from NUL on.
const CONTROL_CHAR_NAMES: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR",
    "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
    "FS", "GS", "RS", "US",
];

/// The longest run of blanks in a line, and of empty lines, that is shown as it is.
const MAX_PLAIN_RUN: usize = 8;
/// The widest indentation that is shown as it is, in columns.
const MAX_INDENT_COLUMNS: usize = 24;
/// The width of a tab in an indentation, in columns, as a card draws it.
const TAB_COLUMNS: usize = 4;

/// A piece of a text of several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextLine<'a> {
    /// One line.
    Line(&'a str),
    /// The length of a run of empty lines that is too long to be shown as it is.
    EmptyLines(usize),
}

impl TextLine<'_> {
    /// The piece as text, with nothing hidden in it.
    pub(super) fn into_visible(self) -> String {
        match self {
            Self::Line(text) => line(text),
            Self::EmptyLines(count) => {
                let mut shown = String::new();
                push_char_name(&mut shown, '\n', count);
                shown
            }
        }
    }

    /// The approximate length of the piece, in bytes.
    pub(super) fn weight(self) -> usize {
        match self {
            Self::Line(text) => text.len(),
            Self::EmptyLines(_) => 0,
        }
    }
}

/// The lines, with each run of more than [`MAX_PLAIN_RUN`] empty ones as one piece.
pub(super) fn fold_empty_lines<'a>(
    lines: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = TextLine<'a>> {
    let mut lines = lines.peekable();
    // Empty lines of a short run that are still to be yielded.
    let mut due = 0;
    std::iter::from_fn(move || {
        if due > 0 {
            due -= 1;
            return Some(TextLine::Line(""));
        }
        let line = lines.next()?;
        if !line.is_empty() {
            return Some(TextLine::Line(line));
        }
        let mut count = 1;
        while lines.next_if_eq(&"").is_some() {
            count += 1;
        }
        if count > MAX_PLAIN_RUN {
            return Some(TextLine::EmptyLines(count));
        }
        due = count - 1;
        Some(TextLine::Line(""))
    })
}

/// A line with nothing hidden in it. Two different lines look different, except for the
/// characters of their indentation.
pub(super) fn line(text: &str) -> String {
    let solid = text.trim_end_matches([' ', '\t']);
    let inner = solid.trim_start_matches([' ', '\t']);
    let (indent, inner) = solid.split_at(solid.len() - inner.len());
    let mut shown = String::with_capacity(text.len());
    let columns = |c| if c == '\t' { TAB_COLUMNS } else { 1 };
    if indent.chars().map(columns).sum::<usize>() <= MAX_INDENT_COLUMNS {
        shown.push_str(indent);
    } else {
        mark_runs(&mut shown, indent, 0);
    }
    mark_runs(&mut shown, inner, MAX_PLAIN_RUN);
    // Trailing blanks are invisible.
    mark_runs(&mut shown, &text[solid.len()..], 0);
    shown
}

/// A text of several lines, with nothing hidden in any of them.
pub(super) fn text(text: &str) -> String {
    let lines = fold_empty_lines(text.split('\n')).map(TextLine::into_visible);
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes a text in which runs of up to `plain_blanks` blanks stay as they are.
fn mark_runs(shown: &mut String, text: &str, plain_blanks: usize) {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut count = 1;
        let is_plain = c != ' ' && c != '⟨' && !is_hidden(c);
        if is_plain || is_emoji_selector(c, before) {
            shown.push(c);
        } else {
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            if c == ' ' && count <= plain_blanks {
                shown.extend(std::iter::repeat_n(c, count));
            } else {
                push_char_name(shown, c, count);
            }
        }
        before = Some(c);
    }
}

/// Writes the name of a character that occurs `count` times in a row. `⟨` has a name too, so that
/// no text can be mistaken for a name.
fn push_char_name(shown: &mut String, c: char, count: usize) {
    let code = u32::from(c);
    let control = usize::try_from(code)
        .ok()
        .and_then(|n| CONTROL_CHAR_NAMES.get(n));
    // Writing into a String cannot fail.
    let _ = match (control, c) {
        (Some(control), _) => write!(shown, "⟨{control}"),
        (None, ' ') => write!(shown, "⟨SP"),
        (None, '\u{7f}') => write!(shown, "⟨DEL"),
        (None, _) => write!(shown, "⟨U+{code:04X}"),
    };
    let _ = match count {
        1 => write!(shown, "⟩"),
        n => write!(shown, "×{n}⟩"),
    };
}
