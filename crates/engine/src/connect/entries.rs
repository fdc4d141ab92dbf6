//! What stands in a settings file for us: for each event, one command.

use jsonc_parser::cst::CstInputValue;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The events of the client that say something of a session or can be held. Never
/// `WorktreeCreate`: a hook of it replaces what the client does itself.
pub const EVENTS: [&str; 13] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
];

/// The events that the client waits for, for as long as a session is held or an answer is asked
/// for; the others only tell.
const WAITS: [&str; 3] = ["UserPromptSubmit", "PreToolUse", "PermissionRequest"];
/// The one of them that takes an answer.
const ASKS: &str = "PermissionRequest";
/// In seconds. A hook that takes longer forbids nothing, so it has ended before.
const TIMEOUT: u32 = 9_999_999;
/// Ends the path of the hook program.
const PROGRAM_ENDING: &str = "/trusty-hook";
/// Begins a command of ours; the path of the hook program follows, quoted.
const COMMAND_START: &str = "exec 2>/dev/null; h='";
/// Ends a command of ours.
const MARK: &str = "# trusty-bar";

/// A command for `/bin/sh` that ends well and says nothing even if the program is gone, cannot
/// be started or is killed.
fn command(program: &str, event: &str) -> String {
    let quoted = program.replace('\'', r"'\''");
    // A client that does not wait for it takes no answer, so the command says that it may wait.
    let asks = if event == ASKS { "ask " } else { "" };
    format!(r#"{COMMAND_START}{quoted}'; [ -x "$h" ] && "$h" {asks}{event}; exit 0 {MARK}"#)
}

/// Whether a command is ours, of this version or of another: it begins and ends as ours do, and
/// is about a hook program. The mark alone may stand behind a command of the user's own.
pub(super) fn is_ours(command: &str) -> bool {
    let quoted = command.trim().strip_prefix(COMMAND_START);
    // The path may hold quotes.
    let plain = quoted.map(|quoted| quoted.replace(r"'\''", "\""));
    let parts = plain.as_deref().and_then(|plain| plain.split_once('\''));
    parts.is_some_and(|(program, rest)| program.ends_with(PROGRAM_ENDING) && rest.ends_with(MARK))
}

/// Our entry for each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries(Vec<(&'static str, Value)>);

impl Entries {
    /// Those that run this program; none for a path that JSON cannot hold.
    pub fn of(program: &Path) -> Option<Self> {
        let program = program.to_str()?;
        let of = |event: &'static str| {
            let command = command(program, event);
            let entry = if WAITS.contains(&event) {
                json!({"type": "command", "command": command, "timeout": TIMEOUT})
            } else {
                json!({"type": "command", "command": command, "async": true})
            };
            (event, entry)
        };
        Some(Self(EVENTS.map(of).to_vec()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(event, entry)| (*event, entry))
    }
}

/// What is put into the list of an event: our command, for every tool.
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

/// The type and the command first, as people write it.
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
