//! Making foreign text fit to display: nothing stays hidden, controls its surroundings, or is cut
//! without a sign.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Stands for a character that is not shown.
const REPLACEMENT_CHAR: char = '\u{fffd}';
/// The longest summary, in characters.
pub const MAX_SUMMARY_CHARS: usize = 500;
/// Ends a summary from which something is missing.
const ELLIPSIS_CHAR: char = '…';

/// Whether a character is invisible or affects its surroundings: controls, format characters,
/// fillers, selectors, every blank except the plain space, and characters that a font may draw as
/// anything or nothing (private use, noncharacters).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || is_without_meaning(c)
}

/// Whether Unicode will never give a character a meaning: private use, noncharacters.
fn is_without_meaning(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Whether a text contains letters or digits that are written from right to left. A terminal may
/// draw these, and the text between them, in another order than the stored one.
pub fn has_right_to_left(text: &str) -> bool {
    text.chars().any(is_right_to_left)
}

/// The text with each right-to-left character replaced by its name, such as `⟨U+05D0⟩`: the same on
/// every terminal, in the stored order.
pub fn name_right_to_left(text: &str) -> String {
    let mut named = String::with_capacity(text.len());
    for c in text.chars() {
        if is_right_to_left(c) {
            // Writing into a String cannot fail.
            let _ = write!(named, "⟨U+{:04X}⟩", u32::from(c));
        } else {
            named.push(c);
        }
    }
    named
}

/// Whether a character has bidirectional class R, AL or AN, or lies in a block that Unicode
/// reserves for these classes.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether `c` is a selector that turns the symbol before it into an emoji. After any other
/// character, the selector is invisible.
pub(crate) fn is_emoji_selector(c: char, before: Option<char>) -> bool {
    c == '\u{fe0f}' && before.is_some_and(is_symbol)
}

/// Whether a character may be drawn as an emoji: a symbol of Unicode's `emoji-variation-sequences`
/// that is no digit.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23fa}' | '\u{24c2}'
        | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
        | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Whether a character is a blank of any width, which takes up room in a line and does nothing
/// else.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// The text with every character replaced by U+FFFD that would control a terminal, reverse the line
/// or stay invisible. Names come from other programs, and the display has to match what is there.
pub fn replace_hidden_chars(text: &str) -> String {
    let mut before = None;
    let shown = text.chars().map(|c| {
        let kept = !is_hidden(c) || is_blank(c) || is_emoji_selector(c, before);
        before = Some(c);
        if kept { c } else { REPLACEMENT_CHAR }
    });
    shown.collect()
}

/// The text in one line of at most [`MAX_SUMMARY_CHARS`] characters, none of which controls a
/// terminal.
pub fn clean(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: Vec<char> = replace_hidden_chars(&words).chars().collect();
    if plain.len() <= MAX_SUMMARY_CHARS {
        return plain.into_iter().collect();
    }
    let cut = plain.into_iter().take(MAX_SUMMARY_CHARS - 1);
    cut.chain(std::iter::once('…')).collect()
}

/// The first non-blank line of a text, in at most `max_chars` characters; none if all is blank.
///
/// Each run of blanks and tabs becomes one blank, and U+FFFD replaces hidden characters. The result
/// ends with "…" if anything was cut or folded, or if other lines exist, so that a shortened
/// command never reads as a whole one.
pub fn summary_line(text: &str, max_chars: usize) -> Option<String> {
    let mut lines = text.split('\n').map(str::trim).filter(|l| !l.is_empty());
    let first = lines.next()?;
    let mut whole = lines.next().is_none();
    let mut line = String::new();
    let mut chars = first.chars().peekable();
    // A command may be as large as a file, so no more is copied than is shown.
    let mut room = max_chars.saturating_add(1);
    while let Some(c) = chars.next() {
        let Some(left) = room.checked_sub(1) else {
            break;
        };
        room = left;
        if !c.is_whitespace() {
            line.push(c);
            continue;
        }
        let mut alone = is_blank(c);
        while chars.next_if(|c| c.is_whitespace()).is_some() {
            alone = false;
        }
        whole &= alone;
        line.push(if alone { c } else { ' ' });
    }
    let mut line = replace_hidden_chars(&line);
    whole &= line.chars().count() <= max_chars;
    if !whole && !line.ends_with(ELLIPSIS_CHAR) {
        let kept: String = line.chars().take(max_chars.saturating_sub(1)).collect();
        kept.trim_end().clone_into(&mut line);
        line.push(ELLIPSIS_CHAR);
    }
    Some(line)
}

/// JSON with every hidden character written as `\uXXXX`: parses to the same values, and controls no
/// terminal on which it is printed. JSON without hidden characters is returned unchanged.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    // Line ends occur only between values, so they stay.
    let is_escaped = |c: char| is_hidden(c) && c >= ' ';
    if !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The text with its first letter in upper case.
pub(crate) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A path for display, with the home folder as `~`.
pub(crate) fn shown_path(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", rest.display()),
        None => path.to_string_lossy().into_owned(),
    }
}

/// The last component of a path, for display.
pub(crate) fn folder(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_name_shows_zero_width_tag_and_steering_characters_as_replaced() {
        for (name, shown) in [
            ("pay\u{200b}ments", "pay\u{fffd}ments"),
            ("a\u{e0041}\u{e007f}b", "a\u{fffd}\u{fffd}b"),
            (
                "a\u{202e}b\u{2066}\u{9b}\n",
                "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}",
            ),
            (
                "a\u{2060}\u{feff}\u{ad}\u{3164}",
                "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("a\u{fe0f}✔\u{fe0f}", "a\u{fffd}✔\u{fe0f}"),
            ("日本\u{3000}語 née\u{a0}où", "日本\u{3000}語 née\u{a0}où"),
            ("a\u{16fe4}b\u{fdd0}", "a\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(replace_hidden_chars(name), shown, "{name:?}");
        }
    }

    #[test]
    fn characters_that_a_font_may_draw_as_anything_or_nothing_are_hidden() {
        for (hidden, beside) in [
            ("\u{e000}\u{e0b0}\u{f8ff}", "\u{d7ff}\u{f900}"),
            ("\u{f0000}\u{ffffd}\u{100000}\u{10fffd}", "\u{2fa1d}"),
            ("\u{fdd0}\u{fdef}", "\u{fdcf}\u{fdf0}"),
            ("\u{fffe}\u{ffff}\u{1fffe}\u{1ffff}\u{10ffff}", "\u{fffd}"),
            ("\u{16fe4}", "\u{16fe3}"),
        ] {
            for c in hidden.chars() {
                assert!(is_hidden(c), "{c:?}");
            }
            for c in beside.chars() {
                assert!(!is_hidden(c), "{c:?}");
            }
        }
    }

    #[test]
    fn right_to_left_text_is_found_and_named_in_the_order_in_which_it_is_stored() {
        for (text, named) in [
            ("cp א ב", "cp ⟨U+05D0⟩ ⟨U+05D1⟩"),
            ("rm ش/١", "rm ⟨U+0634⟩/⟨U+0661⟩"),
            ("\u{fb1d}\u{fe70}\u{10800}", "⟨U+FB1D⟩⟨U+FE70⟩⟨U+10800⟩"),
            ("\u{1e900}", "⟨U+1E900⟩"),
        ] {
            assert!(has_right_to_left(text), "{text:?}");
            assert_eq!(name_right_to_left(text), named);
        }
        for text in ["", "cp a b", "héllo 名前 Ж α ꙮ ฀", "⟨U+05D0⟩"] {
            assert!(!has_right_to_left(text), "{text:?}");
            assert_eq!(name_right_to_left(text), text);
        }
    }

    #[test]
    fn a_summary_that_was_cut_or_folded_ends_with_an_ellipsis() {
        let hidden = format!("echo hello{}; rm -rf ~", " ".repeat(300));
        let long = "x".repeat(41);
        for (text, shown) in [
            (hidden.as_str(), "echo hello ; rm -rf ~…"),
            ("echo hi\n\n\nrm -rf ~", "echo hi…"),
            ("ls\t; rm", "ls ; rm…"),
            ("ls\r; rm", "ls ; rm…"),
            ("ls\u{2028}rm", "ls rm…"),
            ("ls\u{1b}[2K", "ls\u{fffd}[2K"),
            (&long, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"),
            ("a…\nb", "a…"),
        ] {
            assert_eq!(summary_line(text, 40).as_deref(), Some(shown), "{text:?}");
        }
    }

    #[test]
    fn a_summary_of_a_short_line_is_that_line() {
        for (text, shown) in [
            ("make test", Some("make test")),
            ("\n  make test \r\n\n", Some("make test")),
            ("où\u{a0}?", Some("où\u{a0}?")),
            (" \n\t", None),
            ("", None),
        ] {
            assert_eq!(summary_line(text, 40).as_deref(), shown, "{text:?}");
        }
    }

    #[test]
    fn escaped_json_steers_no_terminal_and_reads_as_the_same_value() {
        let odd = "a\u{9b}2J\u{202e}b\u{200b}\u{e0041}\u{7f}\u{1b}\u{2028}\u{a0}✔\u{fe0f}é名";
        let value = json!({odd: [odd, 1, null], "plain": "é"});
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = escape_json(&json);
            let read: Value = serde_json::from_str(&escaped).expect("JSON");
            assert_eq!(read, value);
            assert!(
                !escaped.contains(|c| is_hidden(c) && c != '\n'),
                "{escaped}"
            );
            assert!(
                escaped.contains("\\udb40\\udc41") && escaped.contains('名'),
                "{escaped}"
            );
        }
        assert!(matches!(escape_json("{\"a\":\"é\"}"), Cow::Borrowed(_)));
    }
}
