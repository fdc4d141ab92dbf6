//! Bytes of a pane, its title in the first line and then its text → what it shows. Total.

use super::parts::{Line, Part, Parts};
use super::rules::{HAS_BOX, RULES, Rule, Sight, Sign, Version};
use trusty_fleet::observation::{Screen, Shows};

/// From this version on the title of a tmux pane says the same in every state.
const SILENT_TITLE: Version = (2, 1, 228);
/// The headers of permission dialogs, and the tools that ask with them.
const TOOLS: [(&str, &str); 3] = [
    (" Bash command", "Bash"),
    (" Edit file", "Edit"),
    (" Create file", "Write"),
];

/// Reads a pane in which a client of this version runs; of any, where it is not known.
pub fn decode(bytes: &[u8], version: Option<&str>) -> Screen {
    // Some spaces of the oldest client are no-break spaces.
    let text = String::from_utf8_lossy(bytes).replace('\u{a0}', " ");
    let (title, text) = text.split_once('\n').unwrap_or((&text, ""));
    let version = version.and_then(number);
    let parts = Parts::of(text);
    let rule = RULES.iter().find(|rule| holds(rule, version, &parts));
    Screen {
        shows: rule.map(|rule| shows(rule.shows, &parts)),
        title_busy: works(title, version, &parts),
    }
}

/// `2.1.330`
fn number(version: &str) -> Option<Version> {
    let mut numbers = version.splitn(3, '.').map(|part| {
        let end = part.find(|c: char| !c.is_ascii_digit());
        part[..end.unwrap_or(part.len())].parse().ok()
    });
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

fn holds(rule: &Rule, version: Option<Version>, parts: &Parts<'_>) -> bool {
    version.is_none_or(|version| (rule.from..rule.before).contains(&version))
        && rule.all.iter().all(|sign| has(sign, parts))
        && !rule.none.iter().any(|sign| has(sign, parts))
}

fn has(sign: &Sign, parts: &Parts<'_>) -> bool {
    parts.part(sign.0).iter().any(|line| sign.1.is(line))
}

fn shows(sight: Sight, parts: &Parts<'_>) -> Shows {
    match sight {
        Sight::Trust => Shows::Trust,
        Sight::Permission => Shows::Permission { tool: tool(parts) },
        Sight::Question => Shows::Question,
        Sight::Plan => Shows::Plan,
        Sight::Busy => Shows::Busy,
        Sight::Retrying => retry(parts).unwrap_or(Shows::Busy),
        Sight::Compacting => Shows::Compacting,
        Sight::Idle => Shows::Idle,
        Sight::Suspended => Shows::Suspended,
    }
}

/// A dialog's header is the first line below its border, unless that is out of sight.
fn tool(parts: &Parts<'_>) -> Option<String> {
    let header = parts.part(Part::Below).first()?;
    let known = TOOLS.iter().find(|(words, _)| header.starts_with(words));
    known.map(|(_, tool)| (*tool).to_owned())
}

/// `Retrying in 6 seconds… (attempt 5/10)`, `retrying in 10s · attempt 5/10`
fn retry(parts: &Parts<'_>) -> Option<Shows> {
    let lines = parts.part(Part::Above(16));
    let told = lines
        .iter()
        .rposition(|line| Line::Has("etrying in ").is(line))?;
    // A narrow pane breaks the line.
    let told = lines[told..].join(" ");
    let (_, told) = told.split_once("etrying in ")?;
    let seconds = leading_number(told);
    let (_, told) = told.split_once("attempt ")?;
    let (attempt, of) = told.split_once('/')?;
    Some(Shows::Retrying {
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
fn works(title: &str, version: Option<Version>, parts: &Parts<'_>) -> Option<bool> {
    if version.is_some_and(|version| version >= SILENT_TITLE) {
        return None;
    }
    let mut letters = title.chars();
    let (sign, space) = (letters.next()?, letters.next()?);
    match sign {
        _ if space != ' ' => None,
        '\u{2800}'..='\u{28ff}' | '◐' | '◑' => Some(true),
        '✳' if version.is_some() && has(&HAS_BOX, parts) => Some(false),
        _ => None,
    }
}
