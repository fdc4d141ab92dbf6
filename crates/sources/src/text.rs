//! Text cut to one line, alike for all sources.

use serde_json::{Map, Value};
use std::path::Path;
use trusty_fleet::text::summary_line;

/// The limit for the detail of a tool call, in characters.
const MAX_TOOL_DETAIL_CHARS: usize = 120;

/// The text on one line of at most `most` characters; ends with "…" if something was left out.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    summary_line(text, most)
}

/// One line about a tool call; ends with "…" if something was left out. `None` if the call lacks
/// the field that describes calls of this tool.
pub(crate) fn detail(tool: &str, input: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| input.get(name)?.as_str();
    let found = match tool {
        "Bash" | "PowerShell" => text("command"),
        "Edit" | "MultiEdit" | "Write" | "Read" | "NotebookEdit" => {
            let path = text("file_path").or_else(|| text("notebook_path"));
            path.map(|p| {
                let name = Path::new(p).file_name().and_then(|n| n.to_str());
                name.unwrap_or(p)
            })
        }
        "Agent" | "Task" => text("description"),
        "AskUserQuestion" => return question(input),
        // The heading markers at the start of a plan are dropped.
        "ExitPlanMode" => text("plan").map(|plan| plan.trim_start_matches(['#', ' ', '\n'])),
        "WebFetch" => text("url"),
        "WebSearch" => text("query"),
        "Grep" | "Glob" => text("pattern"),
        _ => return first_of_several(input),
    };
    line(found?, MAX_TOOL_DETAIL_CHARS)
}

/// The first question; ends with "…" if more follow.
fn question(input: &Map<String, Value>) -> Option<String> {
    let asked = input.get("questions")?.as_array()?;
    let first = line(
        asked.first()?.get("question")?.as_str()?,
        MAX_TOOL_DETAIL_CHARS,
    )?;
    Some(if asked.len() > 1 { open(first) } else { first })
}

/// The first short text in the input of an unknown tool.
fn first_of_several(input: &Map<String, Value>) -> Option<String> {
    let mut texts = input.values().filter_map(Value::as_str);
    let first = line(texts.find(|t| is_short(t))?, MAX_TOOL_DETAIL_CHARS)?;
    Some(if input.len() > 1 { open(first) } else { first })
}

/// Marks a line as incomplete.
fn open(line: String) -> String {
    if line.ends_with('…') {
        line
    } else {
        line + "…"
    }
}

fn is_short(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().nth(MAX_TOOL_DETAIL_CHARS).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn about(tool: &str, input: &Value) -> Option<String> {
        detail(tool, input.as_object()?)
    }

    #[test]
    fn a_detail_that_was_cut_or_folded_ends_with_an_ellipsis() {
        let hidden = format!("echo hello{}; rm -rf ~", " ".repeat(300));
        let long = format!("echo {}; rm -rf ~", "x".repeat(300));
        for (command, shown) in [
            ("make test", "make test"),
            ("make test\n", "make test"),
            (hidden.as_str(), "echo hello ; rm -rf ~…"),
            ("echo hi\n\nrm -rf ~", "echo hi…"),
            ("ls\t;rm", "ls ;rm…"),
            ("ls\u{7};rm", "ls\u{fffd};rm"),
            ("# tidy up\nrm -rf ~", "# tidy up…"),
        ] {
            let told = about("Bash", &json!({"command": command, "description": "d"}));
            assert_eq!(told.as_deref(), Some(shown), "{command:?}");
        }
        let told = about("Bash", &json!({"command": long})).expect("a command");
        assert!(
            told.ends_with("x…") && told.chars().count() == MAX_TOOL_DETAIL_CHARS,
            "{told}"
        );
    }

    #[test]
    fn a_detail_that_is_one_of_several_says_so() {
        let question = |text: &str| json!({"question": text});
        for (tool, input, shown) in [
            (
                "mcp__db__run",
                json!({"note": "harmless", "sql": "drop"}),
                "harmless…",
            ),
            ("mcp__db__run", json!({"sql": "select 1"}), "select 1"),
            (
                "AskUserQuestion",
                json!({"questions": [question("a?")]}),
                "a?",
            ),
            (
                "AskUserQuestion",
                json!({"questions": [question("a?"), question("b?")]}),
                "a?…",
            ),
            ("ExitPlanMode", json!({"plan": "# Plan\n1. go"}), "Plan…"),
        ] {
            assert_eq!(about(tool, &input).as_deref(), Some(shown), "{tool}");
        }
        // A command that is not a string is not replaced by its description.
        assert_eq!(
            about("Bash", &json!({"command": null, "description": "list"})),
            None
        );
    }
}
