//! The offer to connect the hooks, as a value.

use crate::snapshot::{FolderHooks, HooksState};
use crate::text::replace_hidden_chars;
use serde::{Deserialize, Serialize};
use std::path::Path;
use utoipa::ToSchema;

/// The offer to connect the hooks, or why that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectCard {
    /// "Connect Claude Code's hooks"
    pub title: String,
    /// What it is good for, and what it changes; or why it cannot be.
    pub text: String,
    /// "Connect", "Reconnect"; none where it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// The config folders it is about, absolute paths.
    pub dirs: Vec<String>,
}

impl ConnectCard {
    /// The offer for folders that are not connected: those that were connected first, those that
    /// cannot be last. `home` is shown as `~`.
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
        // The reason names the file.
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
