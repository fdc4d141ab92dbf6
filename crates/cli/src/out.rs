//! Standard output: how wide it is, whether it takes colour, and that its reader may leave.

use std::env;
use std::io::{self, IsTerminal, Write};
use terminal_size::{Width, terminal_size_of};

/// Where a table goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Columns; `None` where nobody looks at a line's end.
    pub(crate) width: Option<usize>,
    /// Whether colours are shown.
    pub(crate) ink: Ink,
}

/// Whether colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Coloured,
    Plain,
}

impl Paper {
    /// Standard output as it is now.
    pub(crate) fn now() -> Self {
        if !io::stdout().is_terminal() {
            return Self {
                width: None,
                ink: Ink::Plain,
            };
        }
        let set = |name| env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|t| t == "dumb" || t.is_empty());
        let ink = if set("NO_COLOR") || dumb {
            Ink::Plain
        } else {
            Ink::Coloured
        };
        let width = terminal_size_of(io::stdout()).map(|(Width(w), _)| usize::from(w));
        Self {
            width: Some(width.filter(|w| *w > 0).unwrap_or(80)),
            ink,
        }
    }
}

/// Writes at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
