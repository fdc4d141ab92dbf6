//! How a session asks for permission, where that differs from the default.

use crate::session::{ControlModel, Session, SessionStatus};
use crate::text::replace_hidden_chars;

/// Badges beside a row's name; usually none.
pub(super) fn badges(session: &Session) -> Vec<String> {
    let lives = session.status != SessionStatus::Stopped;
    let headless = session.control == ControlModel::Sdk;
    let bypass = permission_mode(session) == Some("bypassPermissions");
    let all = [
        ("Headless", lives && headless),
        ("Detached", lives && !headless && !session.attached),
        ("Bypass", lives && bypass),
        ("Unconfirmed", lives && session.unconfirmed.is_some()),
    ];
    let shown = all.into_iter().filter(|(_, shown)| *shown);
    shown.map(|(word, _)| word.to_owned()).collect()
}

/// How the session asks for permission, as a sentence; empty in the default mode, which asks before
/// it acts.
pub(crate) fn permission_sentence(session: &Session) -> String {
    if session.control == ControlModel::Sdk {
        return "The session is headless: Claude Code cannot ask you.".into();
    }
    let told = match permission_mode(session) {
        None | Some("default" | "manual") => "",
        Some("acceptEdits") => "Claude Code edits files without asking.",
        Some("plan") => "Claude Code plans, and changes nothing before you approve the plan.",
        Some("auto") => "Claude Code is in auto mode: it decides by itself and seldom asks.",
        Some("bypassPermissions") => {
            "Claude Code runs tools without asking: permissions are bypassed."
        }
        Some("dontAsk") => {
            "Claude Code does not ask: tool calls that are not already allowed are denied."
        }
        Some(other) => return replace_hidden_chars(&format!("The permission mode is {other}.")),
    };
    told.into()
}

fn permission_mode(session: &Session) -> Option<&str> {
    session.claude.as_ref()?.mode.as_deref()
}
