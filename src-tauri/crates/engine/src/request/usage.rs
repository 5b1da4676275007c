//! What a provider says that a call used.

use serde::{Deserialize, Serialize};
use std::ops::Deref;
use weir_contract::model::usage::TokenUsage;

/// Tokens by price class, and what only the charge needs to know of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    #[serde(flatten)]
    pub tokens: TokenUsage,
    /// Of `tokens.cache_write`: kept for an hour, which some providers sell at a dearer price.
    #[serde(default)]
    pub long_cache_writes: i64,
}

impl Deref for Usage {
    type Target = TokenUsage;
    fn deref(&self) -> &TokenUsage {
        &self.tokens
    }
}

impl From<TokenUsage> for Usage {
    fn from(tokens: TokenUsage) -> Usage {
        Usage {
            tokens,
            long_cache_writes: 0,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_were_kept_before_are_still_read() {
        let before = r#"{"input":1,"cache_read":2,"cache_write":3,"output":4,"reasoning":5}"#;
        let usage: Usage = serde_json::from_str(before).unwrap();
        assert_eq!((usage.total(), usage.long_cache_writes), (15, 0));
        let long = Usage {
            long_cache_writes: 2,
            ..usage
        };
        let written = serde_json::to_string(&long).unwrap();
        assert_eq!(serde_json::from_str::<Usage>(&written).unwrap(), long);
    }
}
