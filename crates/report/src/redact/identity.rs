//! The user's home folder and names, and their replacement in texts.

use trusty_fleet::System;
use trusty_sources::folders::folder_name;

/// The name that stands for the user in every report.
const STAND_IN_NAME: &str = "user";
/// A name shorter than this is replaced only where it is a whole word or a whole part of a path,
/// because it may be part of anything.
const MIN_NAME_CHARS: usize = 3;
/// Names that say nothing about a person, and without which a report could not be read: decoders
/// look for these words.
const UNTOUCHED_NAMES: [&str; 34] = [
    "anthropic",
    "applications",
    "bin",
    "bun",
    "busy",
    "claude",
    "cli",
    "code",
    "contents",
    "darwin",
    "default",
    "derived",
    "dev",
    "exe",
    "home",
    "idle",
    "interactive",
    "json",
    "library",
    "linux",
    "local",
    "mac",
    "macos",
    "node",
    "private",
    "pts",
    "root",
    "sessions",
    "shell",
    "tmp",
    "tmux",
    "user",
    "users",
    "waiting",
];

/// A user's home folder, by all its paths, and names.
#[derive(Debug, Clone)]
pub struct UserIdentity {
    /// What stands for the home folder.
    home: &'static str,
    /// Each text to replace, in lower case, and its replacement; the longest first.
    homes: Vec<(String, String)>,
    /// In lower case.
    names: Vec<String>,
}

impl UserIdentity {
    /// A user whose home has these paths, and whose account has these names. The last part of each
    /// home counts as a name, too.
    pub fn new(
        system: System,
        homes: impl IntoIterator<Item = String>,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        let home = stand_in_home(system);
        let homes: Vec<String> = homes
            .into_iter()
            .map(|path| path.trim_end_matches('/').to_ascii_lowercase())
            .filter(|path| path.starts_with('/'))
            .collect();
        let last_parts = homes.iter().filter_map(|path| path.rsplit('/').next());
        let mut names: Vec<String> = names
            .into_iter()
            .chain(last_parts.map(str::to_owned))
            .flat_map(|name| [dashed_name(&name), Some(name)])
            .flatten()
            .map(|name| name.to_ascii_lowercase())
            .filter(|name| !name.is_empty() && !UNTOUCHED_NAMES.contains(&name.as_str()))
            .collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        let mut homes: Vec<(String, String)> = homes
            .into_iter()
            .flat_map(|path| {
                let dashed = folder_name(path.as_ref());
                [
                    (path, home.to_owned()),
                    (dashed, folder_name(home.as_ref())),
                ]
            })
            .collect();
        homes.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        homes.dedup();
        Self { home, homes, names }
    }

    /// What stands for the home folder.
    pub fn home(&self) -> &'static str {
        self.home
    }

    /// The text with the home and the names replaced. Letter case does not matter.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, replacement) in &self.homes {
            let is_deep = path.trim_start_matches(['/', '-']).contains(['/', '-']);
            text = replace_where(&text, path, replacement, |before, after| {
                !after.is_some_and(is_name_char) && (is_deep || !before.is_some_and(is_name_char))
            });
        }
        for name in &self.names {
            let is_short = name.chars().count() < MIN_NAME_CHARS;
            text = replace_where(&text, name, STAND_IN_NAME, |before, after| {
                let is_apart = |c: Option<char>| match c {
                    None => true,
                    Some(c) if is_short => c == '/' || c.is_whitespace(),
                    Some(c) => !c.is_alphanumeric(),
                };
                is_apart(before) && is_apart(after)
            });
        }
        text
    }
}

/// A name as it stands in the name of a folder of transcripts; none if little is left of it.
fn dashed_name(name: &str) -> Option<String> {
    let dashed = folder_name(name.as_ref());
    let letters = dashed.chars().filter(char::is_ascii_alphanumeric).count();
    let is_name = letters >= MIN_NAME_CHARS && !dashed.starts_with('-') && !dashed.ends_with('-');
    (is_name && dashed != name).then_some(dashed)
}

/// What stands for the home folder on a system.
fn stand_in_home(system: System) -> &'static str {
    match system {
        System::Linux => "/home/user",
        System::Mac => "/Users/user",
    }
}

/// Whether a character continues the last part of a path.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with each occurrence of `wanted`, which is in lower case, replaced where the characters
/// before and after it allow.
fn replace_where(
    text: &str,
    wanted: &str,
    replacement: &str,
    may: impl Fn(Option<char>, Option<char>) -> bool,
) -> String {
    // ASCII case does not change the length, so positions are the same in both.
    let lower = text.to_ascii_lowercase();
    let mut done = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = lower[at..].find(wanted) {
        let (begin, end) = (at + found, at + found + wanted.len());
        let before = text[..begin].chars().next_back();
        let after = text[end..].chars().next();
        done.push_str(&text[at..begin]);
        if may(before, after) {
            done.push_str(replacement);
            at = end;
        } else {
            let kept = text[begin..].chars().next().map_or(1, char::len_utf8);
            done.push_str(&text[begin..begin + kept]);
            at = begin + kept;
        }
    }
    done.push_str(&text[at..]);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_and_the_name_are_replaced_wherever_they_stand() {
        let homes = ["/Users/Alice", "/private/home/alice"].map(str::to_owned);
        let user = UserIdentity::new(System::Mac, homes, ["asmith".to_owned()]);
        for (text, cleaned) in [
            ("/Users/alice/x", "/Users/user/x"),
            ("/users/alice", "/Users/user"),
            ("/Users/alice2/x", "/Users/alice2/x"),
            ("/Users/alicent", "/Users/alicent"),
            (
                "/System/Volumes/Data/Users/Alice/x",
                "/System/Volumes/Data/Users/user/x",
            ),
            ("unix:/private/home/alice/s", "unix:/Users/user/s"),
            ("-Users-alice-code", "-Users-user-code"),
            ("login -pf asmith", "login -pf user"),
            ("/tmp/asmith.sock", "/tmp/user.sock"),
            ("Übung/ALICE/ß", "Übung/user/ß"),
            ("malice", "malice"),
        ] {
            assert_eq!(user.clean(text), cleaned);
        }
    }

    #[test]
    fn a_name_is_replaced_as_claude_code_writes_it_in_the_names_of_folders() {
        let homes = ["/Users/alice.smith".to_owned()];
        let user = UserIdentity::new(System::Mac, homes, []);
        for (text, cleaned) in [
            ("-Users-alice-smith-code", "-Users-user-code"),
            (
                "/private/tmp/claude-alice-smith/x",
                "/private/tmp/claude-user/x",
            ),
            ("/srv/alice.smith/x", "/srv/user/x"),
        ] {
            assert_eq!(user.clean(text), cleaned);
        }
        let user = UserIdentity::new(System::Mac, [], ["李小明".to_owned()]);
        assert_eq!(user.clean("--print x---y 李小明"), "--print x---y user");
    }

    #[test]
    fn a_short_name_is_replaced_only_where_it_stands_alone() {
        let user = UserIdentity::new(System::Linux, ["/home/a".to_owned()], ["a".to_owned()]);
        assert_eq!(
            user.clean("/home/a/b -a a /srv/a/x"),
            "/home/user/b -a user /srv/user/x"
        );
    }

    #[test]
    fn words_that_decoders_need_stay() {
        let user = UserIdentity::new(System::Linux, ["/tmp".to_owned()], ["claude".to_owned()]);
        let path = "/tmp/.local/share/claude/versions/2.1.330";
        let cleaned = "/home/user/.local/share/claude/versions/2.1.330";
        assert_eq!(user.clean(path), cleaned);
        assert_eq!(user.clean("/srv/tmp/x"), "/srv/tmp/x");
    }
}
