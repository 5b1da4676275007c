//! Anthropic's messages.

pub mod answer;
pub mod error;
pub mod event;
pub mod parse;
pub mod request;
pub mod stream;

use crate::request::Finish;
use serde_json::Value;

/// The word for a reason to stop.
#[must_use]
pub fn stop_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refused => "refusal",
    }
}

/// The reason behind a word.
#[must_use]
pub fn finish_of(word: &str) -> Finish {
    match word {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refused,
        _ => Finish::Stop,
    }
}

/// Tool arguments as the object that this protocol (and Gemini's) wants. None when they are not a JSON object.
#[must_use]
pub fn arguments_object(arguments: &str) -> Option<Value> {
    if arguments.trim().is_empty() {
        return Some(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_str(arguments).ok().filter(Value::is_object)
}
