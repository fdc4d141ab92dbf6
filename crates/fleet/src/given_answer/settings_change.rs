//! What a lasting answer changes in Claude Code's settings, in which file, and how to undo it.
//!
//! Claude Code itself writes the change; destinations and types were measured with 2.1.330.

use crate::text::shown_path;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;
use utoipa::ToSchema;

/// One change of Claude Code's settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct SettingsChange {
    /// The value that is added or set, as it is written there: `Bash(npm test:*)`.
    pub value: String,
    /// The key in the settings, such as `permissions.allow`.
    pub key: String,
    /// The settings file; none for a change that lasts until the session ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The folders that hold a session's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingsFolders<'a> {
    /// The folder that the session was started in.
    pub workdir: &'a Path,
    /// The config folder (`~/.claude`).
    pub config: &'a Path,
}

impl SettingsFolders<'_> {
    /// The file that a `destination` of Claude Code stands for; `None` where that is no file.
    fn file(&self, destination: &str) -> Option<String> {
        let path = match destination {
            "localSettings" => self.workdir.join(".claude/settings.local.json"),
            "projectSettings" => self.workdir.join(".claude/settings.json"),
            "userSettings" => self.config.join("settings.json"),
            _ => return None,
        };
        Some(path.to_string_lossy().into_owned())
    }
}

/// What Claude Code changes when it is sent back one of its offers (`permission_suggestions`);
/// empty for an offer of unknown form.
pub fn changes_of_offer(offer: &Value, folders: SettingsFolders<'_>) -> Vec<SettingsChange> {
    offer
        .as_object()
        .and_then(|offer| changes(offer, folders))
        .unwrap_or_default()
}

fn changes(
    offer: &Map<String, Value>,
    folders: SettingsFolders<'_>,
) -> Option<Vec<SettingsChange>> {
    let text = |name: &str| offer.get(name).and_then(Value::as_str);
    let list = |name: &str| offer.get(name).and_then(Value::as_array);
    let file = folders.file(text("destination")?);
    let change = |key: &str, value: String| SettingsChange {
        value,
        key: format!("permissions.{key}"),
        file: file.clone(),
    };
    Some(match text("type")? {
        "addRules" => {
            let behaviour = text("behavior")?;
            let rules = list("rules")?.iter().filter_map(rule);
            rules.map(|rule| change(behaviour, rule)).collect()
        }
        "setMode" => vec![change("defaultMode", text("mode")?.to_owned())],
        "addDirectories" => {
            let folders = list("directories")?.iter().filter_map(Value::as_str);
            let added = folders.map(|path| change("additionalDirectories", path.to_owned()));
            added.collect()
        }
        _ => return None,
    })
}

/// A rule as it is written in the settings: `Bash(npm test:*)`.
fn rule(rule: &Value) -> Option<String> {
    let tool = rule.get("toolName")?.as_str()?;
    Some(match rule.get("ruleContent").and_then(Value::as_str) {
        Some(content) => format!("{tool}({content})"),
        None => tool.to_owned(),
    })
}

impl SettingsChange {
    /// What is changed in which file, and how to undo it; `home` is shown as `~`.
    pub fn sentence(&self, home: Option<&Path>) -> String {
        let Self { value, key, file } = self;
        let is_mode = key == "permissions.defaultMode";
        match file {
            None if is_mode => format!(
                "the session is in mode {value} until it ends; press Shift+Tab in the terminal \
                 to change the mode"
            ),
            None => format!(
                "Claude Code adds {value} to {key} until the session ends; run /permissions in \
                 the terminal to remove the entry"
            ),
            Some(file) => {
                let file = shown_path(Path::new(file), home);
                if is_mode {
                    format!(
                        "Claude Code sets {key} to {value} in {file}; delete {key} there to undo"
                    )
                } else {
                    format!(
                        "Claude Code adds {value} to {key} in {file}; delete the entry there to \
                         undo"
                    )
                }
            }
        }
    }
}
