//! A screen, taken apart: the prompt box, what is above and what is below it.

/// A part of a screen. Lines of nothing do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScreenPart {
    /// The last lines.
    Last(usize),
    /// The lines right above the prompt box.
    Above(usize),
    /// What stands in the prompt box.
    Input,
    /// What is below the prompt box.
    Footer,
    /// What is below the last border, or all.
    Below,
}

/// A line of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinePattern {
    /// It begins so, without a space more or less.
    Begins(&'static str),
    /// It begins so, however far to the right.
    Says(&'static str),
    /// This is somewhere in it.
    Has(&'static str),
    /// An animated sign, a verb that begins so, and an ellipsis: `✻ Pondering… (2s)`.
    Spins(&'static str),
    /// An animated sign, and these words anywhere behind it.
    Turns(&'static str),
    /// The chosen option of a dialog: `❯ 1. Yes`, or `❯ No, exit`.
    Chosen,
    /// A prompt without a text behind it.
    Bare,
}

/// The forms of the animated sign; where it rests, and where it moves.
const SPINNER_CHARS: [char; 8] = ['·', '✢', '✳', '✶', '✻', '✽', '*', '∗'];
/// What the prompt is written behind: of text, of shell commands, and of older clients.
const PROMPT_CHARS: [char; 3] = ['❯', '!', '>'];
/// A shorter one is a piece of a table or of prose.
const MIN_BORDER_CHARS: usize = 10;

/// The lines of a screen that are not empty.
#[derive(Debug, Clone)]
pub(super) struct ScreenLayout<'a> {
    lines: Vec<&'a str>,
    /// Where the borders of the prompt box are.
    boxed: Option<(usize, usize)>,
    /// Where the last border is.
    border: Option<usize>,
}

impl<'a> ScreenLayout<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect();
        let border = lines.iter().rposition(|line| is_border(line));
        let boxed = border.and_then(|bottom| {
            let top = lines[..bottom].iter().rposition(|line| is_border(line))?;
            let input = lines.get(top + 1).filter(|_| top + 1 < bottom)?;
            input.starts_with(PROMPT_CHARS).then_some((top, bottom))
        });
        Self {
            lines,
            boxed,
            border,
        }
    }

    pub(super) fn part(&self, part: ScreenPart) -> &[&'a str] {
        let last = |lines: &'_ [&'a str], count: usize| lines.len().saturating_sub(count);
        match (part, self.boxed) {
            (ScreenPart::Last(count), _) => &self.lines[last(&self.lines, count)..],
            (ScreenPart::Above(count), Some((top, _))) => {
                &self.lines[last(&self.lines[..top], count)..top]
            }
            (ScreenPart::Input, Some((top, bottom))) => &self.lines[top + 1..bottom],
            (ScreenPart::Footer, Some((_, bottom))) => &self.lines[bottom + 1..],
            (ScreenPart::Below, _) => &self.lines[self.border.map_or(0, |border| border + 1)..],
            (ScreenPart::Above(_) | ScreenPart::Input | ScreenPart::Footer, None) => &[],
        }
    }
}

impl LinePattern {
    pub(super) fn is(self, line: &str) -> bool {
        match self {
            Self::Begins(words) => line.starts_with(words),
            Self::Says(words) => line.trim_start().starts_with(words),
            Self::Has(words) => line.contains(words),
            Self::Spins(words) => spun(line).is_some_and(|said| {
                said.starts_with(words) && said.split([' ', '(']).any(|word| word.ends_with('…'))
            }),
            Self::Turns(words) => spun(line).is_some_and(|said| said.contains(words)),
            Self::Chosen => {
                let chosen = line.trim_start().strip_prefix("❯ ");
                chosen.is_some_and(|option| !option.trim().is_empty())
            }
            Self::Bare => line.chars().count() == 1 && line.starts_with(PROMPT_CHARS),
        }
    }
}

/// What stands behind an animated sign, which stands at the very left.
fn spun(line: &str) -> Option<&str> {
    line.strip_prefix(SPINNER_CHARS)?.strip_prefix(' ')
}

/// `────────────`, `─── ↑ 1 more ─────`
fn is_border(line: &str) -> bool {
    line.starts_with("───")
        && line.ends_with("───")
        && line.chars().filter(|c| *c == '─').count() >= MIN_BORDER_CHARS
}
