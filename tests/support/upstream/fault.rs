//! The ways in which the fake provider fails.

use std::time::Duration;

/// One way to fail.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An error of the protocol with this status and, if given, this `Retry-After`.
    Status {
        status: u16,
        retry_after: Option<String>,
    },
    /// This status with this body, word for word.
    Body { status: u16, body: String },
    /// The connection ends in order after this many bytes of the body.
    CutAfter(usize),
    /// The connection is reset before a byte is answered.
    Reset,
    /// Not a byte, ever.
    Silent,
    /// Nothing more after this many bytes of the body, and the connection stays open.
    StallAfter(usize),
    /// A web page with status 200, as a proxy in between may send.
    Html,
    /// Status 200 and the first half of the JSON, with a length that fits it.
    HalfJson,
    /// A stream that ends in order without its terminal event.
    NoTerminal,
    /// A stream that reports an error in its middle.
    ErrorEvent,
    /// One byte at a time, with this pause.
    ByteByByte(Duration),
    /// The head one byte at a time, with this pause, then the answer.
    SlowHead(Duration),
    /// The connection is reset before the request is read.
    ResetAtAccept,
    /// The connection is reset after this many bytes of the body.
    ResetAfter(usize),
    /// The connection ends in order after as many bytes of the body as the model's name ends in: `cut-17`.
    CutAsNamed,
    /// A temporary redirect to another path of the same provider.
    Redirect,
    /// An interim answer (100 and 103) before the true one.
    Interim,
    /// An answer in HTTP/1.0, without a length, that ends with the connection.
    Http10,
    /// A length that is greater than the body.
    LongLength,
    /// A length that is half of the body.
    ShortLength,
    /// This content type on a good answer; an empty one is none at all.
    ContentType(&'static str),
    /// A byte that is no UTF-8 in the text.
    InvalidUtf8,
    /// A bare NUL in the text.
    NulByte,
    /// Status 200 and nothing.
    EmptyBody,
    /// Status 200 and an error: as the body, or as the first event of a stream.
    ErrorInside,
    /// The events that end a stream come twice.
    RepeatEnd,
    /// The very last event of a stream comes as the second.
    EndFirst,
    /// The answer never says why the model stopped.
    NoFinish,
    /// No usage is told.
    NoUsage,
    /// Less than nothing was used, as its end tells it.
    NegativeUsage,
    /// A body of 33 MiB, or one event of 10 MiB in a stream.
    Huge,
    /// Packed with gzip.
    Gzip,
    /// A small packed body that unpacks into 33 MiB, or a stream into 130 MiB.
    GzipBomb,
}

impl Fault {
    /// An error status without more.
    #[must_use]
    pub fn status(status: u16) -> Fault {
        Fault::Status {
            status,
            retry_after: None,
        }
    }

    /// True for faults that show only when a deadline passes.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        matches!(
            self,
            Fault::Silent | Fault::StallAfter(_) | Fault::ByteByByte(_) | Fault::SlowHead(_)
        )
    }

    /// 429 with a `Retry-After` in seconds.
    #[must_use]
    pub fn busy_for(seconds: u64) -> Fault {
        Fault::Status {
            status: 429,
            retry_after: Some(seconds.to_string()),
        }
    }
}
