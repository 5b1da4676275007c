//! Messages events in from a provider.

use super::finish_of;
use crate::{
    protocol::{DecodedEvent, StreamFault, usage},
    request::{Delta, Finish, Usage},
};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Arguments go to the tool call of this index.
    Tool(usize),
    /// Arguments are the answer itself.
    Output,
    Other,
}

/// Reads the events of one stream, in order.
#[derive(Debug, Default)]
pub struct EventDecoder {
    output_tool: Option<&'static str>,
    /// By the provider's block index.
    blocks: Vec<(u64, Block)>,
    tools: usize,
    answered_by_tool: bool,
    finished: bool,
    /// As the start of the message told it.
    first_usage: Option<Usage>,
}

impl EventDecoder {
    /// `output_tool` names the tool whose arguments are the answer itself.
    #[must_use]
    pub fn new(output_tool: Option<&'static str>) -> EventDecoder {
        EventDecoder {
            output_tool,
            ..EventDecoder::default()
        }
    }

    /// Reads the `data` of one event.
    ///
    /// # Errors
    /// [`StreamFault`]; nothing after it is worth reading.
    pub fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        let event: Value = serde_json::from_str(data)
            .map_err(|error| StreamFault::Malformed(format!("a stream event is not JSON: {error}")))?;
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .ok_or_else(|| StreamFault::Malformed("a stream event has no `type`".into()))?;
        let mut decoded = DecodedEvent::default();
        let deltas = &mut decoded.deltas;
        match kind {
            "message_start" => {
                let message = event.get("message").unwrap_or(&Value::Null);
                deltas.push(Delta::Start {
                    id: word(message, "id"),
                    model: word(message, "model"),
                });
                // It counts the first token of the output alone, so it is no usage yet.
                self.first_usage = message
                    .get("usage")
                    .and_then(|tokens| usage::from_anthropic(tokens, None));
            }
            "content_block_start" => self.start_block(&event, deltas),
            "content_block_delta" => self.read_delta(&event, deltas)?,
            "message_delta" => {
                deltas.extend(self.whole_usage(&event).map(Delta::Usage));
                let reason = event.pointer("/delta/stop_reason").and_then(Value::as_str);
                if let Some(reason) = reason.filter(|_| !self.finished) {
                    self.finished = true;
                    let finish = match finish_of(reason) {
                        Finish::ToolCalls if self.answered_by_tool && self.tools == 0 => Finish::Stop,
                        other => other,
                    };
                    deltas.push(Delta::Finish(finish));
                }
            }
            "message_stop" if !self.finished => {
                return Err(StreamFault::Truncated(
                    "the stream stopped without a reason to stop".into(),
                ));
            }
            "message_stop" => decoded.done = true,
            "error" => {
                let error = event.get("error").unwrap_or(&Value::Null);
                return Err(StreamFault::Reported {
                    kind: word(error, "type"),
                    message: word(error, "message"),
                });
            }
            // `ping`, `content_block_stop` and what is still to be invented.
            _ => {}
        }
        Ok(decoded)
    }

    /// The usage at the end of a message. None when input or output was never told: half of it would pass for all of it.
    fn whole_usage(&self, event: &Value) -> Option<Usage> {
        let tokens = event.get("usage")?;
        tokens.get("output_tokens")?.as_i64()?;
        if self.first_usage.is_none() {
            tokens.get("input_tokens")?.as_i64()?;
        }
        usage::from_anthropic(tokens, self.first_usage)
    }

    fn start_block(&mut self, event: &Value, deltas: &mut Vec<Delta>) {
        let theirs = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let block = event.get("content_block").unwrap_or(&Value::Null);
        let kind = match block.get("type").and_then(Value::as_str) {
            Some("tool_use") if self.output_tool == Some(word(block, "name").as_str()) => {
                self.answered_by_tool = true;
                Block::Output
            }
            Some("tool_use") => {
                let index = self.tools;
                self.tools += 1;
                deltas.push(Delta::ToolStart {
                    index,
                    id: word(block, "id"),
                    name: word(block, "name"),
                });
                Block::Tool(index)
            }
            _ => Block::Other,
        };
        self.blocks.push((theirs, kind));
        let input = block
            .get("input")
            .filter(|input| input.as_object().is_some_and(|fields| !fields.is_empty()));
        if let Some(input) = input {
            push_arguments(kind, input.to_string(), deltas);
        }
        let texts = [
            (word(block, "text"), Delta::Text as fn(String) -> Delta),
            (word(block, "thinking"), Delta::Reasoning),
        ];
        for (text, delta) in texts {
            if !text.is_empty() {
                deltas.push(delta(text));
            }
        }
    }

    fn read_delta(&mut self, event: &Value, deltas: &mut Vec<Delta>) -> Result<(), StreamFault> {
        let theirs = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let delta = event.get("delta").unwrap_or(&Value::Null);
        let block = self.blocks.iter().rev().find(|(index, _)| *index == theirs);
        let Some((_, block)) = block else {
            // A piece without its beginning: something before it was lost.
            let what = format!("a piece came of content block {theirs}, which never began");
            return Err(StreamFault::Malformed(what));
        };
        match delta.get("type").and_then(Value::as_str) {
            Some("text_delta") => deltas.push(Delta::Text(word(delta, "text"))),
            Some("thinking_delta") => deltas.push(Delta::Reasoning(word(delta, "thinking"))),
            Some("input_json_delta") => {
                push_arguments(*block, word(delta, "partial_json"), deltas);
            }
            // Signatures and citations.
            _ => {}
        }
        Ok(())
    }
}

fn push_arguments(block: Block, json: String, deltas: &mut Vec<Delta>) {
    if json.is_empty() {
        return;
    }
    match block {
        Block::Tool(index) => deltas.push(Delta::ToolArguments { index, json }),
        Block::Output => deltas.push(Delta::Text(json)),
        Block::Other => {}
    }
}

fn word(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_without_a_reason_is_truncated() {
        let stop = EventDecoder::default().decode(r#"{"type":"message_stop"}"#);
        assert!(matches!(stop, Err(StreamFault::Truncated(_))));
    }

    #[test]
    fn a_piece_of_a_block_that_never_began_is_malformed() {
        let piece = r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}"#;
        assert!(matches!(
            EventDecoder::default().decode(piece),
            Err(StreamFault::Malformed(_))
        ));
    }

    #[test]
    fn usage_counts_only_when_input_and_output_were_told() {
        let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}"#;
        let without = r#"{"type":"message_start","message":{}}"#;
        let end = |usage: &str| {
            format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{usage}}}"#)
        };
        for (start, usage, expected) in [
            (start, r#"{"output_tokens":9}"#, Some((7, 9))),
            (start, "{}", None),
            (start, r#"{"output_tokens":-9}"#, None),
            (without, r#"{"output_tokens":9}"#, None),
            (without, r#"{"input_tokens":5,"output_tokens":9}"#, Some((5, 9))),
        ] {
            let mut decoder = EventDecoder::default();
            assert!(!matches!(
                decoder.decode(start).unwrap().deltas[..],
                [_, Delta::Usage(_)]
            ));
            let deltas = decoder.decode(&end(usage)).unwrap().deltas;
            let told = deltas.iter().find_map(|delta| match delta {
                Delta::Usage(usage) => Some((usage.input, usage.output)),
                _ => None,
            });
            assert_eq!(told, expected, "{start} {usage}");
        }
    }

    #[test]
    fn errors_inside_the_stream_are_errors() {
        let event = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(
            EventDecoder::default().decode(event),
            Err(StreamFault::Reported {
                kind: "overloaded_error".into(),
                message: "Overloaded".into()
            })
        );
        assert!(matches!(
            EventDecoder::default().decode("[DONE]"),
            Err(StreamFault::Malformed(_))
        ));
    }
}
