//! Hour rollups as a table by time; an hour without a row had no requests.

use super::hour_start;
use crate::store::Counters;
use std::collections::BTreeMap;

/// The hours of one value, by their start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    by_start: BTreeMap<i64, Counters>,
}

impl Hours {
    /// From rows in any order; rows of the same hour add up.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = (i64, Counters)>) -> Hours {
        let mut by_start: BTreeMap<i64, Counters> = BTreeMap::new();
        for (at_ms, counters) in rows {
            let sum = by_start.entry(hour_start(at_ms)).or_default();
            *sum = plus(*sum, counters);
        }
        Hours { by_start }
    }

    /// The hour that starts here.
    #[must_use]
    pub fn at(&self, start_ms: i64) -> Counters {
        self.by_start.get(&start_ms).copied().unwrap_or_default()
    }

    /// The sum of the hours that start in `[from_ms, to_ms)`.
    #[must_use]
    pub fn sum(&self, from_ms: i64, to_ms: i64) -> Counters {
        if from_ms >= to_ms {
            return Counters::default();
        }
        let rows = self.by_start.range(from_ms..to_ms);
        rows.fold(Counters::default(), |sum, (_, counters)| plus(sum, *counters))
    }

    /// Start of the first hour that has requests.
    #[must_use]
    pub fn first_ms(&self) -> Option<i64> {
        self.by_start.keys().next().copied()
    }
}

/// Of the sums only what alerts look at.
fn plus(one: Counters, other: Counters) -> Counters {
    Counters {
        requests: one.requests.saturating_add(other.requests),
        hits: one.hits.saturating_add(other.hits),
        misses: one.misses.saturating_add(other.misses),
        errors: one.errors.saturating_add(other.errors),
        cost_nanousd: one.cost_nanousd.saturating_add(other.cost_nanousd),
        price_unknown: one.price_unknown.saturating_add(other.price_unknown),
        ..Counters::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Hours;
    use crate::{alert::HOUR_MS, store::Counters};

    #[test]
    fn hours_add_up_and_missing_ones_are_empty() {
        let cost = |cost_nanousd| Counters {
            cost_nanousd,
            ..Counters::default()
        };
        let hours = Hours::new([(5, cost(1)), (HOUR_MS, cost(2)), (HOUR_MS + 9, cost(4))]);
        assert_eq!(hours.at(HOUR_MS).cost_nanousd, 6);
        assert_eq!(hours.at(2 * HOUR_MS).cost_nanousd, 0);
        assert_eq!(hours.sum(0, 2 * HOUR_MS).cost_nanousd, 7);
        assert_eq!(hours.sum(HOUR_MS, 0).cost_nanousd, 0);
        assert_eq!(hours.first_ms(), Some(0));
    }
}
