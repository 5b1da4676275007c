//! OpenAI's chat completions, spoken by OpenAI and everything compatible with it.

pub mod answer;
pub mod error;
pub mod event;
mod options;
pub mod parse;
pub mod request;
pub mod stream;

use crate::request::Finish;

/// The word for a reason to stop.
#[must_use]
pub fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refused => "content_filter",
    }
}

/// The reason behind a word. Compatible servers have words of their own for an ordinary end.
#[must_use]
pub fn finish_of(word: &str) -> Finish {
    match word {
        "length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" | "refusal" => Finish::Refused,
        _ => Finish::Stop,
    }
}
