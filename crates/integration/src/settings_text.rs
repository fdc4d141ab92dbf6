//! Our entries in the text of a settings file: text in, text out, or a refusal. What is not ours
//! stays as it is, to the byte.

use super::entries::{HookEntries, group, is_ours};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstNode, CstObject, CstObjectProp, CstRootNode};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UneditableConfig {
    /// It is no JSON.
    #[error("is not valid JSON ({0}), so Claude Code ignores the file; correct the file first")]
    Invalid(String),
    /// A part of it is not of the form that the client reads; which.
    #[error("cannot be edited: {0}; correct the file first")]
    Form(String),
}

/// How much of ours a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPresence {
    /// Every entry, as it should be.
    All,
    /// Some, or others than it should be.
    Some,
    /// None.
    None,
}

/// A text that is being edited.
struct EditedSettings {
    /// The mark of the byte order, which is no JSON.
    mark: &'static str,
    root: CstRootNode,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Without the space around it that JSON knows; Unicode's other spaces are no JSON.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

impl EditedSettings {
    fn parse(text: &str) -> Result<Self, UneditableConfig> {
        let (mark, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(body) => (BYTE_ORDER_MARK, body),
            None => ("", text),
        };
        let invalid = |e: &dyn std::fmt::Display| UneditableConfig::Invalid(e.to_string());
        // The client takes neither comments nor trailing commas; it stays at an error at its
        // start (measured, 2.1.330).
        if !trim(body).is_empty() {
            serde_json::from_str::<IgnoredAny>(body).map_err(|e| invalid(&e))?;
        }
        let options = ParseOptions {
            allow_comments: false,
            allow_trailing_commas: false,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let root = CstRootNode::parse(body, &options).map_err(|e| invalid(&e))?;
        Ok(Self { mark, root })
    }

    fn text(&self) -> String {
        format!("{}{}", self.mark, self.root)
    }

    /// The settings; none in an empty text.
    fn settings(&self) -> Result<Option<CstObject>, UneditableConfig> {
        match self.root.value() {
            None => Ok(None),
            Some(value) => value
                .as_object()
                .map(Some)
                .ok_or_else(|| UneditableConfig::Form("the top level is not an object".into())),
        }
    }

    /// The hooks, if there are any.
    fn hooks(&self) -> Result<Option<CstObject>, UneditableConfig> {
        let Some(settings) = self.settings()? else {
            return Ok(None);
        };
        match only_property(&settings, "hooks")? {
            None => Ok(None),
            Some(property) => property
                .object_value()
                .map(Some)
                .ok_or_else(|| UneditableConfig::Form("\"hooks\" is not an object".into())),
        }
    }
}

/// The property of this name; two of them mean different things to different readers.
fn only_property(
    object: &CstObject,
    name: &str,
) -> Result<Option<CstObjectProp>, UneditableConfig> {
    let named = |p: &CstObjectProp| p.decoded_name().as_deref() == Some(name);
    let mut found = object.properties().into_iter().filter(named);
    let first = found.next();
    match found.next() {
        Some(_) => Err(UneditableConfig::Form(format!("{name:?} occurs twice"))),
        None => Ok(first),
    }
}

/// A command that a hook runs, and the list and the group that hold it.
struct HookHandler {
    node: CstObject,
    list: CstArray,
    group: CstObject,
}

impl HookHandler {
    fn is_ours(&self) -> bool {
        let command = self.node.get("command").and_then(|c| c.value());
        let command = command.and_then(|c| c.as_string_lit()?.decoded_value().ok());
        command.is_some_and(|c| is_ours(&c))
    }

    /// Whether it runs whatever the tool.
    fn is_for_all(&self) -> bool {
        self.group.get("matcher").is_none()
    }
}

/// Ours in the list of an event. What is not of the usual form is not ours.
fn our_handlers(list: &CstArray) -> Vec<HookHandler> {
    let groups = list.elements().into_iter().filter_map(|g| g.as_object());
    let handlers = groups.flat_map(|group| {
        let list = group.array_value("hooks");
        let each = move |list: CstArray| {
            let nodes = list.elements().into_iter().filter_map(|h| h.as_object());
            let handler = |node| HookHandler {
                node,
                list: list.clone(),
                group: group.clone(),
            };
            nodes.map(handler).collect::<Vec<_>>()
        };
        list.map(each).unwrap_or_default()
    });
    handlers.filter(HookHandler::is_ours).collect()
}

/// How much of ours a text holds.
pub fn entry_presence(
    text: &str,
    entries: &HookEntries,
) -> Result<EntryPresence, UneditableConfig> {
    let Some(hooks) = EditedSettings::parse(text)?.hooks()? else {
        return Ok(EntryPresence::None);
    };
    let (mut found, mut right) = (0, 0);
    for property in hooks.properties() {
        let event = property.decoded_name().unwrap_or_default();
        let wanted = entries.iter().find(|(name, _)| *name == event);
        for handler in property.array_value().iter().flat_map(our_handlers) {
            found += 1;
            let is_right = wanted.is_some_and(|(_, entry)| {
                handler.is_for_all() && value(&handler.node).as_ref() == Some(entry)
            });
            right += usize::from(is_right);
        }
    }
    Ok(match (found, right) {
        (0, _) => EntryPresence::None,
        (found, right) if found == right && right == entries.iter().count() => EntryPresence::All,
        _ => EntryPresence::Some,
    })
}

fn value(node: &CstObject) -> Option<Value> {
    CstNode::from(jsonc_parser::cst::CstContainerNode::from(node.clone())).to_serde_value()
}

/// The text with all of ours, once each.
pub fn merge_hooks(text: &str, entries: &HookEntries) -> Result<String, UneditableConfig> {
    if entry_presence(text, entries)? == EntryPresence::All {
        return Ok(text.to_owned());
    }
    let edited = EditedSettings::parse(text)?;
    let settings = match edited.settings()? {
        Some(settings) => settings,
        None => edited.root.object_value_or_set(),
    };
    let form = || UneditableConfig::Form("\"hooks\" is not an object".into());
    edited.hooks()?;
    let hooks = settings.object_value_or_create("hooks").ok_or_else(form)?;
    for property in hooks.properties() {
        take_out(&property);
    }
    for (event, entry) in entries.iter() {
        only_property(&hooks, event)?;
        let list = hooks.array_value_or_create(event);
        let list = list.ok_or_else(|| {
            UneditableConfig::Form(format!("the hooks of {event} are not a list"))
        })?;
        list.append(group(entry));
    }
    Ok(edited.text())
}

/// Takes ours out of the list of an event, and the groups that held nothing else; whether there
/// were any.
fn take_out(property: &CstObjectProp) -> bool {
    let handlers = property.array_value().map(|list| our_handlers(&list));
    let handlers = handlers.unwrap_or_default();
    let any = !handlers.is_empty();
    for handler in handlers {
        handler.node.remove();
        if handler.list.elements().is_empty() {
            handler.group.remove();
        }
    }
    any
}

/// The text without any of ours. `before` is the text as it was before they came, where that is
/// known: if nothing else has changed since, it is what comes back; and lists that were empty
/// then stay.
pub fn remove_hooks(
    text: &str,
    before: Option<&str>,
    entries: &HookEntries,
) -> Result<String, UneditableConfig> {
    let before = before.filter(|b| entry_presence(b, entries) == Ok(EntryPresence::None));
    if let Some(before) = before
        && merge_hooks(before, entries).as_deref() == Ok(text)
    {
        return Ok(before.to_owned());
    }
    let edited = EditedSettings::parse(text)?;
    let Some(hooks) = edited.hooks()? else {
        return Ok(text.to_owned());
    };
    let before = before.and_then(|b| EditedSettings::parse(b).ok()?.hooks().ok()?);
    let mut any = false;
    for property in hooks.properties() {
        if !take_out(&property) {
            continue;
        }
        any = true;
        let name = property.decoded_name().unwrap_or_default();
        let is_empty = property
            .array_value()
            .is_some_and(|l| l.elements().is_empty());
        let was_there = before.as_ref().is_some_and(|b| b.get(&name).is_some());
        if is_empty && !was_there {
            property.remove();
        }
    }
    if !any {
        return Ok(text.to_owned());
    }
    if hooks.properties().is_empty()
        && before.is_none()
        && let Some(property) = edited.settings()?.and_then(|s| s.get("hooks"))
    {
        property.remove();
    }
    Ok(edited.text())
}

/// Whether a text holds no setting.
pub(super) fn is_bare(text: &str) -> bool {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let inner = trim(text)
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'));
    trim(text).is_empty() || inner.is_some_and(|t| trim(t).is_empty())
}

/// Whether the settings themselves keep every hook from running.
pub fn disables_hooks(text: &str) -> Result<bool, UneditableConfig> {
    flag(text, "disableAllHooks")
}

/// Whether a switch of the settings is on.
pub(super) fn flag(text: &str, name: &str) -> Result<bool, UneditableConfig> {
    let settings = EditedSettings::parse(text)?.settings()?;
    let value = settings.and_then(|s| s.get(name)?.value());
    Ok(value
        .and_then(|v| v.as_boolean_lit())
        .is_some_and(|v| v.value()))
}

#[cfg(test)]
mod tests;
