//! Bytes of a pane, its title in the first line and then its text → what it shows. Total.

use super::layout::{LinePattern, ScreenLayout, ScreenPart};
use super::rules::{
    ClientVersion, PROMPT_BOX_SIGN, SCREEN_RULES, ScreenKind, ScreenRule, ScreenSign,
};
use trusty_fleet::observation::{ScreenContent, ScreenReading};

/// From this version on the title of a tmux pane says the same in every state.
const SILENT_TITLE_VERSION: ClientVersion = (2, 1, 228);
/// The headers of permission dialogs, and the tools that ask with them.
const DIALOG_TOOLS: [(&str, &str); 3] = [
    (" Bash command", "Bash"),
    (" Edit file", "Edit"),
    (" Create file", "Write"),
];

/// Reads a pane in which a client of this version runs; of any, where it is not known.
pub fn decode(bytes: &[u8], version: Option<&str>) -> ScreenReading {
    // Some spaces of the oldest client are no-break spaces.
    let text = String::from_utf8_lossy(bytes).replace('\u{a0}', " ");
    let (title, text) = text.split_once('\n').unwrap_or((&text, ""));
    let version = version.and_then(parse_version);
    let parts = ScreenLayout::parse(text);
    let rule = SCREEN_RULES
        .iter()
        .find(|rule| rule_matches(rule, version, &parts));
    ScreenReading {
        shows: rule.map(|rule| screen_content(rule.shows, &parts)),
        title_busy: is_working(title, version, &parts),
    }
}

/// `2.1.330`
fn parse_version(version: &str) -> Option<ClientVersion> {
    let mut numbers = version.splitn(3, '.').map(|part| {
        let end = part.find(|c: char| !c.is_ascii_digit());
        part[..end.unwrap_or(part.len())].parse().ok()
    });
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

fn rule_matches(
    rule: &ScreenRule,
    version: Option<ClientVersion>,
    parts: &ScreenLayout<'_>,
) -> bool {
    version.is_none_or(|version| (rule.from..rule.before).contains(&version))
        && rule.all.iter().all(|sign| sign_matches(sign, parts))
        && !rule.none.iter().any(|sign| sign_matches(sign, parts))
}

fn sign_matches(sign: &ScreenSign, parts: &ScreenLayout<'_>) -> bool {
    parts
        .lines_of(sign.0)
        .iter()
        .any(|line| sign.1.matches(line))
}

fn screen_content(sight: ScreenKind, parts: &ScreenLayout<'_>) -> ScreenContent {
    match sight {
        ScreenKind::Trust => ScreenContent::Trust,
        ScreenKind::Permission => ScreenContent::Permission { tool: tool(parts) },
        ScreenKind::Question => ScreenContent::Question,
        ScreenKind::Plan => ScreenContent::Plan,
        ScreenKind::Busy => ScreenContent::Busy,
        ScreenKind::Retrying => retry(parts).unwrap_or(ScreenContent::Busy),
        ScreenKind::Compacting => ScreenContent::Compacting,
        ScreenKind::Idle => ScreenContent::Idle,
        ScreenKind::Suspended => ScreenContent::Suspended,
    }
}

/// A dialog's header is the first line below its border, unless that is out of sight.
fn tool(parts: &ScreenLayout<'_>) -> Option<String> {
    let header = parts.lines_of(ScreenPart::Below).first()?;
    let known = DIALOG_TOOLS
        .iter()
        .find(|(words, _)| header.starts_with(words));
    known.map(|(_, tool)| (*tool).to_owned())
}

/// `Retrying in 6 seconds… (attempt 5/10)`, `retrying in 10s · attempt 5/10`
fn retry(parts: &ScreenLayout<'_>) -> Option<ScreenContent> {
    let lines = parts.lines_of(ScreenPart::Above(16));
    let told = lines
        .iter()
        .rposition(|line| LinePattern::Contains("etrying in ").matches(line))?;
    // A narrow pane breaks the line.
    let told = lines[told..].join(" ");
    let (_, told) = told.split_once("etrying in ")?;
    let seconds = leading_number(told);
    let (_, told) = told.split_once("attempt ")?;
    let (attempt, of) = told.split_once('/')?;
    Some(ScreenContent::Retrying {
        attempt: attempt.trim().parse().ok()?,
        of: leading_number(of)?,
        seconds,
    })
}

fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// Clients up to a version spin a sign of Braille dots before the name in their title, and put
/// another there while they rest, or wait with a dialog in place of the prompt box. Where the
/// version is not known the second may mean nothing.
fn is_working(
    title: &str,
    version: Option<ClientVersion>,
    parts: &ScreenLayout<'_>,
) -> Option<bool> {
    if version.is_some_and(|version| version >= SILENT_TITLE_VERSION) {
        return None;
    }
    let mut letters = title.chars();
    let (sign, space) = (letters.next()?, letters.next()?);
    match sign {
        _ if space != ' ' => None,
        '\u{2800}'..='\u{28ff}' | '◐' | '◑' => Some(true),
        '✳' if version.is_some() && sign_matches(&PROMPT_BOX_SIGN, parts) => Some(false),
        _ => None,
    }
}
