//! `[jump]`: how a terminal is opened.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection, replace};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JumpSection {
    terminal: Option<TerminalCommand>,
}

/// A program and its arguments; empty for the system's terminal.
#[derive(Deserialize)]
#[serde(try_from = "Vec<String>")]
struct TerminalCommand(Vec<String>);

impl SettingsSection for JumpSection {
    const SECTION_NAME: &'static str = "jump";
    const KEY_REQUIREMENTS: KeyRequirements = &[(
        "terminal",
        "a program and its arguments: [\"xterm\", \"-e\"]",
    )];

    fn apply(self, settings: &mut Settings, _home: &Path) {
        replace(
            &mut settings.terminal,
            self.terminal.map(|command| command.0),
        );
    }
}

impl TryFrom<Vec<String>> for TerminalCommand {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        match words.first() {
            Some(program) if program.is_empty() => Err("the program is empty"),
            _ => Ok(Self(words)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_terminal_is_a_list_of_words() {
        let read = |text: &str| Settings::parse(&format!("[jump]\n{text}"), Path::new("/"));
        assert_eq!(read("terminal = ['xterm', '-e']").terminal, ["xterm", "-e"]);
        assert_eq!(read("terminal = []"), Settings::default());
        for odd in [
            "terminal = 'xterm -e'",
            "terminal = ['']",
            "terminal = ['a', 1]",
        ] {
            let settings = read(odd);
            assert!(settings.terminal.is_empty());
            assert!(
                settings.problems[0].contains("a program and its arguments"),
                "{odd}"
            );
        }
        assert!(read("way = 1").problems[0].contains("jump.way is not"));
    }
}
