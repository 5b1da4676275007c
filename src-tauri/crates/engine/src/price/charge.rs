//! What a call's tokens cost: exact in pico-dollars, rounded up to a nano-dollar once.

use super::row::PriceRow;
use weir_contract::NanoUsd;
use weir_contract::model::usage::TokenUsage;

/// Pico-dollars in a nano-dollar.
const PICO_PER_NANO: i128 = 1_000;

/// The charge for this usage. A negative count, which only a faulty provider sends, counts as zero.
#[must_use]
pub fn charge(row: &PriceRow, usage: &TokenUsage) -> NanoUsd {
    charge_with_long_writes(row, usage, 0)
}

/// As [`charge`], where `long_writes` of `usage.cache_write` are kept for an hour at the dearer price (Anthropic's
/// `cache_creation.ephemeral_1h_input_tokens`).
#[must_use]
pub fn charge_with_long_writes(row: &PriceRow, usage: &TokenUsage, long_writes: i64) -> NanoUsd {
    let writes = usage.cache_write.max(0);
    let long_writes = long_writes.clamp(0, writes);
    let parts = [
        (usage.input, row.input_pico),
        (usage.cache_read, row.cache_read_pico),
        (writes - long_writes, row.cache_write_pico),
        (long_writes, row.cache_write_long_pico),
        (usage.output, row.output_pico),
        (usage.reasoning, row.reasoning_pico),
    ];
    let pico = parts.into_iter().fold(0_i128, |sum, (tokens, price)| {
        sum.saturating_add(i128::from(tokens.max(0)) * i128::from(price.max(0)))
    });
    pico_to_nano_up(pico)
}

/// Rounds up to whole nano-dollars, stopping at the largest amount.
pub(crate) fn pico_to_nano_up(pico: i128) -> NanoUsd {
    let nano = pico.saturating_add(PICO_PER_NANO - 1).div_euclid(PICO_PER_NANO);
    NanoUsd(i64::try_from(nano).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{charge, charge_with_long_writes};
    use crate::price::row::PriceRow;
    use proptest::prelude::*;
    use weir_contract::NanoUsd;
    use weir_contract::model::usage::TokenUsage;

    fn row() -> PriceRow {
        PriceRow::from_prices("config:t/m", [1, 10, 100, 200, 1_000, 10_000], None)
    }

    #[test]
    fn rounding_is_up_and_happens_once() {
        let one_of_input = TokenUsage {
            input: 1,
            ..TokenUsage::default()
        };
        assert_eq!(charge(&row(), &one_of_input), NanoUsd(1));
        let all = TokenUsage {
            input: 1,
            cache_read: 1,
            cache_write: 1,
            output: 1,
            reasoning: 1,
        };
        // 11,111 pico-dollars: 12 nano-dollars, not the 14 that rounding each class would make.
        assert_eq!(charge(&row(), &all), NanoUsd(12));
        assert_eq!(charge(&row(), &TokenUsage::default()), NanoUsd::ZERO);
    }

    #[test]
    fn long_writes_are_a_part_of_all_writes() {
        let usage = TokenUsage {
            cache_write: 10,
            ..TokenUsage::default()
        };
        assert_eq!(charge_with_long_writes(&row(), &usage, 4), NanoUsd(2));
        assert_eq!(
            charge_with_long_writes(&row(), &usage, 99),
            charge_with_long_writes(&row(), &usage, 10)
        );
    }

    #[test]
    fn faulty_usage_neither_panics_nor_pays_back() {
        let negative = TokenUsage {
            input: -5,
            cache_read: -5,
            cache_write: -5,
            output: -5,
            reasoning: i64::MIN,
        };
        assert_eq!(charge_with_long_writes(&row(), &negative, -3), NanoUsd::ZERO);
        let huge = TokenUsage {
            output: i64::MAX,
            reasoning: i64::MAX,
            ..TokenUsage::default()
        };
        assert_eq!(charge(&row(), &huge), NanoUsd(i64::MAX));
        let dear = PriceRow::from_prices("config:t/m", [i64::MAX; 6], None);
        assert_eq!(charge(&dear, &huge), NanoUsd(i64::MAX));
    }

    proptest! {
        #[test]
        fn more_tokens_never_cost_less(tokens in prop::array::uniform5(0..1_000_000_i64), more in 0..5_usize) {
            let usage = |tokens: [i64; 5]| TokenUsage {
                input: tokens[0], cache_read: tokens[1], cache_write: tokens[2], output: tokens[3], reasoning: tokens[4],
            };
            let mut grown = tokens;
            grown[more] += 1;
            prop_assert!(charge(&row(), &usage(tokens)) <= charge(&row(), &usage(grown)));
        }
    }
}
