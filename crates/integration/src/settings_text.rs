//! Our entries in the text of a settings file: text in, text out, or a refusal. Everything that is
//! not ours stays byte for byte.

use super::entries::{HookEntries, group, program_of};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstNode, CstObject, CstObjectProp, CstRootNode};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UneditableConfig {
    /// The text is not valid JSON.
    #[error("is not valid JSON ({0}), so Claude Code ignores the file; correct the file first")]
    Invalid(String),
    /// A part of the text has a form that Claude Code does not read; says which.
    #[error("cannot be edited: {0}; correct the file first")]
    Form(String),
}

/// How many of our entries a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPresence {
    /// Every entry is present and as it should be, and no other command of ours is.
    All,
    /// Some entries are missing, or some commands of ours differ.
    Some,
    /// No command of ours is present.
    None,
}

/// A text that is being edited.
struct EditedSettings {
    /// The byte order mark, if the text has one: it is not part of the JSON.
    mark: &'static str,
    root: CstRootNode,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Trims the whitespace of JSON; other Unicode whitespace is not valid there.
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
        // Claude Code accepts neither comments nor trailing commas; it stops at an error when it
        // starts (measured, 2.1.330).
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

    /// The settings; `None` for an empty text.
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

/// The property of this name. Two of the same name are refused: readers differ on which one counts.
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

/// A command that a hook runs, with the list and the group that hold it.
struct HookHandler {
    node: CstObject,
    list: CstArray,
    group: CstObject,
}

impl HookHandler {
    /// The hook program that the command runs, if the command is ours.
    fn program(&self) -> Option<PathBuf> {
        let command = self.node.get("command").and_then(|c| c.value());
        let command = command.and_then(|c| c.as_string_lit()?.decoded_value().ok());
        program_of(&command?)
    }

    fn is_ours(&self) -> bool {
        self.program().is_some()
    }

    /// Whether the command runs for every tool.
    fn is_for_all(&self) -> bool {
        self.group.get("matcher").is_none()
    }
}

/// Our commands in the list of an event. Groups of an unusual form hold none of ours.
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

/// How many of our entries a text holds.
///
/// # Errors
/// If the text is not valid JSON, or its hooks do not have the form that Claude Code reads.
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

/// The hook programs that our commands in a text run; none if the text cannot be read.
pub(super) fn named_programs(text: &str) -> BTreeSet<PathBuf> {
    let hooks = EditedSettings::parse(text).and_then(|edited| edited.hooks());
    let lists = hooks.ok().flatten().into_iter().flat_map(|hooks| {
        let properties = hooks.properties().into_iter();
        properties.filter_map(|property| property.array_value())
    });
    lists
        .flat_map(|list| our_handlers(&list))
        .filter_map(|handler| handler.program())
        .collect()
}

fn value(node: &CstObject) -> Option<Value> {
    CstNode::from(jsonc_parser::cst::CstContainerNode::from(node.clone())).to_serde_value()
}

/// The text with all of our entries, once each.
///
/// # Errors
/// As [`entry_presence`].
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

/// Removes our commands from the list of an event, and the groups that held nothing else; returns
/// whether there were any.
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

/// The text without our entries.
///
/// `before` is the text from before they were added, if that is known. If nothing else has changed
/// since, that text is returned; otherwise, it says which lists were empty and have to stay.
///
/// # Errors
/// As [`entry_presence`].
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

/// Whether a settings text disables all hooks.
///
/// # Errors
/// If the text is not valid JSON, or not an object.
pub fn disables_hooks(text: &str) -> Result<bool, UneditableConfig> {
    flag(text, "disableAllHooks")
}

/// Whether a boolean setting is true.
pub(super) fn flag(text: &str, name: &str) -> Result<bool, UneditableConfig> {
    let settings = EditedSettings::parse(text)?.settings()?;
    let value = settings.and_then(|s| s.get(name)?.value());
    Ok(value
        .and_then(|v| v.as_boolean_lit())
        .is_some_and(|v| v.value()))
}

#[cfg(test)]
mod tests;
