//! A provider's response as stream pieces, with deadlines, until the terminal event: an end before it is an error.

use super::{
    StreamPiece, UpstreamError, UpstreamErrorKind,
    endpoint::Opened,
    failure::{failure, from_fault},
    sse::{SseEvent, SseParser},
};
use crate::{
    protocol::{DecodedEvent, StreamFault},
    request::{Delta, Usage},
};
use futures::stream::{self, BoxStream, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::VecDeque, time::Duration};
use tokio::time::{Instant, timeout_at};

/// More than any answer needs, at a kilobyte for each token of a very long one; a longer stream has no end, or is a small
/// body that unpacks into a huge one.
pub const MAX_STREAM_BYTES: usize = 128 * 1024 * 1024;

/// Reads the events of one provider's stream.
pub trait DecodeEvents: Send + 'static {
    /// What one event means.
    ///
    /// # Errors
    /// [`StreamFault`], which ends the stream.
    fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault>;

    /// What the orderly end of the body means. None where the protocol has an end mark that was still to come: the answer is
    /// cut.
    fn end(&mut self) -> Option<DecodedEvent> {
        None
    }
}

impl DecodeEvents for crate::protocol::chat_completions::event::EventDecoder {
    fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        Self::decode(self, data)
    }
}

impl DecodeEvents for crate::protocol::messages::event::EventDecoder {
    fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        Self::decode(self, data)
    }
}

impl DecodeEvents for crate::protocol::gemini::event::EventDecoder {
    fn decode(&mut self, data: &str) -> Result<DecodedEvent, StreamFault> {
        Self::decode(self, data)
    }

    fn end(&mut self) -> Option<DecodedEvent> {
        Self::end(self)
    }
}

/// Which events go to the client as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassRaw {
    Nothing,
    Everything,
    /// All but the usage chunk, which only Weir asked for.
    AllButUsage,
}

/// Turns events into pieces. Pure but for its memory.
pub struct Pieces<D> {
    provider: String,
    decoder: D,
    pass: PassRaw,
    usage: Option<Usage>,
    key: Option<SecretString>,
}

impl<D: DecodeEvents> Pieces<D> {
    /// `provider` is named in errors; `key` is taken out of them.
    pub fn new(provider: &str, decoder: D, pass: PassRaw, key: Option<SecretString>) -> Pieces<D> {
        Pieces {
            provider: provider.to_owned(),
            decoder,
            pass,
            usage: None,
            key,
        }
    }

    /// One event's piece.
    ///
    /// # Errors
    /// The classified fault, with the usage known before it.
    pub fn piece(&mut self, event: SseEvent) -> Result<StreamPiece, UpstreamError> {
        let decoded = self.decoder.decode(&event.data).map_err(|fault| {
            let key = self.key.as_ref().map(|key| key.expose_secret().trim());
            from_fault(&self.provider, fault, self.usage.map(|usage| usage.tokens), key)
        })?;
        for delta in &decoded.deltas {
            if let Delta::Usage(usage) = delta {
                self.usage = Some(*usage);
            }
        }
        let pass = match self.pass {
            PassRaw::Nothing => false,
            PassRaw::Everything => true,
            PassRaw::AllButUsage => !decoded.usage_only,
        };
        Ok(StreamPiece {
            raw: pass.then_some(event.raw),
            deltas: decoded.deltas,
            done: decoded.done,
        })
    }

    /// The last piece, where the protocol leaves the end of the answer to the end of the body.
    pub fn end(&mut self) -> Option<StreamPiece> {
        let decoded = self.decoder.end()?;
        Some(StreamPiece {
            raw: None,
            deltas: decoded.deltas,
            done: decoded.done,
        })
    }

    fn broken(&self, kind: UpstreamErrorKind, what: &str) -> UpstreamError {
        UpstreamError {
            usage: self.usage.map(|usage| usage.tokens),
            ..failure(kind, format!("{} {what}", self.provider))
        }
    }
}

struct Reading<D> {
    opened: Opened,
    parser: SseParser,
    pieces: Pieces<D>,
    waiting: VecDeque<SseEvent>,
    deadline: Instant,
    idle_timeout: Duration,
    bytes_left: usize,
    begun: bool,
    over: bool,
}

/// The response's pieces. After `done` or an error nothing follows. The first event must come by the first-byte deadline, each
/// further one (or a comment, which is a sign of life) within `idle_timeout` of the one before, however many bytes trickle in.
pub fn pieces<D: DecodeEvents>(
    opened: Opened,
    pieces: Pieces<D>,
    idle_timeout: Duration,
) -> BoxStream<'static, Result<StreamPiece, UpstreamError>> {
    let deadline = opened.first_byte_by;
    let reading = Reading {
        opened,
        parser: SseParser::default(),
        pieces,
        waiting: VecDeque::new(),
        deadline,
        idle_timeout,
        bytes_left: MAX_STREAM_BYTES,
        begun: false,
        over: false,
    };
    stream::unfold(reading, |mut reading| async move {
        if reading.over {
            return None;
        }
        let next = reading.next().await;
        reading.over = next.as_ref().map_or(true, |piece| piece.done);
        Some((next, reading))
    })
    .boxed()
}

impl<D: DecodeEvents> Reading<D> {
    async fn next(&mut self) -> Result<StreamPiece, UpstreamError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return self.pieces.piece(event);
            }
            let chunk = timeout_at(self.deadline, self.opened.response.chunk())
                .await
                .map_err(|_| {
                    let what = if self.begun {
                        "stopped sending"
                    } else {
                        "did not begin to answer in time"
                    };
                    self.pieces.broken(UpstreamErrorKind::Timeout, what)
                })?;
            let chunk = chunk.map_err(|_| self.cut("broke off its answer"))?;
            let Some(chunk) = chunk else {
                let last = self.pieces.end();
                return last.ok_or_else(|| self.cut("ended its answer without the closing event"));
            };
            self.bytes_left = self.bytes_left.checked_sub(chunk.len()).ok_or_else(|| {
                self.pieces
                    .broken(UpstreamErrorKind::Malformed, "sent more than 128 MiB")
            })?;
            let comments = self.parser.comments();
            let events = self.parser.push(&chunk).map_err(|error| {
                self.pieces.broken(
                    UpstreamErrorKind::Malformed,
                    &format!("sent what cannot be read: {error}"),
                )
            })?;
            self.begun |= !events.is_empty();
            if self.begun && (!events.is_empty() || self.parser.comments() > comments) {
                self.deadline = Instant::now() + self.idle_timeout;
            }
            self.waiting.extend(events);
        }
    }

    fn cut(&self, what: &str) -> UpstreamError {
        self.pieces.broken(UpstreamErrorKind::Truncated, what)
    }
}
