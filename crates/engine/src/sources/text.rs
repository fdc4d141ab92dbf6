//! Texts cut to what fits on one line, the same for every source that meets them.

use serde_json::{Map, Value};
use std::path::Path;

/// The longest detail of a tool call, in characters.
const DETAIL: usize = 120;

/// The first line that is not empty, without control characters, cut to `most` characters.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let first = text.lines().map(str::trim).find(|l| !l.is_empty())?;
    let plain: String = first
        .chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect();
    let plain = plain.trim_end();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// One line about a tool call.
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
        "AskUserQuestion" => input
            .get("questions")
            .and_then(|q| q.get(0)?.get("question")?.as_str()),
        "ExitPlanMode" => text("plan"),
        "WebFetch" => text("url"),
        "WebSearch" => text("query"),
        "Grep" | "Glob" => text("pattern"),
        _ => None,
    };
    // Headings of a plan are marked.
    let found = found.map(|f| f.trim_start_matches(['#', ' ', '\n']));
    found
        .or_else(|| {
            input
                .values()
                .filter_map(Value::as_str)
                .find(|t| is_short(t))
        })
        .and_then(|f| line(f, DETAIL))
}

fn is_short(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().nth(DETAIL).is_none()
}
