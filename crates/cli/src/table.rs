//! A snapshot as a table that fits its paper.

use crate::terminal_output::{ColorMode, OutputFormat};
use anstyle::{AnsiColor, Style};
use std::path::Path;
use std::time::{Duration, SystemTime};
use trusty_fleet::Snapshot;
use trusty_fleet::view::{Board, BoardSection, Glyph, Row, StatusTone};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The narrowest a title or a detail is squeezed to.
const MIN_COLUMN_WIDTH: usize = 6;
/// The widest title and detail where the paper sets no limit, in columns: one long name shall not
/// push the columns of all others apart. JSON tells all of it.
const MAX_TITLE_COLUMNS: usize = 40;
const MAX_DETAIL_COLUMNS: usize = 120;

/// Draws all sessions; what needs the owner comes first.
pub(crate) fn render_table(
    snapshot: &Snapshot,
    home: &Path,
    now: SystemTime,
    paper: OutputFormat,
) -> String {
    let board = Board::from_snapshot(snapshot, Some(home));
    let pids: Vec<u32> = board
        .rows
        .iter()
        .map(|r| {
            snapshot
                .sessions
                .iter()
                .find(|s| s.id == r.id)
                .and_then(|s| s.pid)
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    if board.rows.is_empty() {
        let told = "No Claude Code session is running. Start one with `claude`.";
        text.push_str(&cut(told, paper.width.unwrap_or(usize::MAX)));
        text.push('\n');
    } else {
        let lines: Vec<TableRow> = board
            .rows
            .iter()
            .zip(&pids)
            .map(|(row, pid)| TableRow::from_row(row, *pid, now))
            .collect();
        let widths = ColumnWidths::fit(&lines, paper.width);
        text.push_str(&TableRow::heading().print(&widths, paper.ink));
        for line in &lines {
            text.push_str(&line.print(&widths, paper.ink));
        }
    }
    for health in &board.health {
        let told = format!("! {}: {}", health.subject, health.message);
        text.push_str(&cut(&told, paper.width.unwrap_or(usize::MAX)));
        text.push('\n');
    }
    text
}

struct TableRow {
    glyph: &'static str,
    title: String,
    word: String,
    detail: String,
    age: String,
    pid: String,
    style: Style,
}

struct ColumnWidths {
    title: usize,
    word: usize,
    detail: usize,
    age: usize,
    pid: usize,
}

impl ColumnWidths {
    /// As wide as the content, within bounds, unless the paper is narrower: then the detail gives
    /// way first, then the title; below that whole columns are left out, the status word last.
    fn fit(lines: &[TableRow], paper: Option<usize>) -> Self {
        let heading = [TableRow::heading()];
        let widest = |field: fn(&TableRow) -> &str| {
            lines
                .iter()
                .chain(&heading)
                .map(|l| field(l).width())
                .max()
                .unwrap_or(0)
        };
        let mut widths = Self {
            title: widest(|l| &l.title),
            word: widest(|l| &l.word),
            detail: widest(|l| &l.detail),
            age: widest(|l| &l.age),
            pid: widest(|l| &l.pid),
        };
        if let Some(paper) = paper {
            let over = |w: &Self| w.total().saturating_sub(paper);
            let squeeze =
                |width: usize, by: usize| width.saturating_sub(by).max(MIN_COLUMN_WIDTH.min(width));
            widths.detail = squeeze(widths.detail, over(&widths));
            widths.title = squeeze(widths.title, over(&widths));
            let least: [fn(&mut Self) -> &mut usize; 4] = [
                |w| &mut w.detail,
                |w| &mut w.pid,
                |w| &mut w.age,
                |w| &mut w.title,
            ];
            for column in least {
                if over(&widths) > 0 {
                    *column(&mut widths) = 0;
                }
            }
            widths.word = widths.word.saturating_sub(over(&widths));
        } else {
            widths.title = widths.title.min(MAX_TITLE_COLUMNS);
            widths.detail = widths.detail.min(MAX_DETAIL_COLUMNS);
        }
        widths
    }

    /// A column of no width is left out, the gap before it too.
    fn total(&self) -> usize {
        let columns = [self.title, self.word, self.detail, self.age, self.pid];
        let shown = columns
            .iter()
            .filter(|w| **w > 0)
            .map(|w| w + 2)
            .sum::<usize>();
        shown.max(1)
    }
}

impl TableRow {
    fn from_row(row: &Row, pid: u32, now: SystemTime) -> Self {
        let word = if row.inferred {
            format!("{}?", row.word)
        } else {
            row.word.clone()
        };
        let aside = row.badge_text();
        let parts = [
            row.failure.as_deref(),
            row.caution.as_deref(),
            row.answered.as_deref(),
            aside.as_deref(),
            Some(row.detail.as_str()).filter(|detail| !detail.is_empty()),
        ];
        let detail = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        Self {
            glyph: glyph(row.glyph),
            title: row.title.clone(),
            word,
            detail,
            age: age(now.duration_since(row.since).unwrap_or_default()),
            pid: pid.to_string(),
            style: style(row.tone, row.section),
        }
    }

    fn heading() -> Self {
        Self {
            glyph: " ",
            title: "SESSION".into(),
            word: "STATUS".into(),
            detail: "DETAIL".into(),
            age: "AGE".into(),
            pid: "PID".into(),
            style: Style::new().dimmed(),
        }
    }

    fn print(&self, widths: &ColumnWidths, ink: ColorMode) -> String {
        let left = |text: &str, width: usize| {
            let text = cut(text, width);
            format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
        };
        let right = |text: &str, width: usize| {
            format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
        };
        let paint = |text: String| match ink {
            ColorMode::Plain => text,
            ColorMode::Coloured => {
                format!("{}{text}{}", self.style.render(), self.style.render_reset())
            }
        };
        let columns = [
            (widths.title, left(&self.title, widths.title)),
            (widths.word, paint(left(&self.word, widths.word))),
            (widths.detail, left(&self.detail, widths.detail)),
            (widths.age, right(&self.age, widths.age)),
            (widths.pid, right(&self.pid, widths.pid)),
        ];
        let shown: Vec<String> = columns
            .into_iter()
            .filter(|(width, _)| *width > 0)
            .map(|(_, text)| text)
            .collect();
        format!("{} {}\n", paint(self.glyph.to_owned()), shown.join("  "))
    }
}

fn glyph(glyph: Glyph) -> &'static str {
    match glyph {
        Glyph::Permission | Glyph::Question | Glyph::Plan | Glyph::Trust => "◆",
        Glyph::Working => "◔",
        Glyph::Starting => "◌",
        Glyph::Paused => "‖",
        Glyph::Finished => "✓",
        Glyph::Idle => "○",
        Glyph::Shell => "⊙",
        Glyph::Menu => "≡",
        Glyph::Failed => "✗",
        Glyph::Stopped => "⊗",
        Glyph::Unknown => "–",
    }
}

fn style(tone: StatusTone, section: BoardSection) -> Style {
    let colour = |c: AnsiColor| Style::new().fg_color(Some(c.into()));
    match (section, tone) {
        (BoardSection::NeedsYou, _) => colour(AnsiColor::Yellow).bold(),
        (_, StatusTone::Working) => colour(AnsiColor::Blue),
        (_, StatusTone::Paused) => colour(AnsiColor::Magenta),
        (_, StatusTone::Finished) => colour(AnsiColor::Green),
        (_, StatusTone::Stopped) => colour(AnsiColor::Red),
        _ => Style::new().dimmed(),
    }
}

/// now, 38s, 4m, 3h, 2d
pub(crate) fn age(age: Duration) -> String {
    match age.as_secs() {
        0..=4 => "now".to_owned(),
        s @ 5..=59 => format!("{s}s"),
        s @ 60..=3599 => format!("{}m", s / 60),
        s @ 3600..=86_399 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// At most `width` columns of a text, the last an ellipsis if there was more.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        short.push(c);
    }
    if width > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
