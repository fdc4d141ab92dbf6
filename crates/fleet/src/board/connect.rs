//! The offer to connect hooks, as a value.

use crate::snapshot::{FolderHooks, HooksState};
use crate::text::replace_hidden_chars;
use serde::{Deserialize, Serialize};
use std::path::Path;
use utoipa::ToSchema;

/// The offer to connect hooks, or why they cannot be connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectCard {
    /// The heading, such as "Connect Claude Code's hooks".
    pub title: String,
    /// What connecting allows and changes, or why the hooks cannot be connected.
    pub text: String,
    /// "Connect" or "Reconnect"; none where the hooks cannot be connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// The config folders concerned, as absolute paths.
    pub dirs: Vec<String>,
}

impl ConnectCard {
    /// The offer for folders whose hooks are missing; without such a folder, the reason for one
    /// whose hooks cannot be connected. `home` is shown as `~`.
    pub(super) fn from_hooks(hooks: &[FolderHooks], home: Option<&Path>) -> Option<Self> {
        let among = |states: &[HooksState]| -> Vec<&FolderHooks> {
            hooks.iter().filter(|h| states.contains(&h.state)).collect()
        };
        let open = among(&[HooksState::Incomplete, HooksState::NotInstalled]);
        if !open.is_empty() {
            return Some(offer(&open, home));
        }
        let shut = among(&[HooksState::Forbidden, HooksState::Broken]);
        let first = shut.first()?;
        // `why` names the file.
        let why = first.why.as_deref().unwrap_or("no reason was given");
        Some(Self {
            title: "Hooks cannot be connected".to_owned(),
            text: replace_hidden_chars(why),
            button: None,
            dirs: dirs(&shut),
        })
    }
}

fn offer(open: &[&FolderHooks], home: Option<&Path>) -> ConnectCard {
    let files = files(open, home);
    let lost = open.iter().any(|h| h.state == HooksState::Incomplete);
    let good = "you can answer Claude Code from here and pause any session before its next tool";
    let kept = "Nothing else changes, and a backup is kept.";
    let (title, text, button) = if lost {
        let why = open.iter().find_map(|h| h.why.as_deref());
        let why = why.unwrap_or("are missing or incomplete");
        (
            "Reconnect Claude Code's hooks",
            format!(
                "Trusty Bar's entries in {files} {why}. Reconnecting adds them again, so that \
                 {good}. {kept}"
            ),
            "Reconnect",
        )
    } else {
        (
            "Connect Claude Code's hooks",
            format!("Connecting adds Trusty Bar's entries to {files}, so that {good}. {kept}"),
            "Connect",
        )
    };
    ConnectCard {
        title: title.to_owned(),
        text: replace_hidden_chars(&text),
        button: Some(button.to_owned()),
        dirs: dirs(open),
    }
}

fn dirs(hooks: &[&FolderHooks]) -> Vec<String> {
    hooks.iter().map(|h| h.dir.clone()).collect()
}

/// "~/.claude/settings.json and ~/work/.claude/settings.json"
fn files(hooks: &[&FolderHooks], home: Option<&Path>) -> String {
    let names: Vec<String> = hooks
        .iter()
        .map(|h| {
            let file = Path::new(&h.dir).join("settings.json");
            match home.and_then(|home| file.strip_prefix(home).ok()) {
                Some(rest) => format!("~/{}", rest.display()),
                None => file.display().to_string(),
            }
        })
        .collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
