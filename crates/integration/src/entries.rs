//! Our entries in a settings file: one command for each event.

use jsonc_parser::cst::CstInputValue;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The events of Claude Code that say something about a session or can be held. Never
/// `WorktreeCreate`: a hook for it replaces what Claude Code itself would do.
pub const HOOK_EVENTS: [&str; 15] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "PermissionDenied",
    "Notification",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
];

/// The events that version 0.1.0 did not register.
const ADDED_SINCE_0_1: [&str; 2] = ["PermissionDenied", "Notification"];

/// The events at which Claude Code waits for our hook, while a session is held or a request is
/// pending; hooks for the others run asynchronously.
const WAITING_EVENTS: [&str; 3] = ["UserPromptSubmit", "PreToolUse", "PermissionRequest"];
/// The event whose hook can return an answer.
const ANSWERABLE_EVENT: &str = "PermissionRequest";
/// The events at which a hold makes the hook wait.
const GATE_EVENTS: [&str; 2] = ["UserPromptSubmit", "PreToolUse"];
/// The timeout of a hook that may wait, in seconds: the longest that no version of Claude Code
/// overflows. Versions up to 2.1.260 count the timeout in milliseconds in 31 bits, and give up on
/// a hook with a longer one at once (measured, 2.1.160, 2.1.212 and 2.1.260). A hook that
/// reaches the timeout denies nothing, so ours exits before: see
/// `trusty_fleet::pause::MAX_HOLD`.
pub const HOOK_TIMEOUT_SECONDS: u32 = 2_147_483;
/// The timeout that version 0.1.0 wrote.
const HOOK_TIMEOUT_SECONDS_0_1: u32 = 9_999_999;
/// The end of the path of any hook program.
const HOOK_PROGRAM_SUFFIX: &str = "/trusty-hook";
/// The start of our commands; the path of the hook program follows, quoted.
const COMMAND_START: &str = "exec 2>/dev/null; h='";
/// The end of our commands.
const COMMAND_END: &str = "# trusty-bar";

/// A command for `/bin/sh` that succeeds without output even if the program is missing, cannot be
/// started or is killed.
///
/// A gate that is killed by a signal (the OOM killer, `pkill trusty`) is run again, up to five
/// times: Claude Code takes a dead hook for permission. The new gate finds Claude Code and the
/// record without the payload, which the first one has read. A killed hook for a permission
/// request is not run again: then the terminal asks.
fn command(program: &str, event: &str) -> String {
    let quoted = quoted(program);
    // A hook that runs asynchronously cannot answer, so `ask` says that this one may wait.
    let run = match event {
        ANSWERABLE_EVENT => format!(r#""$h" ask {event}"#),
        _ => format!(r#""$h" {event}"#),
    };
    let again = if GATE_EVENTS.contains(&event) {
        format!(
            "; s=$?; for n in 1 2 3 4 5; do [ $s -gt 128 ] || break; {run} </dev/null; s=$?; done"
        )
    } else {
        String::new()
    };
    format!(
        r#"{COMMAND_START}{quoted}'; [ -x "$h" ] || exit 0; {run}{again}; exit 0 {COMMAND_END}"#
    )
}

/// The command that version 0.1.0 wrote.
fn command_0_1(program: &str, event: &str) -> String {
    let quoted = quoted(program);
    let asks = if event == ANSWERABLE_EVENT {
        "ask "
    } else {
        ""
    };
    format!(r#"{COMMAND_START}{quoted}'; [ -x "$h" ] && "$h" {asks}{event}; exit 0 {COMMAND_END}"#)
}

/// A text for use between the single quotes of a shell.
fn quoted(program: &str) -> String {
    program.replace('\'', r"'\''")
}

/// The hook program that a command of ours runs, of any version; none for other commands. Ours
/// begin and end as such commands do, and name a hook program: the mark alone may stand at the end
/// of a command of the user's own.
pub(super) fn program_of(command: &str) -> Option<PathBuf> {
    let quoted = command.trim().strip_prefix(COMMAND_START)?;
    // The path may contain quotes; no path contains a zero byte.
    let plain = quoted.replace(r"'\''", "\0");
    let (program, rest) = plain.split_once('\'')?;
    let is_ours = program.ends_with(HOOK_PROGRAM_SUFFIX) && rest.ends_with(COMMAND_END);
    is_ours.then(|| PathBuf::from(program.replace('\0', "'")))
}

/// Our entry for each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEntries(Vec<(&'static str, Value)>);

impl HookEntries {
    /// The entries that run this program; `None` for a path that is not UTF-8.
    pub fn for_program(program: &Path) -> Option<Self> {
        let program = program.to_str()?;
        let of = |event| {
            (
                event,
                entry(event, &command(program, event), HOOK_TIMEOUT_SECONDS),
            )
        };
        Some(Self(HOOK_EVENTS.map(of).to_vec()))
    }

    /// The entries that version 0.1.0 wrote for this program; `None` for a path that is not UTF-8.
    pub fn of_0_1(program: &Path) -> Option<Self> {
        let program = program.to_str()?;
        let known = HOOK_EVENTS
            .into_iter()
            .filter(|e| !ADDED_SINCE_0_1.contains(e));
        let of = |event| {
            let command = command_0_1(program, event);
            (event, entry(event, &command, HOOK_TIMEOUT_SECONDS_0_1))
        };
        Some(Self(known.map(of).collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(event, entry)| (*event, entry))
    }
}

fn entry(event: &str, command: &str, timeout_seconds: u32) -> Value {
    if WAITING_EVENTS.contains(&event) {
        json!({"type": "command", "command": command, "timeout": timeout_seconds})
    } else {
        json!({"type": "command", "command": command, "async": true})
    }
}

/// The group to append to the list of an event: our command, for every tool.
pub(super) fn group(entry: &Value) -> CstInputValue {
    let hooks = vec![input(entry)];
    CstInputValue::Object(vec![("hooks".to_owned(), CstInputValue::Array(hooks))])
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(is) => CstInputValue::Bool(*is),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(all) => CstInputValue::Array(all.iter().map(input).collect()),
        Value::Object(all) => CstInputValue::Object(fields(all)),
    }
}

/// The fields, with type and command first, as people write them.
fn fields(all: &Map<String, Value>) -> Vec<(String, CstInputValue)> {
    let mut names: Vec<&String> = all.keys().collect();
    names.sort_by_key(|name| match name.as_str() {
        "type" => 0,
        "command" => 1,
        _ => 2,
    });
    let field = |name: &String| {
        (
            name.clone(),
            all.get(name).map_or(CstInputValue::Null, input),
        )
    };
    names.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use trusty_fleet::pause::MAX_HOLD;

    #[test]
    fn a_command_of_ours_names_its_program_whatever_the_path() {
        for path in ["/d/trusty/bin/trusty-hook", "/it's '' here/trusty-hook"] {
            for command in [
                command(path, "Stop"),
                command_0_1(path, "PermissionRequest"),
            ] {
                assert_eq!(program_of(&command), Some(PathBuf::from(path)), "{command}");
            }
        }
        for other in [
            "make # trusty-bar",
            "exec 2>/dev/null; h='/bin/ls'; exit 0 # trusty-bar",
        ] {
            assert_eq!(program_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_hold_ends_before_claude_code_gives_its_hook_up() {
        assert!(MAX_HOLD < Duration::from_secs(HOOK_TIMEOUT_SECONDS.into()));
    }
}
