//! The answers of the model, chosen by the prompt text.
//!
//! One directive per prompt:
//!
//! | prompt | answer |
//! |---|---|
//! | `say <text>` | one text; `\n` in it breaks the line |
//! | `stream 8s` | text deltas over that time |
//! | `stall 5s` | a text with a pause of that length in its middle |
//! | `think 6s` | thinking deltas over that time, then a text |
//! | `full` | a text whose `usage.input_tokens` is 975000: the next turn compacts first, if two turns preceded it |
//! | `bash: <command>` | a Bash call |
//! | `bash-bg: <command>` | a Bash call with `run_in_background` |
//! | `parallel bash: a \|\| b` | one Bash call for each command, in one message |
//! | `call: <Tool> <input as JSON> \|\| …` | calls of any tools, in one message |
//! | `write: <path>` | a Write call with the text `new` |
//! | `edit: <path>` | a Read call, then an Edit call that replaces `old` by `new` |
//! | `ask` | an `AskUserQuestion` call with one question |
//! | `ask multi` | the same with two questions, the second one multiple choice |
//! | `plan` | an `ExitPlanMode` call (start with `--permission-mode plan`) |
//! | `agents <N> fg\|bg [<directive>]` | N Agent calls in one message; each sub-agent gets the directive (default `stream 4s`) as `agent <i>: <directive>` |
//! | `error <code> [x<N>]` | that HTTP error, N times or always |
//!
//! `say`, `stream`, `stall`, `think` and `error` may come first: `<directive> then
//! <directive>`, e.g. `stream 2s then bash: ls` (one message with both), `error 529 x2 then
//! say hi`. After the tools have run, a closing text ends the turn; `finally <directive>` at the
//! end replaces that text: `bash: touch a finally stream 3s`. Any other prompt is echoed, up to
//! 200 characters.

use std::time::Duration;

use serde_json::{Value, json};

/// The text that `edit:` expects in the file and replaces by [`NEW_TEXT`].
pub const OLD_TEXT: &str = "old";
/// The text that `write:` and `edit:` leave in the file.
pub const NEW_TEXT: &str = "new";

const DEFAULT_AGENT_PROMPT: &str = "stream 4s";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ScriptAct {
    Say(String),
    Stream(Duration),
    Stall(Duration),
    Think(Duration),
    Full,
    Call { tool: String, input: Value },
}

/// An HTTP error in place of an answer; always, if `times` is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScriptedFailure {
    pub code: u16,
    pub times: Option<u32>,
}

/// The messages of one turn, in order; the next one is due when every call of the previous one
/// has its result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TurnScript {
    pub failure: Option<ScriptedFailure>,
    messages: Vec<Vec<ScriptAct>>,
}

impl TurnScript {
    pub(crate) fn parse(prompt: &str) -> Self {
        let prompt = prompt.trim();
        let (main, closing) = match prompt.rsplit_once(" finally ") {
            Some((main, closing)) => (main, Some(closing)),
            None => (prompt, None),
        };
        let mut script =
            sequence(main).unwrap_or_else(|| Self::from_act(ScriptAct::Say(echo(prompt))));
        if script.messages.iter().flatten().any(is_call) {
            let last = closing.map_or_else(
                || Self::from_act(ScriptAct::Say("Done.".into())),
                Self::parse,
            );
            script.messages.extend(last.messages);
        }
        if script.messages.iter().all(Vec::is_empty) {
            script.messages = vec![vec![ScriptAct::Say("Recovered.".into())]];
        }
        script
    }

    /// Whether the prompt is a directive.
    pub(crate) fn knows(prompt: &str) -> bool {
        sequence(prompt.trim()).is_some()
    }

    /// The message due after `results` tool results.
    pub(crate) fn message(&self, results: usize) -> &[ScriptAct] {
        let mut due = 0;
        for message in &self.messages {
            if results <= due {
                return message;
            }
            due += message.iter().filter(|act| is_call(act)).count();
        }
        self.messages.last().map_or(&[], Vec::as_slice)
    }

    fn from_act(act: ScriptAct) -> Self {
        Self {
            failure: None,
            messages: vec![vec![act]],
        }
    }

    fn calls(acts: Vec<ScriptAct>) -> Self {
        Self {
            failure: None,
            messages: vec![acts],
        }
    }
}

fn is_call(act: &ScriptAct) -> bool {
    matches!(act, ScriptAct::Call { .. })
}

fn echo(prompt: &str) -> String {
    let start: String = prompt.chars().take(200).collect();
    format!("You said: {start}")
}

fn sequence(text: &str) -> Option<TurnScript> {
    let text = strip_agent_number(text);
    let may_go_first = ["say ", "stream ", "stall ", "think ", "error "]
        .iter()
        .any(|word| text.starts_with(word));
    let split = may_go_first.then(|| text.split_once(" then ")).flatten();
    let Some((first, rest)) = split else {
        return directive(text);
    };
    let mut first = directive(first)?;
    let rest = sequence(rest)?;
    first.failure = first.failure.or(rest.failure);
    let mut messages = rest.messages.into_iter();
    let lead = first.messages.first_mut()?;
    lead.extend(messages.next()?);
    first.messages.extend(messages);
    Some(first)
}

fn strip_agent_number(text: &str) -> &str {
    text.strip_prefix("agent ")
        .and_then(|rest| rest.split_once(": "))
        .filter(|(number, _)| number.parse::<usize>().is_ok())
        .map_or(text, |(_, directive)| directive)
}

fn directive(text: &str) -> Option<TurnScript> {
    let text = text.trim();
    if let Some((name, argument)) = text.split_once(": ")
        && let Some(script) = with_colon(name, argument.trim())
    {
        return Some(script);
    }
    match text {
        "full" => return Some(TurnScript::from_act(ScriptAct::Full)),
        "ask" => return Some(TurnScript::from_act(ask_user_question(&[color()]))),
        "ask multi" => return Some(TurnScript::from_act(ask_user_question(&[color(), sizes()]))),
        "plan" => {
            let plan = json!({"plan": "# Plan\n\n1. Look.\n2. Change.\n"});
            return Some(TurnScript::from_act(call("ExitPlanMode", plan)));
        }
        _ => {}
    }
    let (name, argument) = text.split_once(' ')?;
    match name {
        "say" => Some(TurnScript::from_act(ScriptAct::Say(
            argument.replace("\\n", "\n"),
        ))),
        "stream" => duration(argument)
            .map(ScriptAct::Stream)
            .map(TurnScript::from_act),
        "stall" => duration(argument)
            .map(ScriptAct::Stall)
            .map(TurnScript::from_act),
        "think" => duration(argument)
            .map(ScriptAct::Think)
            .map(TurnScript::from_act),
        "error" => failure(argument),
        "agents" => agents(text),
        _ => None,
    }
}

fn with_colon(name: &str, argument: &str) -> Option<TurnScript> {
    match name {
        "bash" => Some(TurnScript::from_act(bash(argument, false))),
        "bash-bg" => Some(TurnScript::from_act(bash(argument, true))),
        "parallel bash" => {
            let commands = argument.split(" || ");
            let calls = commands.map(|command| bash(command.trim(), false));
            Some(TurnScript::calls(calls.collect()))
        }
        "call" => {
            let calls = argument.split(" || ").map(written_call);
            Some(TurnScript::calls(calls.collect::<Option<_>>()?))
        }
        "write" => Some(TurnScript::from_act(call(
            "Write",
            json!({"file_path": argument, "content": format!("{NEW_TEXT}\n")}),
        ))),
        "edit" => Some(edit(argument)),
        _ => None,
    }
}

fn call(tool: &str, input: Value) -> ScriptAct {
    ScriptAct::Call {
        tool: tool.to_owned(),
        input,
    }
}

/// `Write {"file_path": …}`
fn written_call(text: &str) -> Option<ScriptAct> {
    let (tool, input) = text.trim().split_once(' ')?;
    Some(call(tool, serde_json::from_str(input).ok()?))
}

fn bash(command: &str, background: bool) -> ScriptAct {
    let mut input = json!({"command": command, "description": "Run a test command"});
    if background {
        input["run_in_background"] = true.into();
    }
    call("Bash", input)
}

/// A Read call before the Edit call: Claude Code refuses to edit a file that was not read.
fn edit(path: &str) -> TurnScript {
    let read = call("Read", json!({"file_path": path}));
    let edit = call(
        "Edit",
        json!({"file_path": path, "old_string": OLD_TEXT, "new_string": NEW_TEXT}),
    );
    TurnScript {
        failure: None,
        messages: vec![vec![read], vec![edit]],
    }
}

fn agents(text: &str) -> Option<TurnScript> {
    let rest = text.strip_prefix("agents ")?;
    let (number, rest) = rest.split_once(' ')?;
    let (mode, directive) = rest.split_once(' ').unwrap_or((rest, DEFAULT_AGENT_PROMPT));
    let background = match mode {
        "bg" => true,
        "fg" => false,
        _ => return None,
    };
    let acts = (1..=number.parse::<usize>().ok()?).map(|i| {
        call(
            "Agent",
            json!({
                "description": format!("Job {i}"),
                "prompt": format!("agent {i}: {directive}"),
                "subagent_type": "general-purpose",
                "run_in_background": background,
            }),
        )
    });
    Some(TurnScript::calls(acts.collect()))
}

fn ask_user_question(questions: &[Value]) -> ScriptAct {
    call("AskUserQuestion", json!({ "questions": questions }))
}

fn color() -> Value {
    json!({
        "question": "Which color?",
        "header": "Color",
        "multiSelect": false,
        "options": [
            {"label": "Red", "description": "Warm"},
            {"label": "Blue", "description": "Cold"},
        ],
    })
}

fn sizes() -> Value {
    json!({
        "question": "Which sizes?",
        "header": "Sizes",
        "multiSelect": true,
        "options": [
            {"label": "Small", "description": "S"},
            {"label": "Large", "description": "L"},
        ],
    })
}

fn failure(argument: &str) -> Option<TurnScript> {
    let (code, times) = match argument.split_once(' ') {
        Some((code, times)) => (code, Some(times.trim().strip_prefix('x')?.parse().ok()?)),
        None => (argument, None),
    };
    let code = code.parse().ok()?;
    Some(TurnScript {
        failure: Some(ScriptedFailure { code, times }),
        messages: vec![Vec::new()],
    })
}

/// `8s`, `1.5s`, `500ms`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_call_is_followed_by_a_closing_text() {
        let script = TurnScript::parse("bash: touch a");
        assert_eq!(script.message(0), [bash("touch a", false)]);
        assert_eq!(script.message(1), [ScriptAct::Say("Done.".into())]);
    }

    #[test]
    fn finally_replaces_the_closing_text() {
        let script = TurnScript::parse("bash: if a; then b; fi finally stream 500ms");
        assert_eq!(script.message(0), [bash("if a; then b; fi", false)]);
        assert_eq!(
            script.message(1),
            [ScriptAct::Stream(Duration::from_millis(500))]
        );
    }

    #[test]
    fn then_joins_text_and_call_in_one_message() {
        let script = TurnScript::parse("stream 2s then bash: ls");
        assert_eq!(script.message(0).len(), 2);
        assert_eq!(script.message(1), [ScriptAct::Say("Done.".into())]);
    }

    #[test]
    fn parallel_calls_wait_for_all_their_results() {
        let script = TurnScript::parse("parallel bash: touch a || touch b");
        assert_eq!(script.message(0).len(), 2);
        assert_eq!(script.message(2), [ScriptAct::Say("Done.".into())]);
    }

    #[test]
    fn an_edit_reads_first() {
        let script = TurnScript::parse("edit: /tmp/a");
        let tools: Vec<_> = (0..2)
            .map(|step| match &script.message(step)[0] {
                ScriptAct::Call { tool, .. } => tool.as_str(),
                _ => "none",
            })
            .collect();
        assert_eq!(tools, ["Read", "Edit"]);
    }

    #[test]
    fn an_error_may_be_followed_by_an_answer() {
        let script = TurnScript::parse("error 529 x2 then say hi");
        let failure = ScriptedFailure {
            code: 529,
            times: Some(2),
        };
        assert_eq!(script.failure, Some(failure));
        assert_eq!(script.message(0), [ScriptAct::Say("hi".into())]);
    }

    #[test]
    fn sub_agents_get_directives_of_their_own() {
        let script = TurnScript::parse("agents 2 bg bash: touch x");
        let ScriptAct::Call { input, .. } = &script.message(0)[1] else {
            panic!("no call");
        };
        assert_eq!(input["prompt"], "agent 2: bash: touch x");
        assert_eq!(
            TurnScript::parse("agent 2: bash: touch x").message(0),
            [bash("touch x", false)]
        );
    }

    #[test]
    fn an_unknown_prompt_is_echoed() {
        assert!(!TurnScript::knows("hello"));
        assert_eq!(
            TurnScript::parse("hello").message(0),
            [ScriptAct::Say("You said: hello".into())]
        );
    }
}
