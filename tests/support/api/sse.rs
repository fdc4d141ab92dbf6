//! The timed server-sent events of a scripted message.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::script::ScriptAct;

/// The delay before the first event. In a turn much shorter than this, Claude Code may never
/// report `busy`.
const FIRST_WORD_DELAY: Duration = Duration::from_millis(500);
const DELTA_INTERVAL: Duration = Duration::from_millis(100);
/// Enough to fill a context window of 1 million tokens, too.
const FULL_CONTEXT_TOKENS: u64 = 975_000;

/// One piece of a streaming answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StreamPiece {
    Pause(Duration),
    Event(Bytes),
    /// The first delta, from which on Claude Code shows an answer.
    FirstDelta(Bytes),
    /// The end of the message.
    Stop(Bytes),
}

/// One message of the model.
pub(crate) struct ScriptedMessage {
    pub model: String,
    pub acts: Vec<ScriptAct>,
}

impl ScriptedMessage {
    /// The events of a streaming answer.
    pub(crate) fn pieces(&self) -> Vec<StreamPiece> {
        let mut writer = StreamWriter::default();
        writer.pause(FIRST_WORD_DELAY);
        writer.event(&json!({"type": "message_start", "message": self.head(&json!([]))}));
        for act in &self.acts {
            writer.act(act);
        }
        writer.event(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": self.stop_reason(), "stop_sequence": null},
            "usage": {"output_tokens": 20},
        }));
        let stop = encode(&json!({"type": "message_stop"}));
        writer.pieces.push(StreamPiece::Stop(stop));
        writer.pieces
    }

    /// The answer to a request that does not stream.
    pub(crate) fn whole(&self) -> Value {
        let blocks: Vec<Value> = self.acts.iter().map(block).collect();
        let mut message = self.head(&json!(blocks));
        message["stop_reason"] = self.stop_reason().into();
        message
    }

    /// The sum of all pauses in the answer.
    pub(crate) fn time(&self) -> Duration {
        self.pieces()
            .iter()
            .map(|piece| match piece {
                StreamPiece::Pause(time) => *time,
                _ => Duration::ZERO,
            })
            .sum()
    }

    fn head(&self, content: &Value) -> Value {
        let input = if self.acts.contains(&ScriptAct::Full) {
            FULL_CONTEXT_TOKENS
        } else {
            1_000
        };
        json!({
            "id": id("msg"),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": null,
            "stop_sequence": null,
            "usage": {
                "input_tokens": input,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 1,
            },
        })
    }

    fn stop_reason(&self) -> &'static str {
        if self
            .acts
            .iter()
            .any(|act| matches!(act, ScriptAct::Call { .. }))
        {
            "tool_use"
        } else {
            "end_turn"
        }
    }
}

#[derive(Default)]
struct StreamWriter {
    pieces: Vec<StreamPiece>,
    blocks: usize,
    has_delta: bool,
}

impl StreamWriter {
    fn act(&mut self, act: &ScriptAct) {
        match act {
            ScriptAct::Say(text) => self.text(&[(Duration::ZERO, text.clone())]),
            ScriptAct::Full => self.text(&[(Duration::ZERO, "The context is full.".into())]),
            ScriptAct::Stream(time) => self.text(&beats(*time, "line")),
            ScriptAct::Stall(time) => self.text(&[
                (Duration::ZERO, "Before the pause, ".into()),
                (*time, "after the pause.".into()),
            ]),
            ScriptAct::Think(time) => {
                self.open(&json!({"type": "thinking", "thinking": "", "signature": ""}));
                for (pause, text) in beats(*time, "thought") {
                    self.pause(pause);
                    self.delta(&json!({"type": "thinking_delta", "thinking": text}));
                }
                self.delta(&json!({"type": "signature_delta", "signature": "ZmFrZQ=="}));
                self.close();
                self.text(&[(Duration::ZERO, "That was thought over.".into())]);
            }
            ScriptAct::Call { tool, input } => {
                self.open(&json!({
                    "type": "tool_use", "id": id("toolu"), "name": tool, "input": {},
                }));
                let input = input.to_string();
                self.delta(&json!({"type": "input_json_delta", "partial_json": input}));
                self.close();
            }
        }
    }

    fn text(&mut self, parts: &[(Duration, String)]) {
        self.open(&json!({"type": "text", "text": ""}));
        for (pause, text) in parts {
            self.pause(*pause);
            self.delta(&json!({"type": "text_delta", "text": text}));
        }
        self.close();
    }

    fn open(&mut self, block: &Value) {
        self.event(&json!({
            "type": "content_block_start", "index": self.blocks, "content_block": block,
        }));
    }

    fn close(&mut self) {
        self.event(&json!({"type": "content_block_stop", "index": self.blocks}));
        self.blocks += 1;
    }

    fn delta(&mut self, delta: &Value) {
        let event = encode(&json!({
            "type": "content_block_delta", "index": self.blocks, "delta": delta,
        }));
        self.pieces.push(if self.has_delta {
            StreamPiece::Event(event)
        } else {
            StreamPiece::FirstDelta(event)
        });
        self.has_delta = true;
    }

    fn pause(&mut self, time: Duration) {
        if !time.is_zero() {
            self.pieces.push(StreamPiece::Pause(time));
        }
    }

    fn event(&mut self, event: &Value) {
        self.pieces.push(StreamPiece::Event(encode(event)));
    }
}

/// Deltas spread evenly over a time, in short lines, so that the text also scrolls.
fn beats(time: Duration, word: &str) -> Vec<(Duration, String)> {
    let count = (time.as_millis() / DELTA_INTERVAL.as_millis()).max(1);
    let beat = time / u32::try_from(count).expect("a time of less than years");
    let mut parts = vec![(Duration::ZERO, format!("{word} 0 "))];
    parts.extend((1..=count).map(|i| {
        let end = if i % 10 == 0 { "\n\n" } else { " " };
        (beat, format!("{word} {i}{end}"))
    }));
    parts
}

fn block(act: &ScriptAct) -> Value {
    match act {
        ScriptAct::Call { tool, input } => {
            json!({"type": "tool_use", "id": id("toolu"), "name": tool, "input": input})
        }
        ScriptAct::Say(text) => json!({"type": "text", "text": text}),
        _ => json!({"type": "text", "text": "All at once."}),
    }
}

fn id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::new_v4().simple())
}

fn encode(event: &Value) -> Bytes {
    let name = event["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {event}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(acts: Vec<ScriptAct>) -> ScriptedMessage {
        ScriptedMessage {
            model: "m".into(),
            acts,
        }
    }

    #[test]
    fn a_stream_takes_its_time() {
        let time = Duration::from_millis(1500);
        assert_eq!(
            message(vec![ScriptAct::Stream(time)]).time(),
            FIRST_WORD_DELAY + time
        );
        assert_eq!(
            message(vec![ScriptAct::Think(time)]).time(),
            FIRST_WORD_DELAY + time
        );
        assert_eq!(
            message(vec![ScriptAct::Stall(time)]).time(),
            FIRST_WORD_DELAY + time
        );
    }

    #[test]
    fn a_message_has_one_first_delta_and_one_stop() {
        let pieces = message(vec![ScriptAct::Say("a".into()), ScriptAct::Say("b".into())]).pieces();
        let first = pieces
            .iter()
            .filter(|p| matches!(p, StreamPiece::FirstDelta(_)));
        assert_eq!(first.count(), 1);
        assert!(matches!(pieces.last(), Some(StreamPiece::Stop(_))));
    }
}
