//! A whole `generateContent` answer.

use super::finish_of;
use crate::{
    protocol::usage,
    request::{Answer, Finish, Part},
};
use serde_json::Value;

/// Reads a provider's answer.
///
/// # Errors
/// A sentence saying what is missing or wrong.
pub fn decode(body: &Value) -> Result<Answer, String> {
    let mut answer = Answer {
        id: word(body, "responseId"),
        model: word(body, "modelVersion"),
        parts: Vec::new(),
        finish: Finish::Stop,
        usage: body
            .get("usageMetadata")
            .and_then(usage::from_gemini)
            .map(Into::into),
    };
    let Some(candidate) = body.pointer("/candidates/0") else {
        // A blocked prompt gets no candidate at all.
        if body.pointer("/promptFeedback/blockReason").is_some() {
            answer.finish = Finish::Refused;
            return Ok(answer);
        }
        return Err("the answer has no `candidates`".into());
    };
    let reason = candidate
        .get("finishReason")
        .and_then(Value::as_str)
        .ok_or("the answer has no `finishReason`, so it may not be whole")?;
    answer.finish = finish_of(reason).ok_or_else(|| format!("the model's answer was unusable: {reason}"))?;
    let mut calls = 0;
    for part in candidate
        .pointer("/content/parts")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
    {
        if let Some(call) = part.get("functionCall") {
            answer.parts.push(tool_call(call, &answer.id, calls));
            calls += 1;
        } else if let Some(more) = part
            .get("text")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            let thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
            match (answer.parts.last_mut(), thought) {
                (Some(Part::Text { text }), false) | (Some(Part::Reasoning { text }), true) => {
                    text.push_str(more)
                }
                (_, false) => answer.parts.push(Part::Text {
                    text: more.to_owned(),
                }),
                (_, true) => answer.parts.push(Part::Reasoning {
                    text: more.to_owned(),
                }),
            }
        }
    }
    if calls > 0 && answer.finish == Finish::Stop {
        answer.finish = Finish::ToolCalls;
    }
    Ok(answer)
}

/// A call with an id: the provider's, or one made of the answer's id, so that ids stay apart over a conversation.
pub(super) fn tool_call(call: &Value, answer_id: &str, index: usize) -> Part {
    let id = word(call, "id");
    Part::ToolCall {
        id: if id.is_empty() {
            format!("call_{answer_id}_{index}")
        } else {
            id
        },
        name: word(call, "name"),
        arguments: call
            .get("args")
            .filter(|args| !args.is_null())
            .map_or_else(|| "{}".into(), Value::to_string),
    }
}

pub(super) fn word(value: &Value, name: &str) -> String {
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
    use serde_json::json;

    #[test]
    fn thoughts_text_and_calls_are_told_apart() {
        let body = json!({"responseId": "r", "modelVersion": "gemini-3-flash", "candidates": [{"finishReason": "STOP",
            "content": {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "Let me "}, {"text": "look."},
                {"functionCall": {"name": "look", "args": {"x": 1}}}]}}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 2}});
        let answer = decode(&body).unwrap();
        assert_eq!(
            answer.parts,
            [
                Part::Reasoning { text: "hm".into() },
                Part::Text {
                    text: "Let me look.".into()
                },
                Part::ToolCall {
                    id: "call_r_0".into(),
                    name: "look".into(),
                    arguments: "{\"x\":1}".into()
                },
            ]
        );
        assert_eq!(answer.finish, Finish::ToolCalls);
        assert_eq!(answer.usage.unwrap().total(), 15);
    }

    #[test]
    fn blocked_unfinished_and_broken_answers() {
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
        assert_eq!(decode(&blocked).unwrap().finish, Finish::Refused);
        let safety = json!({"candidates": [{"finishReason": "SAFETY"}]});
        assert_eq!(decode(&safety).unwrap().finish, Finish::Refused);
        assert!(
            decode(&json!({"candidates": [{"content": {}}]}))
                .unwrap_err()
                .contains("finishReason")
        );
        let broken = json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]});
        assert!(decode(&broken).unwrap_err().contains("MALFORMED_FUNCTION_CALL"));
        assert!(decode(&json!({})).is_err());
    }
}
