//! Whole chat-completions answers, both ways.

use super::{finish_of, finish_word};
use crate::{
    protocol::usage,
    request::{Answer, Finish, Part},
};
use serde_json::{Map, Value, json};

/// Writes an answer. `created_s` is UNIX seconds.
#[must_use]
pub fn encode(answer: &Answer, created_s: i64, shown_model: &str) -> Value {
    let mut text: Option<String> = None;
    let mut reasoning = String::new();
    let mut calls = Vec::new();
    for part in &answer.parts {
        match part {
            Part::Text { text: more } => text.get_or_insert_default().push_str(more),
            Part::Reasoning { text: more } => reasoning.push_str(more),
            Part::ToolCall { id, name, arguments } => calls.push(json!({
                "id": id, "type": "function", "function": {"name": name, "arguments": arguments}})),
            _ => {}
        }
    }
    if text.is_none() && calls.is_empty() {
        text = Some(String::new());
    }
    let mut message = json!({"role": "assistant", "content": text, "refusal": null});
    if !reasoning.is_empty() {
        message["reasoning_content"] = json!(reasoning);
    }
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    let mut body = json!({
        "id": answer.id,
        "object": "chat.completion",
        "created": created_s,
        "model": shown_model,
        "choices": [{"index": 0, "message": message, "logprobs": null,
            "finish_reason": finish_word(answer.finish)}],
    });
    if let Some(tokens) = &answer.usage {
        body["usage"] = usage::to_openai(tokens);
    }
    body
}

/// Reads a provider's answer; of several choices the first.
///
/// # Errors
/// A sentence saying what is missing or wrong.
pub fn decode(body: &Value) -> Result<Answer, String> {
    let choice = body
        .get("choices")
        .and_then(Value::as_array)
        .and_then(|choices| choices.first())
        .ok_or("the answer has no `choices`")?;
    let message = choice
        .get("message")
        .and_then(Value::as_object)
        .ok_or("the answer has no `message`")?;
    let word = choice
        .get("finish_reason")
        .and_then(Value::as_str)
        .ok_or("the answer has no `finish_reason`, so it may not be whole")?;
    let (parts, finish) = read_message(message, finish_of(word))?;
    let word_of = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Answer {
        id: word_of("id"),
        model: word_of("model"),
        parts,
        finish,
        usage: body.get("usage").and_then(usage::from_openai).map(Into::into),
    })
}

/// What the message holds, and the reason to stop as it shows.
fn read_message(message: &Map<String, Value>, mut finish: Finish) -> Result<(Vec<Part>, Finish), String> {
    let mut parts = Vec::new();
    for name in ["reasoning_content", "reasoning"] {
        if let Some(text) = message
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            parts.push(Part::Reasoning {
                text: text.to_owned(),
            });
            break;
        }
    }
    if let Some(text) = content_text(message.get("content"))? {
        parts.push(Part::Text { text });
    }
    if let Some(text) = message
        .get("refusal")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
    {
        parts.push(Part::Text {
            text: text.to_owned(),
        });
        finish = Finish::Refused;
    }
    let calls = message
        .get("tool_calls")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for (index, call) in calls.iter().enumerate() {
        parts.push(decode_call(call, index)?);
        // Some compatible servers say `stop` although they ask for a tool.
        if finish == Finish::Stop {
            finish = Finish::ToolCalls;
        }
    }
    Ok((parts, finish))
}

/// Content is text, or (in a few compatible servers) a list of text parts.
fn content_text(content: Option<&Value>) -> Result<Option<String>, String> {
    match content {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then(|| text.clone())),
        Some(Value::Array(items)) => {
            let text: String = items
                .iter()
                .filter_map(|item| item.get("text")?.as_str())
                .collect();
            Ok((!text.is_empty()).then_some(text))
        }
        Some(_) => Err("the answer's `content` is not text".into()),
    }
}

fn decode_call(call: &Value, index: usize) -> Result<Part, String> {
    let function = call.get("function").unwrap_or(&Value::Null);
    let name = function
        .get("name")
        .and_then(Value::as_str)
        .ok_or("a tool call has no function name")?;
    let arguments = match function.get("arguments") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(json)) => json.clone(),
        // Some compatible servers give the object itself.
        Some(object) => object.to_string(),
    };
    let id = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    Ok(Part::ToolCall {
        id: id.map_or_else(|| format!("call_{index}"), str::to_owned),
        name: name.to_owned(),
        arguments,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::protocol::collect::tests::any_answer;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_and_read_again_says_the_same(answer in any_answer()) {
            let again = decode(&encode(&answer, 1_700_000_000, "m")).unwrap();
            let text = |answer: &Answer| answer.parts.iter().filter_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            }).collect::<String>();
            let calls = |answer: &Answer| answer.parts.iter()
                .filter(|part| matches!(part, Part::ToolCall { .. })).cloned().collect::<Vec<_>>();
            prop_assert_eq!(text(&again), text(&answer));
            prop_assert_eq!(calls(&again), calls(&answer));
            prop_assert_eq!((again.finish, again.usage), (answer.finish, answer.usage));
        }
    }

    #[test]
    fn a_refusal_and_a_filter_are_refused() {
        let refusal =
            json!({"choices": [{"message": {"content": null, "refusal": "No."}, "finish_reason": "stop"}]});
        let answer = decode(&refusal).unwrap();
        assert_eq!(
            (answer.finish, answer.parts.len(), answer.usage),
            (Finish::Refused, 1, None)
        );
        let filtered = json!({"choices": [{"message": {"content": "x"}, "finish_reason": "content_filter"}]});
        assert_eq!(decode(&filtered).unwrap().finish, Finish::Refused);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(decode(&json!({})).unwrap_err().contains("choices"));
        assert!(decode(&json!({"choices": []})).unwrap_err().contains("choices"));
        let unfinished = json!({"choices": [{"message": {"content": "x"}, "finish_reason": null}]});
        assert!(decode(&unfinished).unwrap_err().contains("finish_reason"));
    }
}
