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

    /// 429 with a `Retry-After` in seconds.
    #[must_use]
    pub fn busy_for(seconds: u64) -> Fault {
        Fault::Status {
            status: 429,
            retry_after: Some(seconds.to_string()),
        }
    }
}
