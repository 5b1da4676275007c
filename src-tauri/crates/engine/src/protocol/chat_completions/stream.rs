//! Chat-completions events out to a client.

use super::finish_word;
use crate::{
    protocol::{stream::write_data, usage},
    request::{Delta, Finish, Usage},
};
use bytes::Bytes;
use serde_json::{Value, json};

/// Writes `chat.completion.chunk` events.
#[derive(Debug)]
pub struct Encoder {
    id: String,
    model: String,
    created_s: i64,
    include_usage: bool,
    started: bool,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Encoder {
    /// See [`crate::protocol::StreamEncoder::new`].
    #[must_use]
    pub fn new(id: &str, model: &str, created_s: i64, include_usage: bool) -> Encoder {
        Encoder {
            id: id.to_owned(),
            model: model.to_owned(),
            created_s,
            include_usage,
            started: false,
            finish: None,
            usage: None,
        }
    }

    fn write_chunk(&self, out: &mut Vec<u8>, choices: Value, usage: Option<Value>) {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created_s,
            "model": self.model,
            "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        write_data(out, &chunk);
    }

    fn write_delta(&self, out: &mut Vec<u8>, delta: Value) {
        self.write_chunk(
            out,
            json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]),
            None,
        );
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            self.write_delta(out, json!({"role": "assistant", "content": "", "refusal": null}));
        }
    }

    /// The events of one change.
    pub fn push(&mut self, delta: &Delta) -> Bytes {
        let mut out = Vec::new();
        match delta {
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Finish(finish) => self.finish = Some(*finish),
            content => {
                self.start(&mut out);
                match content {
                    Delta::Text(text) => self.write_delta(&mut out, json!({"content": text})),
                    Delta::Reasoning(text) => self.write_delta(&mut out, json!({"reasoning_content": text})),
                    Delta::ToolStart { index, id, name } => self.write_delta(
                        &mut out,
                        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
                            "function": {"name": name, "arguments": ""}}]}),
                    ),
                    Delta::ToolArguments { index, json } => self.write_delta(
                        &mut out,
                        json!({"tool_calls": [{"index": index, "function": {"arguments": json}}]}),
                    ),
                    Delta::Start { .. } | Delta::Usage(_) | Delta::Finish(_) => {}
                }
            }
        }
        out.into()
    }

    /// The reason to stop, usage when asked for, `[DONE]`.
    pub fn finish(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.start(&mut out);
        let word = finish_word(self.finish.unwrap_or(Finish::Stop));
        let last = json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": word}]);
        self.write_chunk(&mut out, last, None);
        if self.include_usage
            && let Some(tokens) = &self.usage
        {
            self.write_chunk(&mut out, json!([]), Some(usage::to_openai(tokens)));
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        out.into()
    }
}
