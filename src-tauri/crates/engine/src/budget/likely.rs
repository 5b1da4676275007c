//! What a call likely uses, from lengths alone: for choosing a model by its context, and for charging a complete answer whose
//! provider never said. Bounds for reserving are in [`super::estimate`].

use crate::request::{Answer, Part};
use weir_contract::model::usage::TokenUsage;

/// Bytes of text that make one token, on the cautious side of the four that English prose has.
const BYTES_PER_TOKEN: u64 = 3;

/// The likely number of tokens in a text of this many UTF-8 bytes.
#[must_use]
pub fn likely_tokens(text_bytes: u64) -> u64 {
    text_bytes.div_ceil(BYTES_PER_TOKEN)
}

/// The likely usage of a complete answer whose provider sent none. It is charged as unsettled.
#[must_use]
pub fn usage_from_lengths(request_bytes: u64, answer: &Answer) -> TokenUsage {
    let length = |part: &Part| match part {
        Part::Text { text } | Part::Reasoning { text } => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        _ => 0,
    };
    let answer_bytes: usize = answer.parts.iter().map(length).sum();
    let tokens = |bytes: u64| i64::try_from(likely_tokens(bytes)).unwrap_or(i64::MAX);
    TokenUsage {
        input: tokens(request_bytes),
        output: tokens(answer_bytes as u64),
        ..TokenUsage::default()
    }
}
