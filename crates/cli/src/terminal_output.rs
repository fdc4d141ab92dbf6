//! Standard output: how wide it is, whether it takes colour, and that its reader may leave.

use std::env;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use terminal_size::{Height, Width, terminal_size_of};
use trusty_fleet::text::replace_hidden_chars;

/// Where a table goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutputFormat {
    /// Columns; `None` where nobody looks at a line's end.
    pub(crate) width: Option<usize>,
    /// Lines that are seen at once; `None` where the cursor cannot go back to the first.
    pub(crate) height: Option<usize>,
    /// Whether colours are shown.
    pub(crate) ink: ColorMode,
}

/// Whether colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColorMode {
    Coloured,
    Plain,
}

impl OutputFormat {
    /// Standard output as it is now.
    pub(crate) fn now() -> Self {
        if !io::stdout().is_terminal() {
            return Self {
                width: None,
                height: None,
                ink: ColorMode::Plain,
            };
        }
        let set = |name| env::var_os(name).is_some_and(|v| !v.is_empty());
        let can_draw_over = has_cursor_control();
        let ink = if set("NO_COLOR") || !can_draw_over {
            ColorMode::Plain
        } else {
            ColorMode::Coloured
        };
        let (width, height) = terminal_size(io::stdout());
        Self {
            width: Some(width),
            height: can_draw_over.then_some(height),
            ink,
        }
    }

    /// Whether what was drawn can be drawn over.
    pub(crate) fn is_screen(self) -> bool {
        self.height.is_some()
    }

    /// The part of a text that is seen at once: no line wraps and none scrolls away.
    pub(crate) fn cut(self, text: &str) -> String {
        let height = self.height.unwrap_or(usize::MAX).saturating_sub(1).max(1);
        let mut kept: Vec<&str> = text.lines().take(height).collect();
        if text.lines().count() > height {
            kept.pop();
            kept.push("…");
        }
        kept.push("");
        kept.join("\n")
    }
}

/// Whether the terminal can move its cursor, as `$TERM` says.
pub(crate) fn has_cursor_control() -> bool {
    env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Columns and rows of a terminal; 80 and 24 where it does not say.
pub(crate) fn terminal_size(terminal: impl AsFd) -> (usize, usize) {
    match terminal_size_of(terminal) {
        Some((Width(columns), Height(rows))) if columns > 0 && rows > 0 => {
            (columns.into(), rows.into())
        }
        _ => (80, 24),
    }
}

/// Returns once whoever reads our output has left.
pub(crate) async fn reader_gone() {
    trusty_platform::output::reader_gone().await;
}

/// Says what was done. Done it is, whoever reads that.
pub(crate) fn print_result(text: &str) -> io::Result<()> {
    match print(text) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Says something on standard error, where nobody may read it. Part of it may be what others
/// wrote: nothing in it steers the terminal.
pub(crate) fn print_diagnostic(text: &str) {
    let _ = writeln!(io::stderr(), "trusty: {}", without_controls(text));
}

/// Lines in which nothing steers the terminal.
pub(crate) fn without_controls(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(replace_hidden_chars).collect();
    lines.join("\n")
}

/// Asks on standard error, and reads a line from standard input; none at its end.
pub(crate) fn ask(text: &str) -> io::Result<Option<String>> {
    let mut err = io::stderr();
    err.write_all(without_controls(text).as_bytes())?;
    err.flush()?;
    let mut line = String::new();
    let count = io::stdin().lock().read_line(&mut line)?;
    Ok((count > 0).then_some(line))
}

/// Writes at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_steers_no_terminal() {
        assert_eq!(
            without_controls("a\x1b[2Jb\r\n  c\u{202e}"),
            "a\u{fffd}[2Jb\u{fffd}\n  c\u{fffd}"
        );
    }
}
