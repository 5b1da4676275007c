//! Spans of time that a page looks at.

use serde::{Deserialize, Serialize};

/// A half-open span `[from_ms, to_ms)` in UNIX milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    pub from_ms: i64,
    pub to_ms: i64,
}

impl TimeRange {
    /// Its length in milliseconds, never negative.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        (self.to_ms - self.from_ms).max(0)
    }
    /// The span of equal length that ends where this one starts.
    #[must_use]
    pub fn previous(self) -> TimeRange {
        TimeRange {
            from_ms: self.from_ms - self.length_ms(),
            to_ms: self.from_ms,
        }
    }
}
