//! One encoder for both chat protocols: deltas in, the bytes of server-sent events out.

use super::{chat_completions, messages};
use crate::request::{ClientProtocol, Delta};
use bytes::Bytes;
use serde_json::Value;

/// Writes a stream in the client's protocol. Nothing but [`StreamEncoder::finish`] ends it cleanly.
#[derive(Debug)]
pub enum StreamEncoder {
    ChatCompletions(chat_completions::stream::Encoder),
    Messages(messages::stream::Encoder),
}

impl StreamEncoder {
    /// `id` of the answer, the model's name as the client should see it, UNIX seconds, and whether a chat-completions client
    /// asked for usage.
    #[must_use]
    pub fn new(
        protocol: ClientProtocol,
        id: &str,
        shown_model: &str,
        created_s: i64,
        include_usage: bool,
    ) -> StreamEncoder {
        match protocol {
            ClientProtocol::Messages => {
                StreamEncoder::Messages(messages::stream::Encoder::new(id, shown_model))
            }
            // Embeddings are never streamed.
            ClientProtocol::ChatCompletions | ClientProtocol::Embeddings => StreamEncoder::ChatCompletions(
                chat_completions::stream::Encoder::new(id, shown_model, created_s, include_usage),
            ),
        }
    }

    /// The events of one change; empty when it shows only at the end.
    pub fn push(&mut self, delta: &Delta) -> Bytes {
        match self {
            StreamEncoder::ChatCompletions(encoder) => encoder.push(delta),
            StreamEncoder::Messages(encoder) => encoder.push(delta),
        }
    }

    /// The last events: the reason to stop, usage, and the protocol's end mark.
    pub fn finish(&mut self) -> Bytes {
        match self {
            StreamEncoder::ChatCompletions(encoder) => encoder.finish(),
            StreamEncoder::Messages(encoder) => encoder.finish(),
        }
    }

    /// A terminal error event on which the official SDKs raise. No end mark follows.
    #[must_use]
    pub fn error(&self, kind: &str, message: &str) -> Bytes {
        match self {
            StreamEncoder::ChatCompletions(_) => chat_completions::error::event(kind, message),
            StreamEncoder::Messages(_) => messages::error::event(kind, message),
        }
    }
}

/// Appends `data: <json>` and the blank line.
pub(crate) fn write_data(out: &mut Vec<u8>, value: &Value) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(value.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}

/// Appends `event: <name>`, `data: <json>` and the blank line.
pub(crate) fn write_event(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.extend_from_slice(format!("event: {name}\n").as_bytes());
    write_data(out, value);
}
