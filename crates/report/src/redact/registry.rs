//! The content of Claude Code's registry files: known fields are kept as the decoder needs them;
//! the texts of all other fields are replaced by their length.

use super::{ReportRedactor, redacted};
use serde_json::{Map, Value};

/// Fields that hold words of Claude Code, ids or times.
const KNOWN_WORD_FIELDS: [&str; 10] = [
    "entrypoint",
    "kind",
    "nameSource",
    "peerFeatures",
    "procStart",
    "sessionId",
    "spare",
    "status",
    "version",
    "waitingFor",
];
/// Fields that hold a path.
const PATH_FIELDS: [&str; 2] = ["cwd", "messagingSocketPath"];
/// The most characters of a word of Claude Code.
const MAX_WORD_CHARS: usize = 80;
/// The most characters of the name of a field.
const MAX_FIELD_NAME_CHARS: usize = 40;

impl ReportRedactor {
    /// The content of a file. A text is content that is not JSON, of which nothing is known.
    pub(super) fn registry_content(&mut self, content: Value) -> Value {
        let Value::Object(fields) = content else {
            return unknown_value(content);
        };
        let is_derived = fields.get("nameSource").and_then(Value::as_str) == Some("derived");
        let fields = fields.into_iter().map(|(name, value)| {
            let kept = match (name.as_str(), value) {
                ("name", Value::String(text)) if is_derived => self.user.clean(&text).into(),
                ("pidDomain", Value::String(domain)) => clean_domain(&domain).into(),
                ("tmux", Value::String(target)) => self.tmux_target(&target).into(),
                (path, Value::String(text)) if PATH_FIELDS.contains(&path) => {
                    self.user.clean(&text).into()
                }
                (known, value) if KNOWN_WORD_FIELDS.contains(&known) => self.known_words(value),
                (_, value) => unknown_value(value),
            };
            (self.user.clean(&field_name(name)), kept)
        });
        Value::Object(fields.collect::<Map<String, Value>>())
    }

    fn known_words(&self, value: Value) -> Value {
        match value {
            Value::String(text) if text.chars().count() <= MAX_WORD_CHARS => {
                self.user.clean(&text).into()
            }
            Value::Array(items) => {
                let items = items.into_iter();
                items
                    .map(|item| match item {
                        item @ Value::String(_) => self.known_words(item),
                        other => unknown_value(other),
                    })
                    .collect()
            }
            other => unknown_value(other),
        }
    }

    /// The pane that the file names, `name:@1.%2`; the name is the user's.
    fn tmux_target(&mut self, target: &str) -> String {
        match target.rsplit_once(':') {
            Some((name, pane)) if pane.starts_with('@') && is_pane(pane) => {
                format!("{}:{pane}", self.session_name(name))
            }
            _ => redacted(target),
        }
    }
}

fn is_pane(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_digit() || "@.%".contains(c))
}

/// A value of which nothing is known: numbers and switches stay, texts do not.
fn unknown_value(value: Value) -> Value {
    match value {
        Value::String(text) => redacted(&text).into(),
        Value::Array(items) => items.into_iter().map(unknown_value).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (redacted(&name), unknown_value(value)))
            .collect::<Map<_, _>>()
            .into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// The name of a field, unless it is too odd to be one.
fn field_name(name: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.len() <= MAX_FIELD_NAME_CHARS && name.chars().all(is_plain) {
        name
    } else {
        redacted(&name)
    }
}

/// What stands for the id of this machine in a `pidDomain`.
pub const STAND_IN_HOST: &str = "this";

/// A `pidDomain` without the id of the machine. The collector has already marked this machine's own
/// id with [`STAND_IN_HOST`]; any other id becomes `other`.
fn clean_domain(domain: &str) -> String {
    let (system, rest) = match domain.split_once(':') {
        Some((system, rest)) => (system, Some(rest)),
        None => (domain, None),
    };
    if !["linux", "darwin", "win32"].contains(&system) {
        return redacted(domain);
    }
    let Some(rest) = rest else {
        return system.to_owned();
    };
    let (host, namespace) = match rest.split_once(":pid:[") {
        Some((host, namespace)) => (host, Some(namespace)),
        None => (rest, None),
    };
    let host = match host {
        "" => "",
        STAND_IN_HOST => STAND_IN_HOST,
        _ => "other",
    };
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match namespace
        .and_then(|n| n.strip_suffix(']'))
        .filter(|n| is_number(n))
    {
        Some(number) => format!("{system}:{host}:pid:[{number}]"),
        None => format!("{system}:{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::UserIdentity;
    use super::*;
    use serde_json::json;
    use trusty_fleet::System;

    #[test]
    fn known_fields_stay_and_texts_of_unknown_ones_go() {
        let user = UserIdentity::new(System::Mac, ["/Users/alice".to_owned()], []);
        let mut redactor = ReportRedactor::new(user);
        let kept = redactor.registry_content(json!({
            "pid": 7, "sessionId": "b6ad", "cwd": "/Users/alice/shop", "version": "2.1.330",
            "procStart": "Wed Jul  8 10:56:27 2026", "pidDomain": "linux:77aa:pid:[4026531836]",
            "tmux": "alice's secret:@1.%2", "name": "shop-0d", "nameSource": "derived",
            "status": "waiting", "waitingFor": "permission prompt", "peerFeatures": ["notify_idle"],
            "goal": "win the customer", "more": {"deep": ["text", 1, true]},
            "messagingSocketPath": "/tmp/cc-socks/7.sock",
        }));
        assert_eq!(
            kept,
            json!({
                "pid": 7, "sessionId": "b6ad", "cwd": "/Users/user/shop", "version": "2.1.330",
                "procStart": "Wed Jul  8 10:56:27 2026",
                "pidDomain": "linux:other:pid:[4026531836]",
                "tmux": "session-1:@1.%2", "name": "shop-0d", "nameSource": "derived",
                "status": "waiting", "waitingFor": "permission prompt",
                "peerFeatures": ["notify_idle"],
                "goal": "[redacted 16]", "more": {"[redacted 4]": ["[redacted 4]", 1, true]},
                "messagingSocketPath": "/tmp/cc-socks/7.sock",
            })
        );
        let given = json!({"name": "my customer", "nameSource": "user"});
        assert_eq!(redactor.registry_content(given)["name"], "[redacted 11]");
    }

    #[test]
    fn only_the_kind_of_a_pid_domain_is_kept() {
        for (domain, kept) in [
            ("darwin", "darwin"),
            ("darwin:C0FFEE:9", "darwin:other"),
            ("linux:this:pid:[40]", "linux:this:pid:[40]"),
            ("linux::pid:[40]", "linux::pid:[40]"),
            ("win32:ALICE-PC", "win32:other"),
            ("alice", "[redacted 5]"),
        ] {
            assert_eq!(clean_domain(domain), kept);
        }
    }
}
