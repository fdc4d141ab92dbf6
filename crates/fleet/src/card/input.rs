//! The input of a tool call: the most telling fields first, and none left out.

use super::{CardWriter, LineMark};
use serde_json::{Map, Value};

/// The fields that say most about a call, whatever its tool.
const LEADING_FIELDS: [&str; 6] = [
    "command",
    "url",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
];

/// Draws all fields of a call.
pub(super) fn write_fields(tool: &str, input: &Map<String, Value>, sheet: &mut CardWriter) {
    let mut rest = input.clone();
    match tool {
        "Bash" => plain(&mut rest, "command", sheet),
        "ExitPlanMode" => plain(&mut rest, "plan", sheet),
        _ => {}
    }
    for name in LEADING_FIELDS {
        if let Some(value) = rest.shift_remove(name) {
            sheet.field(name, &value);
        }
    }
    match tool {
        "Edit" => {
            change("", &mut rest, sheet);
        }
        "MultiEdit" => changes(&mut rest, sheet),
        _ => {}
    }
    sheet.fields("", &rest);
}

/// The name of the file that a call is about, without its folder.
pub(super) fn file(input: &Map<String, Value>) -> Option<&str> {
    let path = input.get("file_path").or(input.get("notebook_path"))?;
    path.as_str()?
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
}

/// Draws a field without a label, because the whole call is about it.
fn plain(rest: &mut Map<String, Value>, name: &str, sheet: &mut CardWriter) {
    if let Some(text) = rest
        .get(name)
        .and_then(Value::as_str)
        .filter(|t| !t.is_empty())
    {
        sheet.text(LineMark::Plain, text);
        rest.shift_remove(name);
    }
}

/// Draws one replacement; `false` if the fields do not hold one.
fn change(before: &str, rest: &mut Map<String, Value>, sheet: &mut CardWriter) -> bool {
    let text = |name: &str| rest.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(old), Some(new)) = (text("old_string"), text("new_string")) else {
        return false;
    };
    sheet.label(&format!("{before}old_string → new_string"));
    sheet.change(&old, &new);
    rest.shift_remove("old_string");
    rest.shift_remove("new_string");
    true
}

/// Draws the replacements of a `MultiEdit`, in order.
fn changes(rest: &mut Map<String, Value>, sheet: &mut CardWriter) {
    let edits = rest.get("edits").and_then(Value::as_array).cloned();
    let Some(edits) = edits.filter(|edits| !edits.is_empty()) else {
        return;
    };
    rest.shift_remove("edits");
    for (n, edit) in edits.iter().enumerate() {
        let before = format!("edits {} of {}: ", n + 1, edits.len());
        match edit {
            Value::Object(edit) => {
                let mut edit = edit.clone();
                change(&before, &mut edit, sheet);
                sheet.fields(&before, &edit);
            }
            other => sheet.field(before.trim_end_matches(": "), other),
        }
    }
}
