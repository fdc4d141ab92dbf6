//! The text of a desktop entry. Lines that are not changed stay as they are, comments included.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const MAIN_GROUP: &str = "[Desktop Entry]";
/// The characters that need no quotes in `Exec`, besides letters and digits.
const PLAIN_CHARS: &str = "/._-+:@,=";
/// The characters that keep their special meaning within quotes.
const SPECIAL_CHARS: [char; 4] = ['"', '`', '$', '\\'];

/// A desktop entry, as lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DesktopEntry(Vec<String>);

impl DesktopEntry {
    pub(super) fn parse(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    /// The value of a key in the main group, without the spaces around it.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let at = self.position(key)?;
        Some(self.0[at].split_once('=')?.1.trim())
    }

    /// Sets the value of a key in the main group.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        let line = format!("{key}={value}");
        if let Some(at) = self.position(key) {
            self.0[at] = line;
        } else if let Some(end) = self.main_group().map(|group| group.end) {
            self.0.insert(end, line);
        } else {
            self.0.extend([MAIN_GROUP.to_owned(), line]);
        }
    }

    /// Removes a key from the main group.
    pub(super) fn remove(&mut self, key: &str) {
        if let Some(at) = self.position(key) {
            self.0.remove(at);
        }
    }

    /// The program that `Exec` starts; `None` if there is none.
    pub(super) fn program(&self) -> Option<PathBuf> {
        first_argument(&unescape(self.value("Exec")?))
    }

    fn position(&self, key: &str) -> Option<usize> {
        let is_key = |line: &str| line.split_once('=').is_some_and(|(k, _)| k.trim() == key);
        self.main_group()?.find(|at| is_key(&self.0[*at]))
    }

    /// The lines of the main group, without blank lines at its end.
    fn main_group(&self) -> Option<std::ops::Range<usize>> {
        let start = self.0.iter().position(|line| line.trim() == MAIN_GROUP)? + 1;
        let rest = &self.0[start..];
        let next = rest
            .iter()
            .position(|line| line.trim_start().starts_with('['));
        let group = &rest[..next.unwrap_or(rest.len())];
        let last = group.iter().rposition(|line| !line.trim().is_empty());
        Some(start..start + last.map_or(0, |last| last + 1))
    }
}

impl fmt::Display for DesktopEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The value of `Exec` that starts a program without arguments; `None` if its path cannot be
/// written: it is not UTF-8, or holds control characters, or a `=`, which the specification forbids
/// in the name of a program.
pub(super) fn exec_value(program: &Path) -> Option<String> {
    let path = program.to_str()?;
    if path.chars().any(|c| c.is_control() || c == '=') {
        return None;
    }
    // "%" begins a field code, quoted or not.
    let path = path.replace('%', "%%");
    let is_plain = |c: char| c.is_alphanumeric() || PLAIN_CHARS.contains(c) || c == '%';
    if path.chars().all(is_plain) {
        return Some(path);
    }
    let mut quoted = String::from("\"");
    for c in path.chars() {
        if SPECIAL_CHARS.contains(&c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    // The rules for strings come on top of the rules for quotes.
    Some(quoted.replace('\\', "\\\\"))
}

/// A string value without its escapes.
fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('s') => plain.push(' '),
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('\\') | None => plain.push('\\'),
            Some(other) => plain.extend(['\\', other]),
        }
    }
    plain
}

/// The first argument of a command line, without quotes and doubled percent signs.
fn first_argument(command: &str) -> Option<PathBuf> {
    let command = command.trim_start();
    let mut argument = String::new();
    if let Some(quoted) = command.strip_prefix('"') {
        let mut chars = quoted.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => argument.push(chars.next()?),
                c => argument.push(c),
            }
        }
    } else {
        argument.extend(command.chars().take_while(|c| !c.is_whitespace()));
    }
    let argument = argument.replace("%%", "%");
    (!argument.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(argument.as_bytes())))
}
