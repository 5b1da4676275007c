//! Tiers: the rungs of the price ladder, T0 the cheapest.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A rung of the ladder. Ordered: `T0 < T3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    T0,
    T1,
    T2,
    T3,
}

impl Tier {
    /// All rungs, cheapest first.
    pub const ALL: [Tier; 4] = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];

    /// `"T0"` … `"T3"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["T0", "T1", "T2", "T3"][self as usize]
    }
    /// Reads what [`Tier::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
