//! How a cached answer is written down, and which answers may be kept at all.

use crate::{
    request::{Answer, Chat, Finish, Part},
    store::CacheEntry,
};
use serde::{Deserialize, Serialize};

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    pub answer: Answer,
    /// The provider's own body in the client's protocol, when the answer came whole.
    pub raw: Option<String>,
    /// The provider's own events, when the answer came as a stream that only its protocol can carry.
    pub raw_stream: Option<String>,
}

/// An entry with its answer decoded.
#[derive(Debug, Clone)]
pub struct CachedAnswer {
    pub entry: CacheEntry,
    pub kept: KeptAnswer,
}

impl KeptAnswer {
    /// As the store keeps it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
    /// None when the bytes are from another version of Weir; that is a miss, not an error.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<KeptAnswer> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Why an answer may not be kept; none means that it may.
///
/// An answer that reached the client's `max_tokens` is kept: the limit is part of the key, and the same call would end there
/// again. One that was cut without such a limit is not: the limit was Weir's or the model's, and may be another tomorrow.
#[must_use]
pub fn reason_not_to_keep(chat: Option<&Chat>, answer: &Answer) -> Option<&'static str> {
    if answer.finish == Finish::Refused {
        return Some("the provider refused to answer");
    }
    let chat = chat?;
    if answer.finish == Finish::Length && chat.max_tokens.is_none() {
        return Some("it was cut at a limit that the client did not set");
    }
    let empty = answer.parts.iter().all(|part| match part {
        Part::Text { text } => text.trim().is_empty(),
        Part::Reasoning { .. } => true,
        _ => false,
    });
    if empty {
        return Some("the answer is empty");
    }
    // A call without arguments may come as an empty text.
    let is_json = |text: &str| text.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let broken_call = answer
        .parts
        .iter()
        .any(|part| matches!(part, Part::ToolCall { arguments, .. } if !is_json(arguments)));
    if broken_call {
        return Some("the arguments of a tool call are not JSON");
    }
    let answers_a_failed_tool = chat.turns.last().is_some_and(|turn| {
        turn.parts
            .iter()
            .any(|part| matches!(part, Part::ToolResult { is_error: true, .. }))
    });
    if answers_a_failed_tool {
        Some("it answers a failed tool call")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Role, Turn};

    fn answer(text: &str, finish: Finish) -> Answer {
        Answer {
            id: "1".into(),
            model: "m".into(),
            parts: vec![Part::Text { text: text.into() }],
            finish,
            usage: None,
        }
    }

    #[test]
    fn refused_empty_and_tool_error_answers_are_not_kept() {
        let chat = Chat::default();
        assert_eq!(
            reason_not_to_keep(Some(&chat), &answer("hello", Finish::Stop)),
            None
        );
        assert!(
            reason_not_to_keep(Some(&chat), &answer(" \n", Finish::Stop)).is_some(),
            "empty"
        );
        assert!(
            reason_not_to_keep(Some(&chat), &answer("no", Finish::Refused)).is_some(),
            "refused"
        );
        let failed = Part::ToolResult {
            id: "t".into(),
            content: "boom".into(),
            is_error: true,
        };
        let after_failure = Chat {
            turns: vec![Turn {
                role: Role::User,
                parts: vec![failed],
            }],
            ..Chat::default()
        };
        assert!(
            reason_not_to_keep(Some(&after_failure), &answer("hello", Finish::Stop)).is_some(),
            "tool error"
        );
    }

    #[test]
    fn an_answer_is_kept_when_it_ended_at_the_clients_own_limit_alone() {
        let cut = answer("half", Finish::Length);
        let limited = Chat {
            max_tokens: Some(10),
            ..Chat::default()
        };
        assert_eq!(reason_not_to_keep(Some(&limited), &cut), None);
        assert!(reason_not_to_keep(Some(&Chat::default()), &cut).is_some());
    }

    #[test]
    fn a_tool_call_with_broken_arguments_is_not_kept() {
        let calling = |arguments: &str| Answer {
            parts: vec![Part::ToolCall {
                id: "t".into(),
                name: "f".into(),
                arguments: arguments.into(),
            }],
            ..answer("", Finish::ToolCalls)
        };
        let reason = |arguments| reason_not_to_keep(Some(&Chat::default()), &calling(arguments));
        assert_eq!((reason("{\"x\": 1}"), reason("")), (None, None));
        assert!(reason("{\"x\": ").is_some());
    }

    #[test]
    fn bytes_of_another_version_are_a_miss() {
        assert_eq!(KeptAnswer::decode(b"{\"other\":1}"), None);
        let kept = KeptAnswer {
            answer: answer("x", Finish::Stop),
            raw: None,
            raw_stream: None,
        };
        assert_eq!(KeptAnswer::decode(&kept.encode()), Some(kept));
    }
}
