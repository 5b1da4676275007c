//! Whole messages answers, both ways.

use super::{arguments_object, finish_of, stop_word};
use crate::{
    protocol::usage,
    request::{Answer, Finish, Part},
};
use serde_json::{Value, json};

/// Writes an answer.
#[must_use]
pub fn encode(answer: &Answer, shown_model: &str) -> Value {
    let content: Vec<Value> = answer.parts.iter().filter_map(block).collect();
    json!({
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": shown_model,
        "content": content,
        "stop_reason": stop_word(answer.finish),
        "stop_sequence": null,
        // Clients of this protocol rely on usage being there; zeros mean that the provider never said.
        "usage": usage::to_anthropic(&answer.usage.unwrap_or_default()),
    })
}

fn block(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text } => Some(json!({"type": "text", "text": text})),
        // The signature is empty: another provider's thinking has none, and Weir takes such blocks out again.
        Part::Reasoning { text } => Some(json!({"type": "thinking", "thinking": text, "signature": ""})),
        Part::ToolCall { id, name, arguments } => Some(json!({
            "type": "tool_use", "id": id, "name": name,
            // Arguments that a model wrote badly must still reach the client, in the only form allowed: an object.
            "input": arguments_object(arguments).unwrap_or_else(|| json!({"invalid_json": arguments})),
        })),
        _ => None,
    }
}

/// Reads a provider's answer. `output_tool` names the tool whose arguments are the answer itself.
///
/// # Errors
/// A sentence saying what is missing or wrong.
pub fn decode(body: &Value, output_tool: Option<&str>) -> Result<Answer, String> {
    let content = body
        .get("content")
        .and_then(Value::as_array)
        .ok_or("the answer has no `content`")?;
    let word = body
        .get("stop_reason")
        .and_then(Value::as_str)
        .ok_or("the answer has no `stop_reason`, so it may not be whole")?;
    let mut parts = Vec::new();
    let mut answered_by_tool = false;
    for block in content {
        match block.get("type").and_then(Value::as_str) {
            Some("text") => match (word_of(block, "text"), parts.last_mut()) {
                // Citations cut one text into several blocks.
                (more, Some(Part::Text { text })) => text.push_str(&more),
                (text, _) if text.is_empty() => {}
                (text, _) => parts.push(Part::Text { text }),
            },
            Some("thinking") => {
                let text = word_of(block, "thinking");
                if !text.is_empty() {
                    parts.push(Part::Reasoning { text });
                }
            }
            Some("tool_use") => {
                let name = word_of(block, "name");
                let arguments = block
                    .get("input")
                    .map_or_else(|| "{}".to_owned(), Value::to_string);
                if output_tool == Some(name.as_str()) {
                    answered_by_tool = true;
                    parts.push(Part::Text { text: arguments });
                } else {
                    parts.push(Part::ToolCall {
                        id: word_of(block, "id"),
                        name,
                        arguments,
                    });
                }
            }
            _ => {}
        }
    }
    let finish = if answered_by_tool {
        keep_only_answer(&mut parts, finish_of(word))
    } else {
        finish_of(word)
    };
    Ok(Answer {
        id: word_of(body, "id"),
        model: word_of(body, "model"),
        parts,
        finish,
        usage: body
            .get("usage")
            .and_then(|tokens| usage::from_anthropic(tokens, None)),
    })
}

fn word_of(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// After an answer by the output tool: prose beside it goes, because it would make the answer unreadable as JSON.
fn keep_only_answer(parts: &mut Vec<Part>, finish: Finish) -> Finish {
    parts.retain(|part| !matches!(part, Part::Text { text } if arguments_object(text).is_none()));
    let asks = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
    if finish == Finish::ToolCalls && !asks {
        Finish::Stop
    } else {
        finish
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::protocol::collect::tests::any_answer;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_and_read_again_is_the_same(answer in any_answer()) {
            prop_assert_eq!(decode(&encode(&answer, "m"), None).unwrap(), answer);
        }
    }

    #[test]
    fn the_output_tool_becomes_text() {
        let body = json!({"id": "a", "model": "m", "stop_reason": "tool_use", "content": [
            {"type": "text", "text": "Here you are."},
            {"type": "tool_use", "id": "t", "name": "give_answer", "input": {"city": "Bern"}}],
            "usage": {"input_tokens": 3, "output_tokens": 4}});
        let answer = decode(&body, Some("give_answer")).unwrap();
        assert_eq!(
            answer.parts,
            [Part::Text {
                text: "{\"city\":\"Bern\"}".into()
            }]
        );
        assert_eq!(answer.finish, Finish::Stop);
        assert_eq!(decode(&body, None).unwrap().finish, Finish::ToolCalls);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(
            decode(&json!({"stop_reason": "end_turn"}), None)
                .unwrap_err()
                .contains("content")
        );
        assert!(
            decode(&json!({"content": [], "stop_reason": null}), None)
                .unwrap_err()
                .contains("stop_reason")
        );
    }

    #[test]
    fn badly_written_arguments_still_reach_the_client() {
        let answer = Answer {
            id: "a".into(),
            model: "m".into(),
            parts: vec![Part::ToolCall {
                id: "t".into(),
                name: "f".into(),
                arguments: "{\"x\": ".into(),
            }],
            finish: Finish::Length,
            usage: None,
        };
        assert_eq!(
            encode(&answer, "m")["content"][0]["input"],
            json!({"invalid_json": "{\"x\": "})
        );
    }
}
