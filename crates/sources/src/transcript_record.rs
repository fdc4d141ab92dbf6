//! A line of a transcript → what it says. Total: the format is internal to the client and may
//! change any day, so each field is taken if it is what it should be, and missed if not.

mod tags;

use crate::text::{detail, line};
use serde_json::{Map, Value};
use std::time::Duration;
use tags::{tag, tags};
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{RetryAttempt, ToolCall};

type JsonFields = Map<String, Value>;

/// Records of these types, which begin with their type, are understood; all others that do, some
/// of them whole requests to the model, are not even parsed.
const SHORT_RECORD_TYPES: [&[u8]; 2] = [b"permission-mode\"", b"last-prompt\""];
/// The only attachment that is more than context for the model.
const QUEUED_COMMAND_TYPE: &[u8] = b"queued_command\"";
/// How a whole request to the model begins.
const API_REQUEST_PREFIX: &[u8] = b"{\"type\":\"api-request\",";
/// Within so many bytes a record shows what it is.
const RECORD_HEAD_BYTES: usize = 512;

/// The longest prompt or error kept, in characters.
const MAX_PROMPT_CHARS: usize = 200;

/// A record of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptRecord {
    /// When it was made; short records do not tell.
    pub at: Option<Timestamp>,
    /// Which conversation it belongs to.
    pub chain: ConversationChain,
    /// The git branch; `None` if the record does not speak of it.
    pub branch: Option<String>,
    /// The permission mode, if the record names one.
    pub mode: Option<String>,
    /// What it is.
    pub what: RecordContent,
}

/// Which conversation a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationChain {
    /// That of the file.
    Main,
    /// A sub-agent's; older clients write them into the file of the main one.
    Side,
}

/// What a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordContent {
    /// A turn begins, with what a person asked if a person did.
    Turn(Option<String>),
    /// A person asked something while a turn ran.
    Asked(String),
    /// What a person asked last, repeated without its time.
    AskedBefore(String),
    /// Sub-agents and background commands that have ended.
    Ended {
        /// Their ids.
        ids: Vec<String>,
        /// Whether a turn begins with it.
        turn: bool,
    },
    /// Tool calls of these ids have a result.
    Results(Vec<String>),
    /// A piece of an answer of the model.
    Answer(AnswerPiece),
    /// An error shown in place of an answer.
    Error(String),
    /// A person stopped the turn.
    Interrupted,
    /// The client has counted how long the turn took.
    TurnCounted,
    /// A command of the client's own was called.
    CommandCalled,
    /// A command of the client's own or of the shell has run, and the model is not asked.
    CommandRan,
    /// The conversation was compacted.
    Compacted {
        /// Who wanted that.
        by: CompactionInitiator,
        /// What is left of the context, in tokens.
        tokens: Option<u64>,
    },
    /// A request failed and is to be sent again.
    Retry(RetryAttempt),
    /// A request of the conversation was sent.
    Requested,
    /// Something else.
    Other,
}

/// Who had a conversation compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactionInitiator {
    /// A person, as a turn of its own.
    Person,
    /// The client, within a turn.
    Client,
}

/// A piece of an answer of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerPiece {
    /// The id all pieces of the answer share.
    pub message: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Tokens of the request and the answer.
    pub tokens: Option<u64>,
    /// Tool calls in it.
    pub calls: Vec<ToolCall>,
    /// Whether the turn is over with it.
    pub ends: bool,
}

/// Reads one line; `None` if it says nothing we want, or nothing at all.
pub fn decode(bytes: &[u8]) -> Option<TranscriptRecord> {
    if bytes.starts_with(API_REQUEST_PREFIX) {
        return request(bytes);
    }
    if is_aside(bytes) {
        return None;
    }
    let Value::Object(fields) = serde_json::from_slice(bytes).ok()? else {
        return None;
    };
    let at = text(&fields, "timestamp").and_then(Timestamp::from_rfc3339);
    let what = match text(&fields, "type")? {
        "user" => user(&fields),
        "assistant" => assistant(&fields, at),
        "system" => system(&fields, at),
        "attachment" => attachment(&fields),
        "last-prompt" => text(&fields, "lastPrompt")
            .and_then(repeated)
            .map_or(RecordContent::Other, RecordContent::AskedBefore),
        "permission-mode" => RecordContent::Other,
        _ => return None,
    };
    let chain = if is_true(&fields, "isSidechain") {
        ConversationChain::Side
    } else {
        ConversationChain::Main
    };
    Some(TranscriptRecord {
        at,
        chain,
        branch: text(&fields, "gitBranch").map(|b| line(b, MAX_PROMPT_CHARS).unwrap_or_default()),
        mode: text(&fields, "permissionMode").and_then(|m| line(m, MAX_PROMPT_CHARS)),
        what,
    })
}

/// A whole request is large and private: all that is taken is that, and when, it was sent.
fn request(bytes: &[u8]) -> Option<TranscriptRecord> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(RECORD_HEAD_BYTES)]);
    let value = |name: &str| {
        let (_, rest) = head.split_once(&format!("\"{name}\":\""))?;
        Some(rest.split_once('"')?.0)
    };
    if value("querySource") != Some("repl_main_thread") {
        return None;
    }
    Some(TranscriptRecord {
        at: value("timestamp").and_then(Timestamp::from_rfc3339),
        chain: ConversationChain::Main,
        branch: None,
        mode: None,
        what: RecordContent::Requested,
    })
}

/// Whether a look at its beginning shows that a line need not be parsed.
fn is_aside(bytes: &[u8]) -> bool {
    if let Some(kind) = bytes.strip_prefix(b"{\"type\":\"") {
        let known = SHORT_RECORD_TYPES
            .iter()
            .any(|short| kind.starts_with(short));
        let told = ["user", "assistant", "system", "attachment"];
        return !known && !told.iter().any(|k| kind.starts_with(k.as_bytes()));
    }
    let head = &bytes[..bytes.len().min(RECORD_HEAD_BYTES)];
    let find = |word: &[u8]| head.windows(word.len()).position(|w| w == word);
    let opening = b"\"attachment\":{\"type\":\"";
    // Quotes within a text are escaped, but the input of a tool may hold any key.
    match (find(opening), find(b"\"message\":")) {
        (Some(at), message) if message.is_none_or(|m| at < m) => {
            !head[at + opening.len()..].starts_with(QUEUED_COMMAND_TYPE)
        }
        _ => false,
    }
}

fn text<'a>(fields: &'a JsonFields, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str()
}

fn is_true(fields: &JsonFields, name: &str) -> bool {
    fields.get(name) == Some(&Value::Bool(true))
}

fn object<'a>(fields: &'a JsonFields, name: &str) -> Option<&'a JsonFields> {
    fields.get(name)?.as_object()
}

/// The texts of a message: one, or one for each block.
fn texts(message: Option<&JsonFields>) -> impl Iterator<Item = &str> {
    let content = message.and_then(|m| m.get("content"));
    let whole = content.and_then(Value::as_str);
    whole.into_iter().chain(
        blocks(message)
            .filter(|b| text(b, "type") == Some("text"))
            .filter_map(|b| text(b, "text")),
    )
}

fn blocks(message: Option<&JsonFields>) -> impl Iterator<Item = &JsonFields> {
    let content = message.and_then(|m| m.get("content"));
    let list = content.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object)
}

fn user(fields: &JsonFields) -> RecordContent {
    let message = object(fields, "message");
    let results: Vec<String> = blocks(message)
        .filter(|b| text(b, "type") == Some("tool_result"))
        .filter_map(|b| text(b, "tool_use_id"))
        .map(str::to_owned)
        .collect();
    if !results.is_empty() {
        return RecordContent::Results(results);
    }
    let aside = ["isMeta", "isCompactSummary", "isVisibleInTranscriptOnly"];
    if aside.iter().any(|name| is_true(fields, name)) {
        return RecordContent::Other;
    }
    // What an editor adds goes before what the person wrote.
    let said = texts(message)
        .map(str::trim_start)
        .find(|t| !t.starts_with("<system-reminder>") && !t.starts_with("<ide_"));
    let Some(said) = said else {
        let shown = blocks(message).next().is_some_and(|b| {
            let kind = text(b, "type");
            kind == Some("image") || kind == Some("document")
        });
        return if shown {
            RecordContent::Turn(None)
        } else {
            RecordContent::Other
        };
    };
    let begins = |word: &str| said.starts_with(word);
    if begins("[Request interrupted by user") {
        RecordContent::Interrupted
    } else if begins("<task-notification>") {
        RecordContent::Ended {
            ids: ended_agents(said),
            // One about an earlier process is written down, and nobody is asked.
            turn: !is_true(fields, "queueTranscriptOnly"),
        }
    } else if begins("<local-command-") {
        RecordContent::CommandRan
    } else if begins("<bash-stdout>") || begins("<bash-stderr>") {
        // With an origin it goes to the model.
        if fields.contains_key("turnOrigin") {
            RecordContent::Other
        } else {
            RecordContent::CommandRan
        }
    } else if begins("<command-name>") {
        RecordContent::CommandCalled
    } else if begins("<command-message>") {
        RecordContent::Turn(command(said))
    } else if begins("<bash-input>") || !is_human(fields) {
        RecordContent::Turn(None)
    } else {
        RecordContent::Turn(line(said, MAX_PROMPT_CHARS))
    }
}

/// Whom a notification tells to be over; some tell of what goes on.
fn ended_agents(said: &str) -> Vec<String> {
    match tag(said, "status") {
        Some("completed" | "stopped" | "failed" | "killed") => tags(said, "task-id"),
        _ => Vec::new(),
    }
}

/// Older clients do not tell the origin.
fn is_human(fields: &JsonFields) -> bool {
    object(fields, "origin")
        .and_then(|o| text(o, "kind"))
        .is_none_or(|kind| kind == "human")
}

/// A command that is a prompt, as it was typed.
fn command(said: &str) -> Option<String> {
    let name = tag(said, "command-name")?;
    let arguments = tag(said, "command-args").unwrap_or_default();
    line(&format!("{name} {arguments}"), MAX_PROMPT_CHARS)
}

/// Repeated are also prompts that no person wrote.
fn repeated(said: &str) -> Option<String> {
    let said = said.trim_start();
    let other = said.starts_with(['<', '[', '!']) || said.contains("were stopped by the user");
    if other {
        None
    } else {
        line(said, MAX_PROMPT_CHARS)
    }
}

fn assistant(fields: &JsonFields, at: Option<Timestamp>) -> RecordContent {
    let Some(message) = object(fields, "message") else {
        return RecordContent::Other;
    };
    if is_true(fields, "isApiErrorMessage") {
        let said = texts(Some(message)).find_map(|t| line(t, MAX_PROMPT_CHARS));
        return RecordContent::Error(said.unwrap_or_default());
    }
    let model = text(message, "model");
    if model == Some("<synthetic>") {
        return RecordContent::Other;
    }
    let reason = text(message, "stop_reason");
    RecordContent::Answer(AnswerPiece {
        message: text(message, "id").map(str::to_owned),
        model: model.and_then(|m| line(m, MAX_PROMPT_CHARS)),
        tokens: object(message, "usage").and_then(tokens),
        calls: blocks(Some(message))
            .filter_map(|block| call(block, at?))
            .collect(),
        ends: reason.is_some_and(|r| r != "tool_use" && r != "pause_turn"),
    })
}

fn tokens(usage: &JsonFields) -> Option<u64> {
    let parts = [
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "output_tokens",
    ];
    let known: Vec<u64> = parts
        .iter()
        .filter_map(|part| usage.get(*part)?.as_u64())
        .collect();
    known
        .into_iter()
        .reduce(u64::saturating_add)
        .filter(|sum| *sum > 0)
}

fn call(block: &JsonFields, at: Timestamp) -> Option<ToolCall> {
    if text(block, "type") != Some("tool_use") {
        return None;
    }
    let tool = line(text(block, "name")?, MAX_PROMPT_CHARS)?;
    Some(ToolCall {
        id: text(block, "id")?.to_owned(),
        detail: object(block, "input").and_then(|input| detail(&tool, input)),
        tool,
        at,
    })
}

fn system(fields: &JsonFields, at: Option<Timestamp>) -> RecordContent {
    match text(fields, "subtype") {
        Some("turn_duration") => RecordContent::TurnCounted,
        Some("local_command") => {
            let said = text(fields, "content").unwrap_or_default().trim_start();
            if said.starts_with("<command-name>") {
                RecordContent::CommandCalled
            } else {
                RecordContent::CommandRan
            }
        }
        Some("compact_boundary") => {
            let meta = object(fields, "compactMetadata");
            let manual = meta.and_then(|m| text(m, "trigger")) == Some("manual");
            RecordContent::Compacted {
                by: if manual {
                    CompactionInitiator::Person
                } else {
                    CompactionInitiator::Client
                },
                tokens: meta.and_then(|m| m.get("postTokens")?.as_u64()),
            }
        }
        Some("api_error") => retry(fields, at).map_or(RecordContent::Other, RecordContent::Retry),
        _ => RecordContent::Other,
    }
}

fn retry(fields: &JsonFields, at: Option<Timestamp>) -> Option<RetryAttempt> {
    let number = |name: &str| {
        let value = fields.get(name)?;
        value.as_u64().and_then(|n| u32::try_from(n).ok())
    };
    // Some versions write fractions of milliseconds.
    let wait = fields.get("retryInMs").and_then(Value::as_f64);
    let wait = wait.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    Some(RetryAttempt {
        at: at?,
        attempt: number("retryAttempt")?,
        of: number("maxRetries"),
        next_at: at.zip(wait).map(|(at, wait)| at.after(wait)),
    })
}

fn attachment(fields: &JsonFields) -> RecordContent {
    let Some(queued) = object(fields, "attachment") else {
        return RecordContent::Other;
    };
    if text(queued, "type") != Some("queued_command") || is_true(queued, "isMeta") {
        return RecordContent::Other;
    }
    let mode = text(queued, "commandMode");
    let said = match queued.get("prompt") {
        Some(Value::String(said)) => Some(said.as_str()),
        Some(Value::Array(_)) => None,
        _ => return RecordContent::Other,
    };
    let Some(said) = said.map(str::trim_start) else {
        return RecordContent::Other;
    };
    if said.starts_with("<task-notification>") {
        return RecordContent::Ended {
            ids: ended_agents(said),
            turn: false,
        };
    }
    let prompt = mode.is_none_or(|m| m == "prompt") && is_human(queued) && !said.starts_with('<');
    let asked = prompt.then(|| line(said, MAX_PROMPT_CHARS)).flatten();
    asked.map_or(RecordContent::Other, RecordContent::Asked)
}

#[cfg(test)]
mod tests;
