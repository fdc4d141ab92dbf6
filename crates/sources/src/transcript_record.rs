//! Decodes one line of a transcript. The format is internal to Claude Code and may change at any
//! time, so every field is optional, and one of an unexpected type is ignored.

mod tags;

use crate::text::{detail, line};
use serde_json::{Map, Value};
use std::time::Duration;
use tags::{tag, tags};
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{RetryAttempt, ToolCall};

type JsonFields = Map<String, Value>;

/// The types of records that begin with their type and are decoded. Other records that begin so,
/// except messages and attachments, are not even parsed; some are whole requests to the model.
const SHORT_RECORD_TYPES: [&[u8]; 2] = [b"permission-mode\"", b"last-prompt\""];
/// The only attachment that is more than context for the model.
const QUEUED_COMMAND_TYPE: &[u8] = b"queued_command\"";
/// The beginning of a whole request to the model.
const API_REQUEST_PREFIX: &[u8] = b"{\"type\":\"api-request\",";
/// How much of a record is enough to show its kind, in bytes.
const RECORD_HEAD_BYTES: usize = 512;

/// The limit for a prompt or an error, in characters.
const MAX_PROMPT_CHARS: usize = 200;

/// A record of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptRecord {
    /// When the record was made; short records carry no time.
    pub at: Option<Timestamp>,
    /// The conversation to which the record belongs.
    pub chain: ConversationChain,
    /// The git branch; `None` if the record has no such field.
    pub branch: Option<String>,
    /// The permission mode, if the record names one.
    pub mode: Option<String>,
    /// The content.
    pub what: RecordContent,
}

/// The conversation to which a record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationChain {
    /// The main conversation of the file.
    Main,
    /// That of a sub-agent; older versions write it into the file of the main one.
    Side,
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordContent {
    /// A turn begins, with the prompt if a person wrote one.
    Turn(Option<String>),
    /// A person wrote a prompt during a turn.
    Asked(String),
    /// The last prompt, repeated without its time.
    AskedBefore(String),
    /// Sub-agents and background commands ended.
    Ended {
        /// Their ids.
        ids: Vec<String>,
        /// Whether a turn begins with this record.
        turn: bool,
    },
    /// Tool calls of these ids have a result.
    Results(Vec<String>),
    /// A piece of an answer of the model.
    Answer(AnswerPiece),
    /// An error that Claude Code shows in place of an answer.
    Error(String),
    /// A person stopped the turn.
    Interrupted,
    /// Claude Code recorded the duration of the turn.
    TurnCounted,
    /// A command of Claude Code itself was called.
    CommandCalled,
    /// A command of Claude Code itself or of the shell ran, and the model is not asked.
    CommandRan,
    /// The conversation was compacted.
    Compacted {
        /// Who started the compaction.
        by: CompactionInitiator,
        /// The size of the remaining context, in tokens.
        tokens: Option<u64>,
    },
    /// A request failed and will be sent again.
    Retry(RetryAttempt),
    /// A request of the conversation was sent.
    Requested,
    /// Anything else.
    Other,
}

/// Who started a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactionInitiator {
    /// A person, as a turn of its own.
    Person,
    /// Claude Code, within a turn.
    Client,
}

/// A piece of an answer of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerPiece {
    /// The id that all pieces of the answer share.
    pub message: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The tokens of the request and the answer together.
    pub tokens: Option<u64>,
    /// The tool calls in this piece.
    pub calls: Vec<ToolCall>,
    /// Whether the answer ends the turn.
    pub ends: bool,
}

/// Decodes one line; `None` if it is not a record or of a kind that is not needed.
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

/// Reads a whole request to the model, which is large and private: only its existence and its time
/// are kept.
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

/// Whether the beginning of a line shows that it need not be parsed.
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
    // Quotes within a text are escaped, but the input of a tool may contain any key.
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

/// The texts of a message: its content, or one for each block.
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
    // An editor puts its additions before what the person wrote.
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
            // A notification about an earlier process is only recorded, and the model is not asked.
            turn: !is_true(fields, "queueTranscriptOnly"),
        }
    } else if begins("<local-command-") {
        RecordContent::CommandRan
    } else if begins("<bash-stdout>") || begins("<bash-stderr>") {
        // Output with an origin is sent to the model.
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

/// The ids that a notification reports as ended; other notifications report progress.
fn ended_agents(said: &str) -> Vec<String> {
    match tag(said, "status") {
        Some("completed" | "stopped" | "failed" | "killed") => tags(said, "task-id"),
        _ => Vec::new(),
    }
}

/// Whether a person is the origin, or the record has none, as in older versions.
fn is_human(fields: &JsonFields) -> bool {
    object(fields, "origin")
        .and_then(|o| text(o, "kind"))
        .is_none_or(|kind| kind == "human")
}

/// A command that serves as a prompt, as typed.
fn command(said: &str) -> Option<String> {
    let name = tag(said, "command-name")?;
    let arguments = tag(said, "command-args").unwrap_or_default();
    line(&format!("{name} {arguments}"), MAX_PROMPT_CHARS)
}

/// A repeated prompt; `None` if no person wrote it.
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
