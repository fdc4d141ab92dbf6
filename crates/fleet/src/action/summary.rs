//! One line about what a session was doing when it was paused.

use super::context::ActionContext;
use crate::session::Activity;
use crate::text::clean;

/// The user's note, or what the session was doing.
pub(super) fn pause_summary(standing: &ActionContext<'_>, note: Option<&str>) -> String {
    if let Some(note) = note {
        return clean(note);
    }
    let mut parts = vec![activity_text(standing)];
    match standing.agents {
        0 => {}
        1 => parts.push("1 sub-agent at work".to_owned()),
        n => parts.push(format!("{n} sub-agents at work")),
    }
    if let Some(prompt) = standing.prompt {
        parts.push(format!("asked to: {prompt}"));
    }
    parts.retain(|part| !part.is_empty());
    clean(&parts.join("; "))
}

fn activity_text(standing: &ActionContext<'_>) -> String {
    if let Some(need) = standing.need {
        let tool = need.tool.as_deref().unwrap_or("an answer");
        return match &need.detail {
            Some(detail) => format!("waited for {tool}: {detail}"),
            None => format!("waited for {tool}"),
        };
    }
    match standing.activity {
        Some(Activity::Working {
            tool: Some(tool),
            detail,
            ..
        }) => match detail {
            Some(detail) => format!("ran {tool}: {detail}"),
            None => format!("ran {tool}"),
        },
        Some(Activity::Working { .. }) => "was answering".to_owned(),
        Some(Activity::Compacting { .. }) => "was compacting".to_owned(),
        Some(Activity::Retrying { .. }) => "was retrying a request".to_owned(),
        Some(Activity::Failed { error, .. }) => format!("had failed: {error}"),
        Some(_) => "was idle".to_owned(),
        None => String::new(),
    }
}

/// Precedes the last lines of a pane in a summary.
const PANE_PREFIX: &str = "in its pane: ";
/// The longest summary that fits into a row, in characters.
const MAX_HEADLINE_CHARS: usize = 120;

/// Appends the last lines of the session's pane to a summary.
pub fn with_pane(summary: &str, lines: &str) -> String {
    match summary {
        "" => clean(&format!("{PANE_PREFIX}{lines}")),
        summary => clean(&format!("{summary}; {PANE_PREFIX}{lines}")),
    }
}

/// The part of a summary that a row shows: without the pane's lines, and at most 120 characters.
/// What was cut is replaced with "…".
pub fn headline(summary: &str) -> String {
    let shown = match summary.split_once(PANE_PREFIX) {
        None => summary.to_owned(),
        Some((before, _)) => match before.trim_end_matches([';', ' ']) {
            "" => return String::new(),
            before => format!("{before}…"),
        },
    };
    if shown.chars().count() <= MAX_HEADLINE_CHARS {
        return shown;
    }
    let cut = shown.chars().take(MAX_HEADLINE_CHARS - 1);
    cut.chain(std::iter::once('…')).collect()
}
