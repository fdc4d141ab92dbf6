//! Which settings files Claude Code reads, by its arguments, and whether the user's hooks run.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Why the user's hooks cannot hold a session, whatever its config folder says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookObstacle {
    /// Claude Code was started with this argument or variable.
    Started(String),
    /// `disableAllHooks` is set in this file of the project.
    Disabled(PathBuf),
    /// The session runs in another pid namespace, where its hooks cannot find the pause record.
    OtherPidNamespace,
    /// The settings of this project were not read, because macOS would ask the user for access to
    /// its folder. So whether they disable the hooks is unknown until a hook reports.
    Unread(PathBuf),
}

impl HookObstacle {
    /// Whether a report of a hook disproves the obstacle.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unread(_))
    }
}

impl std::fmt::Display for HookObstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started(how) => write!(
                f,
                "Claude Code was started with {how}, which disables your hooks"
            ),
            Self::Disabled(file) => write!(
                f,
                "disableAllHooks is set in {}; remove the setting there",
                file.display()
            ),
            Self::OtherPidNamespace => f.write_str(
                "the session runs in another pid namespace, where its hooks cannot find the pause \
                 record",
            ),
            Self::Unread(folder) => write!(
                f,
                "the settings of {} were not read, because macOS guards that folder, and no hook \
                 has reported yet; send a prompt to the session first",
                folder.display()
            ),
        }
    }
}

/// Arguments with which Claude Code runs none of the user's hooks.
const BARE_ARGUMENTS: [&str; 3] = ["--bare", "--safe-mode", "--restricted"];
/// Variables that those arguments set in Claude Code's own environment; the user may set them too.
const BARE_VARIABLES: [&str; 2] = ["CLAUDE_CODE_SIMPLE", "CLAUDE_CODE_SAFE_MODE"];
/// The argument that names the settings to read, such as `project,local`.
const SETTING_SOURCES: &str = "--setting-sources";

/// A settings file of a project folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectSettings {
    /// `.claude/settings.json`
    Shared,
    /// `.claude/settings.local.json`
    Local,
}

impl ProjectSettings {
    /// Both files.
    pub const ALL_FILES: [Self; 2] = [Self::Shared, Self::Local];

    /// The path of the file below the project folder.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Shared => ".claude/settings.json",
            Self::Local => ".claude/settings.local.json",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Shared => "project",
            Self::Local => "local",
        }
    }

    /// Whether Claude Code reads the file when started with these arguments.
    pub fn is_read(self, argv: &[String]) -> bool {
        setting_sources(argv).is_none_or(|sources| names_source(sources, self.source()))
    }
}

/// Why Claude Code, started with these arguments and variables, runs none of the user's hooks;
/// `None` if it runs them. `variable` gives the value of an environment variable.
pub fn hooks_left_out(
    argv: &[String],
    variable: impl Fn(&str) -> Option<String>,
) -> Option<HookObstacle> {
    let bare = |argument: &&str| argv.iter().any(|a| a == argument);
    if let Some(argument) = BARE_ARGUMENTS.into_iter().find(bare) {
        return Some(HookObstacle::Started(argument.to_owned()));
    }
    if setting_sources(argv).is_some_and(|sources| !names_source(sources, "user")) {
        let told = format!("{SETTING_SOURCES} without \"user\"");
        return Some(HookObstacle::Started(told));
    }
    let is_on = |name: &&str| variable(name).is_some_and(|value| is_true(&value));
    let variable = BARE_VARIABLES.into_iter().find(is_on)?;
    Some(HookObstacle::Started(format!("{variable} set")))
}

/// The value of the last `--setting-sources`.
fn setting_sources(argv: &[String]) -> Option<&str> {
    let mut found = None;
    for (n, argument) in argv.iter().enumerate() {
        let Some(rest) = argument.strip_prefix(SETTING_SOURCES) else {
            continue;
        };
        if let Some(value) = rest.strip_prefix('=') {
            found = Some(value);
        } else if rest.is_empty() {
            found = argv.get(n + 1).map(String::as_str).or(found);
        }
    }
    found
}

fn names_source(sources: &str, source: &str) -> bool {
    sources.split(',').any(|named| named.trim() == source)
}

/// Whether Claude Code takes the value of a switch in its environment for true.
fn is_true(value: &str) -> bool {
    matches!(
        value.trim().to_ascii_lowercase().as_str(),
        "1" | "true" | "yes" | "on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &str) -> Vec<String> {
        words.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn arguments_that_leave_the_users_hooks_out_are_known() {
        for (words, told) in [
            ("claude", None),
            ("claude --setting-sources user,project", None),
            ("claude --setting-sources=project,user", None),
            ("claude --setting-sources", None),
            ("claude --barely", None),
            ("claude --bare", Some("--bare")),
            ("claude --resume --safe-mode", Some("--safe-mode")),
            ("claude --restricted", Some("--restricted")),
            (
                "claude --setting-sources project,local",
                Some("--setting-sources without \"user\""),
            ),
            (
                "claude --setting-sources=",
                Some("--setting-sources without \"user\""),
            ),
            (
                "claude --setting-sources user --setting-sources local",
                Some("--setting-sources without \"user\""),
            ),
        ] {
            let obstacle = hooks_left_out(&argv(words), |_| None);
            let expected = told.map(|told| HookObstacle::Started(told.to_owned()));
            assert_eq!(obstacle, expected, "{words}");
        }
    }

    #[test]
    fn variables_that_leave_the_users_hooks_out_are_known() {
        let told = |name: &str, value: &str| {
            let set = |asked: &str| (asked == name).then(|| value.to_owned());
            hooks_left_out(&argv("claude"), set)
        };
        let set = |name: &str| Some(HookObstacle::Started(format!("{name} set")));
        assert_eq!(told("CLAUDE_CODE_SIMPLE", "1"), set("CLAUDE_CODE_SIMPLE"));
        assert_eq!(
            told("CLAUDE_CODE_SAFE_MODE", "true"),
            set("CLAUDE_CODE_SAFE_MODE")
        );
        assert_eq!(told("CLAUDE_CODE_SIMPLE", "0"), None);
        assert_eq!(told("CLAUDE_CODE_SIMPLE", ""), None);
        assert_eq!(told("PATH", "1"), None);
    }

    #[test]
    fn a_client_reads_the_settings_it_was_told_to() {
        let read = |words: &str| {
            let argv = argv(words);
            ProjectSettings::ALL_FILES.map(|file| file.is_read(&argv))
        };
        assert_eq!(read("claude"), [true, true]);
        assert_eq!(read("claude --setting-sources user"), [false, false]);
        assert_eq!(read("claude --setting-sources user,local"), [false, true]);
    }
}
