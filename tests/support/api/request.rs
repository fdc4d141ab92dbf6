//! The parts of a Messages request that the fake API uses.

use serde_json::Value;

use super::script::TurnScript;

const NON_PROMPT_TAGS: [(&str, &str); 6] = [
    ("<system-reminder>", "</system-reminder>"),
    ("<local-command-caveat>", "</local-command-caveat>"),
    ("<local-command-stdout>", "</local-command-stdout>"),
    ("<command-name>", "</command-name>"),
    ("<command-message>", "</command-message>"),
    ("<command-args>", "</command-args>"),
];

/// The purpose of a request: a turn of the user, or one of Claude Code's own side jobs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ModelJob {
    Turn,
    Title,
    Compact,
    /// A compaction requested with `/compact slowly`.
    CompactSlowly,
}

#[derive(Debug)]
pub(crate) struct MessagesRequest {
    pub job: ModelJob,
    pub session: Option<String>,
    pub prompt: String,
    /// The number of tool results after the prompt.
    pub step: usize,
    pub stream: bool,
    pub model: String,
    /// `Agent`, or `Task` in older versions of Claude Code.
    pub agent_tool: &'static str,
}

impl MessagesRequest {
    pub(crate) fn read(body: &Value) -> Self {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let (prompt, step) = last_prompt(messages);
        let job = job(body, &prompt);
        Self {
            prompt: match job {
                ModelJob::Turn => prompt,
                ModelJob::Title => "(title)".into(),
                ModelJob::Compact | ModelJob::CompactSlowly => "(compact)".into(),
            },
            job,
            session: session(body),
            step,
            stream: body["stream"].as_bool().unwrap_or(false),
            model: body["model"].as_str().unwrap_or("claude-fake").into(),
            agent_tool: agent_tool(body),
        }
    }
}

fn job(body: &Value, prompt: &str) -> ModelJob {
    if prompt.contains("create a detailed summary") {
        let slowly = prompt.contains("slowly");
        return if slowly {
            ModelJob::CompactSlowly
        } else {
            ModelJob::Compact
        };
    }
    let tools = body["tools"].as_array().map_or(0, Vec::len);
    if tools == 0 && body["system"].to_string().to_lowercase().contains("title") {
        return ModelJob::Title;
    }
    ModelJob::Turn
}

fn agent_tool(body: &Value) -> &'static str {
    let has = |name: &str| {
        body["tools"]
            .as_array()
            .is_some_and(|tools| tools.iter().any(|tool| tool["name"] == name))
    };
    if has("Task") && !has("Agent") {
        "Task"
    } else {
        "Agent"
    }
}

/// The session id. `user_id` is JSON text in newer versions of Claude Code, and
/// `…_session_<uuid>` in older ones.
fn session(body: &Value) -> Option<String> {
    let user = body["metadata"]["user_id"].as_str()?;
    if let Ok(parts) = serde_json::from_str::<Value>(user) {
        return parts["session_id"].as_str().map(Into::into);
    }
    user.rsplit_once("session_").map(|(_, id)| id.into())
}

/// The newest prompt of the conversation, and the number of tool results since.
fn last_prompt(messages: &[Value]) -> (String, usize) {
    let mut results = 0;
    for message in messages.iter().rev() {
        if message["role"] != "user" {
            continue;
        }
        if let Some(prompt) = prompt_of(&message["content"]) {
            return (prompt, results);
        }
        results += message["content"].as_array().map_or(0, |blocks| {
            blocks
                .iter()
                .filter(|block| block["type"] == "tool_result")
                .count()
        });
    }
    (String::new(), results)
}

/// The prompt in a message, which may hold several texts, some of them by Claude Code itself: the
/// last text that is a directive, else the last text.
fn prompt_of(content: &Value) -> Option<String> {
    let texts: Vec<String> = match content {
        Value::String(text) => vec![strip(text)],
        Value::Array(blocks) => blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .map(strip)
            .collect(),
        _ => Vec::new(),
    };
    let mut texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let directive = texts.iter().rposition(|text| TurnScript::knows(text));
    match directive {
        Some(index) => Some(texts.swap_remove(index)),
        None => texts.pop(),
    }
}

fn strip(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in NON_PROMPT_TAGS {
        while let Some(start) = text.find(open) {
            let end = text[start..]
                .find(close)
                .map_or(text.len(), |at| start + at + close.len());
            text.replace_range(start..end, "");
        }
    }
    text.lines()
        .filter(|line| !line.starts_with("[Request interrupted by user"))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_prompt_is_the_last_text_that_is_not_the_clients() {
        let body = json!({
            "stream": true,
            "tools": [{"name": "Bash"}],
            "metadata": {"user_id": "{\"session_id\":\"s1\"}"},
            "messages": [
                {"role": "user", "content": "say one"},
                {"role": "assistant", "content": []},
                {"role": "user", "content": [
                    {"type": "text", "text": "[Request interrupted by user]"},
                    {"type": "text", "text": "<system-reminder>x</system-reminder>\nbash: ls"},
                    {"type": "text", "text": "note of the client"},
                ]},
                {"role": "assistant", "content": []},
                {"role": "user", "content": [
                    {"type": "tool_result", "content": "a"},
                    {"type": "text", "text": "<system-reminder>y</system-reminder>"},
                ]},
            ],
        });
        let request = MessagesRequest::read(&body);
        assert_eq!(request.prompt, "bash: ls");
        assert_eq!(request.step, 1);
        assert_eq!(request.session.as_deref(), Some("s1"));
        assert_eq!(request.job, ModelJob::Turn);
    }

    #[test]
    fn a_request_without_tools_about_a_title_is_a_side_job() {
        let body = json!({
            "system": [{"type": "text", "text": "Make a title"}],
            "messages": [{"role": "user", "content": "stream 3s"}],
        });
        assert_eq!(MessagesRequest::read(&body).job, ModelJob::Title);
    }
}
