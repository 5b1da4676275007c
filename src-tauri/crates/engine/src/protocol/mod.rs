//! The wire protocols: bodies and stream events to and from Weir's own words. Pure functions, no I/O.
//!
//! A folder per chat protocol, with the same files in each: `parse` (client's body in), `request` (body for a provider out),
//! `answer` (whole answers, both ways), `stream` (events out to a client), `event` (events in from a provider), `error`.

pub mod chat_completions;
pub mod collect;
pub mod embeddings;
pub mod gemini;
pub mod messages;
pub mod shape;
pub mod stream;
pub mod usage;

use crate::request::{Answer, Chat, ClientProtocol, Delta, Part, Turn};
use serde_json::Value;

pub use collect::{AnswerCollector, replay};
pub use stream::StreamEncoder;

/// The client's body is not what its protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    /// A sentence that says what is wrong, where, and what would be right.
    pub message: String,
    /// The field, as a path: `messages[2].content`.
    pub param: Option<String>,
}

/// What one stream event of a provider means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecodedEvent {
    pub deltas: Vec<Delta>,
    /// True on the event after which the answer is complete.
    pub done: bool,
    /// True for the chunk that carries usage and no choice, which a client sees only when it asked for it.
    pub usage_only: bool,
}

/// Why a stream event ends the stream badly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamFault {
    /// Not what the protocol says.
    #[error("{0}")]
    Malformed(String),
    /// The terminal event came without a reason to stop.
    #[error("{0}")]
    Truncated(String),
    /// The provider reported an error inside the stream.
    #[error("the provider reported {kind}: {message}")]
    Reported {
        /// The provider's own word, such as `overloaded_error`.
        kind: String,
        message: String,
    },
}

/// Reads a client's body. Fields it does not know stay in the body; the shape of those it knows must be right.
///
/// For embeddings the inputs become user turns, so that tokens can be estimated.
///
/// # Errors
/// [`BadRequest`] naming the field.
pub fn parse_chat(protocol: ClientProtocol, body: &Value) -> Result<Chat, BadRequest> {
    match protocol {
        ClientProtocol::ChatCompletions => chat_completions::parse::parse(body),
        ClientProtocol::Messages => messages::parse::parse(body),
        ClientProtocol::Embeddings => embeddings::parse(body).map(|call| Chat {
            model: call.model,
            turns: vec![Turn {
                role: crate::request::Role::User,
                parts: call.inputs.into_iter().map(|text| Part::Text { text }).collect(),
            }],
            ..Chat::default()
        }),
    }
}

/// A whole answer as the client's protocol writes it. `created_s` is UNIX seconds, `shown_model` the name the client sees.
/// Embeddings have no neutral form: their answers are always passed on as they came, and here give an empty list.
#[must_use]
pub fn encode_answer(protocol: ClientProtocol, answer: &Answer, created_s: i64, shown_model: &str) -> Value {
    match protocol {
        ClientProtocol::ChatCompletions => chat_completions::answer::encode(answer, created_s, shown_model),
        ClientProtocol::Messages => messages::answer::encode(answer, shown_model),
        ClientProtocol::Embeddings => embeddings::encode(shown_model, &[], false, answer.usage.as_deref()),
    }
}

/// Reads a provider's whole answer.
///
/// # Errors
/// A sentence saying what is missing.
pub fn decode_answer(protocol: ClientProtocol, body: &Value) -> Result<Answer, String> {
    match protocol {
        ClientProtocol::ChatCompletions => chat_completions::answer::decode(body),
        ClientProtocol::Messages => messages::answer::decode(body, None),
        ClientProtocol::Embeddings => embeddings::decode(body),
    }
}

/// An error as the client's protocol writes it. `code` is Weir's short word (`budget_exceeded`, `invalid_request`).
///
/// Fields of `extra` (an object) go to the top level; `param` goes where the protocol has it, and `retryAfter` (seconds) also
/// into the error object, because the official SDKs show only that.
#[must_use]
pub fn error_body(
    protocol: ClientProtocol,
    status: u16,
    code: &str,
    message: &str,
    extra: Option<Value>,
) -> Value {
    match protocol {
        ClientProtocol::Messages => messages::error::body(status, code, message, extra),
        ClientProtocol::ChatCompletions | ClientProtocol::Embeddings => {
            chat_completions::error::body(status, code, message, extra)
        }
    }
}

#[cfg(test)]
mod tests;
