//! Text as it is: every character that cannot be seen, or that steers what is around it, is
//! written as its name.

use std::fmt::Write as _;

/// The C0 controls by their names, from NUL on.
const CONTROLS: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR",
    "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
    "FS", "GS", "RS", "US",
];

/// A line with nothing hidden in it. Two different lines never look the same.
pub(super) fn line(text: &str) -> String {
    let solid = text.trim_end_matches([' ', '\t']);
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    for c in solid.chars() {
        match c {
            '\t' => shown.push(c),
            // It makes an emoji of a sign, which can be seen; behind anything else it hides.
            '\u{fe0f}' if before.is_some_and(is_symbol) => shown.push(c),
            // What a name begins with is not to be mistaken for one.
            '⟨' => name(&mut shown, c),
            _ if hides(c) => name(&mut shown, c),
            _ => shown.push(c),
        }
        before = Some(c);
    }
    blanks(&mut shown, &text[solid.len()..]);
    shown
}

/// The lines of a text, each with nothing hidden in it.
pub(super) fn text(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Blanks at the end of a line, which are as good as invisible there.
fn blanks(shown: &mut String, rest: &str) {
    let mut rest = rest.chars().peekable();
    while let Some(c) = rest.next() {
        let mut count = 1;
        while rest.next_if_eq(&c).is_some() {
            count += 1;
        }
        let word = if c == ' ' { "SP" } else { "TAB" };
        // Writing into a String cannot fail.
        let _ = match count {
            1 => write!(shown, "⟨{word}⟩"),
            n => write!(shown, "⟨{word}×{n}⟩"),
        };
    }
}

fn name(shown: &mut String, c: char) {
    let code = u32::from(c);
    let control = usize::try_from(code).ok().and_then(|n| CONTROLS.get(n));
    // Writing into a String cannot fail.
    let _ = match (control, c) {
        (Some(control), _) => write!(shown, "⟨{control}⟩"),
        (None, '\u{7f}') => write!(shown, "⟨DEL⟩"),
        (None, _) => write!(shown, "⟨U+{code:04X}⟩"),
    };
}

/// Whether it is a sign that may be drawn as an emoji: of Unicode's `emoji-variation-sequences`,
/// those that are no digits.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23fa}' | '\u{24c2}'
        | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
        | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Controls, format characters, fillers, selectors and every blank but the plain one.
fn hides(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
