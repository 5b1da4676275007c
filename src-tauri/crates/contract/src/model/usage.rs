//! Token counts of one call. The classes are disjoint: a token is in exactly one of them.

use serde::{Deserialize, Serialize};

/// Tokens by price class. `reasoning` is kept apart from `output`; both are paid output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Fresh input, neither read from nor written to the provider's prompt cache.
    pub input: i64,
    /// Input read from the provider's prompt cache.
    pub cache_read: i64,
    /// Input written to the provider's prompt cache.
    pub cache_write: i64,
    /// Visible output.
    pub output: i64,
    /// Output spent on reasoning.
    pub reasoning: i64,
}

impl TokenUsage {
    /// All tokens of the call.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.input + self.cache_read + self.cache_write + self.output + self.reasoning
    }
    /// All input tokens.
    #[must_use]
    pub fn input_total(&self) -> i64 {
        self.input + self.cache_read + self.cache_write
    }
    /// All output tokens.
    #[must_use]
    pub fn output_total(&self) -> i64 {
        self.output + self.reasoning
    }
}
