//! Arguments of processes: flags and what the decoders depend on are kept; every other word may be
//! a prompt, a password or a name, and only its length is kept.

use super::{ReportRedactor, redacted};
use trusty_fleet::client::is_command;

/// The most characters of a flag.
const MAX_FLAG_CHARS: usize = 40;
/// Flags whose value is kept: each takes words of Claude Code.
const FLAGS_WITH_KNOWN_VALUE: [&str; 8] = [
    "--fallback-model",
    "--input-format",
    "--max-turns",
    "--model",
    "--origin",
    "--output-format",
    "--permission-mode",
    "--setting-sources",
];
/// Flags whose value is kept if it is the id of a session: the name of one is the user's.
const FLAGS_WITH_SESSION_ID: [&str; 3] = ["--resume", "--session-id", "-r"];
/// Programs that run a script, the path of which says what the process is.
const SCRIPT_RUNNERS: [&str; 3] = ["bun", "node", "nodejs"];

impl ReportRedactor {
    /// The arguments of a process that runs `executable`.
    pub(super) fn arguments(&self, executable: Option<&str>, argv: &[String]) -> Vec<String> {
        let mut done = Vec::with_capacity(argv.len());
        let mut flag_before = None;
        let mut script_follows = executable.is_some_and(is_script_runner)
            || argv.first().is_some_and(|first| is_script_runner(first));
        for (at, argument) in argv.iter().enumerate() {
            let is_kept_value = flag_before
                .take()
                .is_some_and(|flag| is_known_value(flag, argument));
            let kept = if at == 0 {
                self.program_name(argument)
            } else if is_flag(argument) {
                flag_before = Some(argument.as_str());
                argument.clone()
            } else if let Some((flag, value)) = split_flag(argument) {
                let value = if is_known_value(flag, value) {
                    value.to_owned()
                } else {
                    redacted(value)
                };
                format!("{flag}={value}")
            } else if is_kept_value || at == 1 && is_command(argument) {
                argument.clone()
            } else if script_follows && argument.starts_with('/') && !has_blank(argument) {
                script_follows = false;
                self.user.clean(argument)
            } else {
                redacted(argument)
            };
            // A user may be called like a flag.
            done.push(self.user.clean(&kept));
        }
        done
    }

    /// The first argument: a path or a name. A program may write any title there, of which the
    /// first word is kept; that of a program that writes all its arguments there is its path.
    fn program_name(&self, name: &str) -> String {
        let is_path = name.starts_with('/') && !name.chars().any(char::is_control);
        let end = if is_path {
            first_flag_in(name)
        } else {
            name.find(char::is_whitespace)
        };
        let Some(end) = end else {
            return self.user.clean(name);
        };
        let mut rest = name[end..].chars();
        rest.next();
        format!(
            "{} {}",
            self.user.clean(&name[..end]),
            redacted(rest.as_str())
        )
    }
}

/// Where the first flag begins in a path with arguments, as Electron's processes write it; the
/// path itself may contain blanks.
fn first_flag_in(title: &str) -> Option<usize> {
    let mut blanks = title.match_indices(' ');
    let begins_flag = |at: usize| {
        let after = title[at..].strip_prefix(" -")?;
        Some(after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-'))
    };
    blanks.find_map(|(at, _)| begins_flag(at)?.then_some(at))
}

fn is_script_runner(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    SCRIPT_RUNNERS.contains(&name)
}

fn has_blank(text: &str) -> bool {
    text.chars().any(char::is_whitespace)
}

/// Whether an argument is a flag without a value: `-p`, `--print`.
fn is_flag(argument: &str) -> bool {
    let plain = |rest: &str| rest.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    match argument.strip_prefix("--") {
        Some(long) => {
            long.starts_with(|c: char| c.is_ascii_lowercase())
                && plain(long)
                && long.len() <= MAX_FLAG_CHARS
        }
        None => argument.strip_prefix('-').is_some_and(|short| {
            // Longer ones may hold a value, as `-ppassword`.
            (1..=3).contains(&short.len()) && short.chars().all(|c| c.is_ascii_alphabetic())
        }),
    }
}

fn split_flag(argument: &str) -> Option<(&str, &str)> {
    argument.split_once('=').filter(|(flag, _)| is_flag(flag))
}

fn is_known_value(flag: &str, value: &str) -> bool {
    FLAGS_WITH_KNOWN_VALUE.contains(&flag) && is_word(value)
        || FLAGS_WITH_SESSION_ID.contains(&flag) && is_session_id(value)
}

/// Whether a value has the form of a UUID.
fn is_session_id(value: &str) -> bool {
    let parts = value.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12]) && value.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// Whether a value is one plain word, such as `stream-json` or `user,project`.
fn is_word(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,[]".contains(c);
    !value.is_empty() && value.len() <= MAX_FLAG_CHARS && value.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::super::UserIdentity;
    use super::*;
    use trusty_fleet::System;

    fn kept(executable: &str, words: &[&str]) -> String {
        let user = UserIdentity::new(System::Mac, ["/Users/alice".to_owned()], []);
        let argv: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let redactor = ReportRedactor::new(user);
        redactor.arguments(Some(executable), &argv).join("|")
    }

    #[test]
    fn what_decides_a_role_stays_and_everything_else_goes() {
        let native = "/Users/alice/.local/share/claude/versions/2.1.330";
        for (words, expected) in [
            (vec!["claude"], "claude"),
            (vec!["claude", "fix the login"], "claude|[redacted 13]"),
            (vec!["claude", "-p", "hunter2"], "claude|-p|[redacted 7]"),
            (
                vec!["claude", "daemon", "run"],
                "claude|daemon|[redacted 3]",
            ),
            (vec!["claude", "/review"], "claude|[redacted 7]"),
            (
                vec![
                    "claude",
                    "--setting-sources",
                    "user,project",
                    "--model=opus[1m]",
                ],
                "claude|--setting-sources|user,project|--model=opus[1m]",
            ),
            (
                vec!["claude", "--resume", "the payments thing"],
                "claude|--resume|[redacted 18]",
            ),
            (
                vec!["claude", "--resume", "payments", "-r=acme"],
                "claude|--resume|[redacted 8]|-r=[redacted 4]",
            ),
            (
                vec!["claude", "-r", "b6ad3c5e-0d1f-4a8b-9c2d-1e2f3a4b5c6d"],
                "claude|-r|b6ad3c5e-0d1f-4a8b-9c2d-1e2f3a4b5c6d",
            ),
            (
                vec!["claude", "--permission-prompt-tool", "mcp__acme__ask"],
                "claude|--permission-prompt-tool|[redacted 14]",
            ),
            (
                vec!["claude", "--mcp-config={\"a\":1}", "-psecret"],
                "claude|--mcp-config=[redacted 7]|[redacted 8]",
            ),
            (
                vec![
                    "/Users/alice/.local/bin/claude",
                    "--add-dir",
                    "/Users/alice/x",
                ],
                "/Users/user/.local/bin/claude|--add-dir|[redacted 14]",
            ),
            (vec!["claude (my customer)"], "claude [redacted 13]"),
            (
                vec!["/Applications/My - Code.app/Code --token=hunter2 -x /Users/alice"],
                "/Applications/My - Code.app/Code [redacted 31]",
            ),
        ] {
            assert_eq!(kept(native, &words), expected);
        }
    }

    #[test]
    fn the_script_of_an_interpreter_stays() {
        let script = "/Users/alice/n/@anthropic-ai/claude-code/cli.js";
        assert_eq!(
            kept(
                "/opt/homebrew/bin/node",
                &["node", "--no-warnings", script, "/private notes"]
            ),
            "node|--no-warnings|/Users/user/n/@anthropic-ai/claude-code/cli.js|[redacted 14]"
        );
        assert_eq!(
            kept("/usr/bin/login", &["login", "-pf", "alice"]),
            "login|-pf|[redacted 5]"
        );
    }
}
