//! `streamGenerateContent` events in. There is no end mark: the chunk with a reason to stop is the last.

use super::{
    answer::{tool_call, word},
    finish_of,
};
use crate::{
    protocol::{DecodedEvent, StreamFault, usage},
    request::{Delta, Finish, Part},
};
use serde_json::Value;

/// Reads the events of one stream, in order.
#[derive(Debug, Default)]
pub struct EventDecoder {
    started: bool,
    id: String,
    tools: usize,
}

impl EventDecoder {
    /// Reads the `data` of one event.
    ///
    /// # Errors
    /// [`StreamFault`]; nothing after it is worth reading.
    pub fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        let chunk: Value = serde_json::from_str(data)
            .map_err(|error| StreamFault::Malformed(format!("a stream event is not JSON: {error}")))?;
        if let Some(error) = chunk.get("error") {
            let kind = word(error, "status");
            return Err(StreamFault::Reported {
                kind,
                message: word(error, "message"),
            });
        }
        if !chunk.is_object() {
            return Err(StreamFault::Malformed("a stream event is not an object".into()));
        }
        let mut event = DecodedEvent::default();
        if !self.started {
            self.started = true;
            self.id = word(&chunk, "responseId");
            event.deltas.push(Delta::Start {
                id: self.id.clone(),
                model: word(&chunk, "modelVersion"),
            });
        }
        let candidate = chunk.pointer("/candidates/0").unwrap_or(&Value::Null);
        for part in candidate
            .pointer("/content/parts")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
        {
            self.read_part(part, &mut event.deltas);
        }
        if let Some(tokens) = chunk.get("usageMetadata").and_then(usage::from_gemini) {
            event.deltas.push(Delta::Usage(tokens.into()));
        }
        let reason = candidate.get("finishReason").and_then(Value::as_str);
        let blocked = chunk.pointer("/promptFeedback/blockReason").is_some() && candidate.is_null();
        if let Some(reason) = reason {
            let finish = finish_of(reason).ok_or_else(|| {
                StreamFault::Malformed(format!("the model's answer was unusable: {reason}"))
            })?;
            let finish = if finish == Finish::Stop && self.tools > 0 {
                Finish::ToolCalls
            } else {
                finish
            };
            event.deltas.push(Delta::Finish(finish));
            event.done = true;
        } else if blocked {
            event.deltas.push(Delta::Finish(Finish::Refused));
            event.done = true;
        }
        Ok(event)
    }

    fn read_part(&mut self, part: &Value, deltas: &mut Vec<Delta>) {
        if let Some(call) = part.get("functionCall") {
            let index = self.tools;
            self.tools += 1;
            if let Part::ToolCall { id, name, arguments } = tool_call(call, &self.id, index) {
                deltas.push(Delta::ToolStart { index, id, name });
                deltas.push(Delta::ToolArguments {
                    index,
                    json: arguments,
                });
            }
        } else if let Some(text) = part
            .get("text")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            let thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
            let text = text.to_owned();
            deltas.push(if thought {
                Delta::Reasoning(text)
            } else {
                Delta::Text(text)
            });
        }
    }
}
