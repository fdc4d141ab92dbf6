//! How a session asks its owner, where that is not the usual way.

use super::row::visible;
use crate::session::{ControlModel, Session, SessionStatus};

/// Words beside a row's name that say what is special about it; mostly none.
pub(super) fn badges(session: &Session) -> Vec<String> {
    let lives = session.status != SessionStatus::Stopped;
    let headless = session.control == ControlModel::Sdk;
    let bypass = mode(session) == Some("bypassPermissions");
    let all = [
        ("Headless", lives && headless),
        ("Detached", lives && !headless && !session.attached),
        ("Bypass", lives && bypass),
        ("Unconfirmed", lives && session.unconfirmed.is_some()),
    ];
    let shown = all.into_iter().filter(|(_, shown)| *shown);
    shown.map(|(word, _)| word.to_owned()).collect()
}

/// How it asks, as a sentence; empty where it asks before it acts.
pub(super) fn asking(session: &Session) -> String {
    if session.control == ControlModel::Sdk {
        return "It is headless: nobody can be asked.".into();
    }
    let told = match mode(session) {
        None | Some("default" | "manual") => "",
        Some("acceptEdits") => "It edits files without asking.",
        Some("plan") => "It plans, and changes nothing before its plan is approved.",
        Some("auto") => "It is in auto mode: its client decides by itself and seldom asks.",
        Some("bypassPermissions") => "It asks for no permission: its permissions are bypassed.",
        Some("dontAsk") => "It asks for no permission: what is not allowed already is denied.",
        Some(other) => return visible(&format!("Its permission mode is {other}.")),
    };
    told.into()
}

fn mode(session: &Session) -> Option<&str> {
    session.claude.as_ref()?.mode.as_deref()
}
