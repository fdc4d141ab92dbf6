//! Claude Code's offers not to ask again (`permission_suggestions`), in words.

use super::{CardOffer, visible_text};
use serde_json::{Map, Value};

/// The longest offer that is shown, in characters; a longer one is not read at a glance.
const MAX_OFFER_CHARS: usize = 600;

/// The offers that can be shown in full.
pub(super) fn offers(suggestions: &[Value]) -> Vec<CardOffer> {
    let all = suggestions.iter().enumerate();
    let all = all.map(|(suggestion, offer)| CardOffer {
        suggestion,
        text: offer_text(offer).unwrap_or_else(|| visible_text::text(&offer.to_string())),
    });
    all.filter(|offer| offer.text.chars().count() <= MAX_OFFER_CHARS)
        .collect()
}

/// The offer in words; `None` unless its form is known and holds no other field.
fn offer_text(offer: &Value) -> Option<String> {
    let offer = offer.as_object()?;
    let only = |names: &[&str]| offer.keys().all(|name| names.contains(&name.as_str()));
    let place = destination_text(text(offer, "destination")?)?;
    match text(offer, "type")? {
        "addRules" if only(&["type", "rules", "behavior", "destination"]) => {
            let verb = match text(offer, "behavior")? {
                "allow" => "allow",
                _ => return None,
            };
            let rules = list(offer.get("rules")?, |rule| {
                let rule = rule.as_object()?;
                let known = |name: &String| name == "toolName" || name == "ruleContent";
                rule.keys().all(known).then_some(())?;
                let content = match rule.get("ruleContent") {
                    None => None,
                    Some(content) => Some(content.as_str()?),
                };
                Some(rule_words(text(rule, "toolName")?, content))
            })?;
            Some(format!("Always {verb} {rules} {place}"))
        }
        "setMode" if only(&["type", "mode", "destination"]) => {
            let mode = match text(offer, "mode")? {
                "acceptEdits" => "Accept all edits",
                "bypassPermissions" => "Allow everything without asking",
                "default" => "Ask before each edit and command",
                "plan" => "Plan only",
                _ => return None,
            };
            Some(format!("{mode} {place}"))
        }
        "addDirectories" if only(&["type", "directories", "destination"]) => {
            let folders = list(offer.get("directories")?, |folder| {
                Some(code(folder.as_str()?))
            })?;
            Some(format!("Allow access to {folders} {place}"))
        }
        _ => None,
    }
}

/// "Bash commands that begin with `npm test`".
fn rule_words(tool: &str, content: Option<&str>) -> String {
    let Some(content) = content else {
        return format!("every use of {}", visible_text::text(tool));
    };
    let start = content.strip_suffix(":*").or(content.strip_suffix(" *"));
    match (tool, start) {
        ("Bash", Some(start)) if !start.contains('*') && !start.is_empty() => {
            format!("Bash commands that begin with {}", code(start))
        }
        ("Bash", _) if content.contains('*') => format!("Bash commands like {}", code(content)),
        ("Bash", _) => format!("the Bash command {}", code(content)),
        ("WebFetch", _) if content.starts_with("domain:") => {
            format!(
                "WebFetch from {}",
                code(content.trim_start_matches("domain:"))
            )
        }
        _ => format!("{} of {}", visible_text::text(tool), code(content)),
    }
}

fn destination_text(destination: &str) -> Option<&'static str> {
    Some(match destination {
        "session" => "for this session",
        "localSettings" => "in this project (local settings)",
        "projectSettings" => "in this project, for everyone who works on it (project settings)",
        "userSettings" => "in all projects (user settings)",
        _ => return None,
    })
}

fn code(text: &str) -> String {
    format!("`{}`", visible_text::text(text))
}

fn text<'a>(from: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    from.get(name)?.as_str()
}

/// "a", "a and b", "a, b and c"; `None` for an empty list or an item without words.
fn list(of: &Value, words: impl Fn(&Value) -> Option<String>) -> Option<String> {
    let all = of.as_array()?.iter().map(words);
    let mut all: Vec<String> = all.collect::<Option<_>>()?;
    let last = all.pop()?;
    Some(match all.as_slice() {
        [] => last,
        before => format!("{} and {last}", before.join(", ")),
    })
}
