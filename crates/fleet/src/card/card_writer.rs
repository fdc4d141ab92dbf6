//! Writes the lines of a card, up to what a card can show.

use super::visible_text::{TextLine, fold_empty_lines};
use super::{CardLine, LineMark};
use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The most that a card shows, in bytes; the user would not read more.
const MAX_CARD_BYTES: usize = 200_000;
/// The most lines of a card.
const MAX_CARD_LINES: usize = 10_000;
/// The most lines, old and new together, that are diffed; longer texts are removed, then added.
const MAX_COMPARED_LINES: usize = 2_000;

/// Collects lines in full, or notes that they do not fit.
#[derive(Default)]
pub(super) struct CardWriter {
    pub(super) lines: Vec<CardLine>,
    used: usize,
    /// Whether something did not fit.
    pub(super) over: bool,
}

impl CardWriter {
    /// Counts what the card shows outside its lines.
    pub(super) fn count(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes);
        self.over |= self.used > MAX_CARD_BYTES;
    }

    /// Writes the name of what follows.
    pub(super) fn label(&mut self, name: &str) {
        self.push(LineMark::Label, TextLine::Line(name));
    }

    /// Writes all lines of a text.
    pub(super) fn text(&mut self, mark: LineMark, text: &str) {
        for line in fold_empty_lines(text.split('\n')) {
            if self.over {
                return;
            }
            self.push(mark, line);
        }
    }

    /// Writes a field: its name, then its whole value.
    pub(super) fn field(&mut self, name: &str, value: &Value) {
        self.label(name);
        match value {
            Value::String(text) if !text.is_empty() => self.text(LineMark::Plain, text),
            // An empty text is shown as its quotes.
            other => self.text(LineMark::Plain, &format!("{other:#}")),
        }
    }

    /// Writes all `fields`, each name prefixed with `before`.
    pub(super) fn fields(&mut self, before: &str, fields: &Map<String, Value>) {
        for (name, value) in fields {
            self.field(&format!("{before}{name}"), value);
        }
    }

    /// Writes the line diff of two texts.
    pub(super) fn change(&mut self, old: &str, new: &str) {
        let before: Vec<&str> = lines(old);
        let after: Vec<&str> = lines(new);
        if before.len() + after.len() > MAX_COMPARED_LINES {
            self.write_lines(LineMark::Removed, &before);
            self.write_lines(LineMark::Added, &after);
            return;
        }
        for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
            let (old, new) = (&before[op.old_range()], &after[op.new_range()]);
            if let DiffOp::Equal { .. } = op {
                self.write_lines(LineMark::Plain, old);
            } else {
                self.write_lines(LineMark::Removed, old);
                self.write_lines(LineMark::Added, new);
            }
        }
    }

    fn write_lines(&mut self, mark: LineMark, lines: &[&str]) {
        for line in fold_empty_lines(lines.iter().copied()) {
            self.push(mark, line);
        }
    }

    fn push(&mut self, mark: LineMark, line: TextLine<'_>) {
        if self.over {
            return;
        }
        // Checked before the line is written, because one line may fill the whole card.
        let fits = self.used + line.weight() < MAX_CARD_BYTES && self.lines.len() < MAX_CARD_LINES;
        if !fits {
            self.over = true;
            return;
        }
        let text = line.into_visible();
        self.count(text.len() + 1);
        if self.over {
            return;
        }
        self.lines.push(CardLine { mark, text });
    }
}

/// The lines of a text; an empty text has none.
fn lines(text: &str) -> Vec<&str> {
    match text {
        "" => Vec::new(),
        text => text.split('\n').collect(),
    }
}
