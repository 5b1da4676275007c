//! `streamGenerateContent` events in. There is no end mark: the answer ends with the body, once a reason to stop has come. Some
//! servers give that reason in every chunk, so it does not end anything by itself.

use super::{
    answer::{tool_call, word},
    finish_of,
};
use crate::{
    protocol::{DecodedEvent, StreamFault, usage},
    request::{Delta, Finish, Part, Usage},
};
use serde_json::Value;

/// Reads the events of one stream, in order.
#[derive(Debug, Default)]
pub struct EventDecoder {
    started: bool,
    id: String,
    tools: usize,
    finish: Option<Finish>,
    /// As it stood in the latest chunk with a reason to stop, or after one: before that it counts a part of the answer.
    usage: Option<Usage>,
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
        let reason = candidate.get("finishReason").and_then(Value::as_str);
        let blocked = chunk.pointer("/promptFeedback/blockReason").is_some() && candidate.is_null();
        if let Some(reason) = reason {
            let finish = finish_of(reason).ok_or_else(|| {
                StreamFault::Malformed(format!("the model's answer was unusable: {reason}"))
            })?;
            self.finish = Some(finish);
        } else if blocked {
            self.finish = Some(Finish::Refused);
        }
        if self.finish.is_some()
            && let Some(tokens) = chunk.get("usageMetadata")
        {
            self.usage = usage::from_gemini(tokens).map(Into::into);
        }
        Ok(event)
    }

    /// The end of the body: the end of the answer, when a reason to stop has come.
    pub fn end(&mut self) -> Option<DecodedEvent> {
        let finish = match self.finish.take()? {
            Finish::Stop if self.tools > 0 => Finish::ToolCalls,
            other => other,
        };
        let mut deltas = vec![Delta::Finish(finish)];
        deltas.extend(self.usage.take().map(Delta::Usage));
        Some(DecodedEvent {
            deltas,
            done: true,
            usage_only: false,
        })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chunk(text: &str, finish: Value, candidates_tokens: Value) -> String {
        json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": finish}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": candidates_tokens}})
        .to_string()
    }

    #[test]
    fn a_reason_to_stop_in_every_chunk_cuts_nothing_off() {
        let mut decoder = EventDecoder::default();
        let mut text = String::new();
        for (piece, tokens) in [("Good ", 1), ("morning", 2)] {
            let event = decoder
                .decode(&chunk(piece, json!("STOP"), json!(tokens)))
                .unwrap();
            assert!(!event.done);
            for delta in event.deltas {
                if let Delta::Text(more) = delta {
                    text.push_str(&more);
                }
            }
        }
        let end = decoder.end().unwrap();
        assert_eq!((text.as_str(), end.done), ("Good morning", true));
        assert!(
            matches!(end.deltas[1], Delta::Usage(usage) if usage.output == 2),
            "{end:?}"
        );
    }

    #[test]
    fn no_reason_is_no_end_and_usage_of_a_part_is_no_usage() {
        let mut decoder = EventDecoder::default();
        decoder.decode(&chunk("Good", Value::Null, json!(1))).unwrap();
        assert_eq!(decoder.end(), None);
        decoder.decode(&chunk("", json!("STOP"), json!(-4))).unwrap();
        assert_eq!(decoder.end().unwrap().deltas, [Delta::Finish(Finish::Stop)]);
    }
}
