//! Chat-completions events in from a provider.

use super::finish_of;
use crate::{
    protocol::{DecodedEvent, StreamFault, usage},
    request::{Delta, Finish},
};
use serde_json::Value;

/// Reads the events of one stream, in order. Of several choices it follows the first.
#[derive(Debug, Default)]
pub struct EventDecoder {
    started: bool,
    finished: bool,
    refused: bool,
    /// The provider's index and id of each tool call; our index is the place in this list.
    tools: Vec<(u64, String)>,
}

impl EventDecoder {
    /// Reads the `data` of one event.
    ///
    /// # Errors
    /// [`StreamFault`]; nothing after it is worth reading.
    pub fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        let mut event = DecodedEvent::default();
        if data.trim() == "[DONE]" {
            if !self.finished {
                return Err(StreamFault::Truncated(
                    "the stream said it was done without a reason to stop".into(),
                ));
            }
            event.done = true;
            return Ok(event);
        }
        let chunk: Value = serde_json::from_str(data)
            .map_err(|error| StreamFault::Malformed(format!("a stream event is not JSON: {error}")))?;
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(reported(error));
        }
        let choices = chunk.get("choices").and_then(Value::as_array);
        let Some(choices) = choices.filter(|_| chunk.is_object()) else {
            return Err(StreamFault::Malformed("a stream event has no `choices`".into()));
        };
        if !self.started {
            self.started = true;
            let word_of = |name: &str| {
                chunk
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            event.deltas.push(Delta::Start {
                id: word_of("id"),
                model: word_of("model"),
            });
        }
        let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        if let Some(choice) = choices.iter().find(first) {
            self.read_choice(choice, &mut event.deltas)?;
        }
        if let Some(tokens) = chunk.get("usage").and_then(usage::from_openai) {
            event.deltas.push(Delta::Usage(tokens.into()));
            event.usage_only = choices.is_empty();
        }
        Ok(event)
    }

    fn read_choice(&mut self, choice: &Value, deltas: &mut Vec<Delta>) -> Result<(), StreamFault> {
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        let text_of = |name: &str| {
            delta
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        if let Some(text) = text_of("reasoning_content").or_else(|| text_of("reasoning")) {
            deltas.push(Delta::Reasoning(text.to_owned()));
        }
        if let Some(text) = text_of("content") {
            deltas.push(Delta::Text(text.to_owned()));
        }
        if let Some(text) = text_of("refusal") {
            self.refused = true;
            deltas.push(Delta::Text(text.to_owned()));
        }
        for call in delta
            .get("tool_calls")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
        {
            self.read_call(call, deltas);
        }
        if let Some(word) = choice.get("finish_reason").and_then(Value::as_str) {
            if word == "error" {
                return Err(reported(choice.get("error").unwrap_or(&Value::Null)));
            }
            // Some servers repeat the reason to stop; the first one counts.
            if !self.finished {
                self.finished = true;
                let finish = match finish_of(word) {
                    _ if self.refused => Finish::Refused,
                    Finish::Stop if !self.tools.is_empty() => Finish::ToolCalls,
                    other => other,
                };
                deltas.push(Delta::Finish(finish));
            }
        }
        Ok(())
    }

    fn read_call(&mut self, call: &Value, deltas: &mut Vec<Delta>) {
        let function = call.get("function").unwrap_or(&Value::Null);
        let id = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let name = function
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let theirs = call.get("index").and_then(Value::as_u64).unwrap_or_else(|| {
            // Without an index, a named call is a new one and an unnamed piece belongs to the last.
            let known = self.tools.len() as u64;
            if name.is_some() {
                known
            } else {
                known.saturating_sub(1)
            }
        });
        // Some servers give every call the index 0 and tell them apart by id.
        let known = self.tools.iter().rposition(|(index, known_id)| {
            *index == theirs && id.is_none_or(|id| name.is_none() || id == known_id)
        });
        let index = match known {
            Some(index) => index,
            None => {
                let index = self.tools.len();
                let id = id.map_or_else(|| format!("call_{index}"), str::to_owned);
                self.tools.push((theirs, id.clone()));
                deltas.push(Delta::ToolStart {
                    index,
                    id,
                    name: name.unwrap_or_default().to_owned(),
                });
                index
            }
        };
        let json = match function.get("arguments") {
            None | Some(Value::Null) => return,
            Some(Value::String(json)) => json.clone(),
            Some(object) => object.to_string(),
        };
        if !json.is_empty() {
            deltas.push(Delta::ToolArguments { index, json });
        }
    }
}

fn reported(error: &Value) -> StreamFault {
    let word_of = |name: &str| match error.get(name) {
        Some(Value::String(word)) => Some(word.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    StreamFault::Reported {
        kind: word_of("code")
            .or_else(|| word_of("type"))
            .unwrap_or_else(|| "error".into()),
        message: word_of("message")
            .or_else(|| error.as_str().map(str::to_owned))
            .unwrap_or_else(|| "no reason given".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chunk(delta: Value, finish: Value) -> String {
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
            .to_string()
    }

    #[test]
    fn done_without_a_reason_is_truncated() {
        let mut decoder = EventDecoder::default();
        decoder
            .decode(&chunk(json!({"content": "Hel"}), Value::Null))
            .unwrap();
        assert!(matches!(decoder.decode("[DONE]"), Err(StreamFault::Truncated(_))));
    }

    #[test]
    fn a_repeated_reason_counts_once() {
        let mut decoder = EventDecoder::default();
        let first = decoder.decode(&chunk(json!({}), json!("length"))).unwrap();
        assert!(first.deltas.contains(&Delta::Finish(Finish::Length)));
        let again = decoder.decode(&chunk(json!({}), json!("stop"))).unwrap();
        assert_eq!(again.deltas, []);
    }

    #[test]
    fn calls_without_index_or_with_the_same_index_stay_apart() {
        let call = |id: &str, name: &str| json!({"id": id, "function": {"name": name, "arguments": "{}"}});
        let mut same = call("b", "g");
        same["index"] = json!(0);
        for second in [call("b", "g"), same] {
            let mut decoder = EventDecoder::default();
            let mut first = call("a", "f");
            first["index"] = json!(0);
            decoder
                .decode(&chunk(json!({"tool_calls": [first]}), Value::Null))
                .unwrap();
            let event = decoder
                .decode(&chunk(json!({"tool_calls": [second]}), Value::Null))
                .unwrap();
            assert!(
                event.deltas.contains(&Delta::ToolStart {
                    index: 1,
                    id: "b".into(),
                    name: "g".into()
                }),
                "{event:?}"
            );
        }
    }

    #[test]
    fn errors_inside_the_stream_are_errors() {
        let mut decoder = EventDecoder::default();
        let fault = decoder.decode(r#"{"error":{"message":"busy","type":"server_error","code":null}}"#);
        assert_eq!(
            fault,
            Err(StreamFault::Reported {
                kind: "server_error".into(),
                message: "busy".into()
            })
        );
        assert!(matches!(decoder.decode("<html>"), Err(StreamFault::Malformed(_))));
        assert!(matches!(decoder.decode("{}"), Err(StreamFault::Malformed(_))));
        assert!(matches!(decoder.decode("5"), Err(StreamFault::Malformed(_))));
    }
}
