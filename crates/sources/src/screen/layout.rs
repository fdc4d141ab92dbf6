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
    StartsWith(&'static str),
    /// It begins so, however far to the right.
    IndentedStartsWith(&'static str),
    /// This is somewhere in it.
    Contains(&'static str),
    /// An animated sign, a verb that begins so, and an ellipsis: `✻ Pondering… (2s)`.
    Spinner(&'static str),
    /// An animated sign, and these words anywhere behind it.
    SpinnerContains(&'static str),
    /// The chosen option of a dialog: `❯ 1. Yes`, or `❯ No, exit`.
    ChosenOption,
    /// A prompt without a text behind it.
    EmptyPrompt,
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
    pub(super) fn parse(text: &'a str) -> Self {
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

    pub(super) fn lines_of(&self, part: ScreenPart) -> &[&'a str] {
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
    pub(super) fn matches(self, line: &str) -> bool {
        match self {
            Self::StartsWith(words) => line.starts_with(words),
            Self::IndentedStartsWith(words) => line.trim_start().starts_with(words),
            Self::Contains(words) => line.contains(words),
            Self::Spinner(words) => after_spinner(line).is_some_and(|said| {
                said.starts_with(words) && said.split([' ', '(']).any(|word| word.ends_with('…'))
            }),
            Self::SpinnerContains(words) => {
                after_spinner(line).is_some_and(|said| said.contains(words))
            }
            Self::ChosenOption => {
                let chosen = line.trim_start().strip_prefix("❯ ");
                chosen.is_some_and(|option| !option.trim().is_empty())
            }
            Self::EmptyPrompt => line.chars().count() == 1 && line.starts_with(PROMPT_CHARS),
        }
    }
}

/// What stands behind an animated sign, which stands at the very left.
fn after_spinner(line: &str) -> Option<&str> {
    line.strip_prefix(SPINNER_CHARS)?.strip_prefix(' ')
}

/// `────────────`, `─── ↑ 1 more ─────`
fn is_border(line: &str) -> bool {
    line.starts_with("───")
        && line.ends_with("───")
        && line.chars().filter(|c| *c == '─').count() >= MIN_BORDER_CHARS
}
