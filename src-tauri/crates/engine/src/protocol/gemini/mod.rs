//! Google's Gemini, spoken by one provider and by no client.

pub mod answer;
pub mod embed;
pub mod event;
pub mod request;

use crate::request::Finish;

/// The reason behind a word. `None` for a word that means the answer is unusable.
#[must_use]
pub fn finish_of(word: &str) -> Option<Finish> {
    match word {
        "STOP" | "FINISH_REASON_UNSPECIFIED" => Some(Finish::Stop),
        "MAX_TOKENS" => Some(Finish::Length),
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE" => None,
        // SAFETY, RECITATION, LANGUAGE, BLOCKLIST, PROHIBITED_CONTENT, SPII, IMAGE_SAFETY, OTHER: nothing fit to keep.
        _ => Some(Finish::Refused),
    }
}
