//! Messages events out to a client.
//!
//! This protocol shows one content block after the other. When a provider mixes the pieces of several tool calls, the later
//! call waits until the earlier one's arguments are complete JSON.

use super::stop_word;
use crate::{
    protocol::{stream::write_event, usage},
    request::{Delta, Finish, Usage},
};
use bytes::Bytes;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Text,
    Thinking,
    /// The place in `tools` of the call that is being shown.
    Tool(usize),
}

#[derive(Debug)]
struct ToolBlock {
    index: usize,
    id: String,
    name: String,
    arguments: String,
    /// How many bytes of `arguments` the client has.
    sent: usize,
    shown: bool,
}

/// Writes `message_start` … `message_stop`.
#[derive(Debug)]
pub struct Encoder {
    id: String,
    model: String,
    started: bool,
    open: Open,
    blocks: usize,
    tools: Vec<ToolBlock>,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Encoder {
    /// See [`crate::protocol::StreamEncoder::new`].
    #[must_use]
    pub fn new(id: &str, model: &str) -> Encoder {
        Encoder {
            id: id.to_owned(),
            model: model.to_owned(),
            started: false,
            open: Open::Nothing,
            blocks: 0,
            tools: Vec::new(),
            finish: None,
            usage: None,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if self.started {
            return;
        }
        self.started = true;
        let message = json!({"id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": usage::to_anthropic(&self.usage.unwrap_or_default())});
        write_event(
            out,
            "message_start",
            &json!({"type": "message_start", "message": message}),
        );
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open != Open::Nothing {
            self.open = Open::Nothing;
            let stop = json!({"type": "content_block_stop", "index": self.blocks - 1});
            write_event(out, "content_block_stop", &stop);
        }
    }

    fn open(&mut self, out: &mut Vec<u8>, what: Open, block: &Value) {
        if self.open == what {
            return;
        }
        self.close(out);
        let start = json!({"type": "content_block_start", "index": self.blocks, "content_block": block});
        write_event(out, "content_block_start", &start);
        self.open = what;
        self.blocks += 1;
    }

    fn delta(&self, out: &mut Vec<u8>, delta: &Value) {
        let event = json!({"type": "content_block_delta", "index": self.blocks - 1, "delta": delta});
        write_event(out, "content_block_delta", &event);
    }

    /// Shows waiting calls one after the other; the next begins when the one before is complete, or when `all` must go.
    fn show_tools(&mut self, out: &mut Vec<u8>, all: bool) {
        for place in 0..self.tools.len() {
            let tool = &self.tools[place];
            let complete = serde_json::from_str::<Value>(&tool.arguments).is_ok();
            let (first, pending) = (!tool.shown, tool.arguments[tool.sent..].to_owned());
            if first {
                let block = json!({"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}});
                self.open(out, Open::Tool(place), &block);
            }
            if !pending.is_empty() && self.open == Open::Tool(place) {
                self.delta(out, &json!({"type": "input_json_delta", "partial_json": pending}));
            }
            let tool = &mut self.tools[place];
            tool.shown = true;
            tool.sent = tool.arguments.len();
            if !complete && !all {
                return;
            }
        }
    }

    /// The events of one change.
    pub fn push(&mut self, delta: &Delta) -> Bytes {
        let mut out = Vec::new();
        match delta {
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Finish(finish) => self.finish = Some(*finish),
            Delta::Start { .. } => {}
            Delta::Text(text) => {
                self.start(&mut out);
                self.show_tools(&mut out, true);
                self.open(&mut out, Open::Text, &json!({"type": "text", "text": ""}));
                self.delta(&mut out, &json!({"type": "text_delta", "text": text}));
            }
            Delta::Reasoning(text) => {
                self.start(&mut out);
                self.show_tools(&mut out, true);
                let block = json!({"type": "thinking", "thinking": "", "signature": ""});
                self.open(&mut out, Open::Thinking, &block);
                self.delta(&mut out, &json!({"type": "thinking_delta", "thinking": text}));
            }
            Delta::ToolStart { index, id, name } => {
                self.start(&mut out);
                self.tools.push(ToolBlock {
                    index: *index,
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                    sent: 0,
                    shown: false,
                });
                self.show_tools(&mut out, false);
            }
            Delta::ToolArguments { index, json } => {
                if let Some(tool) = self.tools.iter_mut().rev().find(|tool| tool.index == *index) {
                    tool.arguments.push_str(json);
                }
                self.show_tools(&mut out, false);
            }
        }
        out.into()
    }

    /// The reason to stop with usage, then `message_stop`.
    pub fn finish(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.start(&mut out);
        self.show_tools(&mut out, true);
        self.close(&mut out);
        let word = stop_word(self.finish.unwrap_or(Finish::Stop));
        let last = json!({"type": "message_delta", "delta": {"stop_reason": word, "stop_sequence": null},
            "usage": usage::to_anthropic(&self.usage.unwrap_or_default())});
        write_event(&mut out, "message_delta", &last);
        write_event(&mut out, "message_stop", &json!({"type": "message_stop"}));
        out.into()
    }
}
