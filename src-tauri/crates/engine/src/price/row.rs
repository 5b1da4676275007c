//! One price: what each class of token costs, and the name under which a charge remembers it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Pico-dollars per token, by token class. One dollar per million tokens is 1,000,000 of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PriceRow {
    /// Where it comes from, and a fingerprint of the numbers: two rows with the same id have the same prices.
    /// `genai-prices@0.2.1:openai/gpt-5:2026-10-26#1f0c2a9d`, or `config:openai/gpt-5#…`.
    pub id: String,
    pub input_pico: i64,
    pub cache_read_pico: i64,
    /// A write that the provider keeps for minutes, its default.
    pub cache_write_pico: i64,
    /// A write that the provider keeps for an hour; equal to `cache_write_pico` where there is no such price.
    pub cache_write_long_pico: i64,
    pub output_pico: i64,
    pub reasoning_pico: i64,
    /// The model's context window, where it is known.
    pub context_tokens: Option<u64>,
}

impl PriceRow {
    /// A row from its source and its prices in the order of the fields; the fingerprint is added to the id.
    #[must_use]
    pub fn from_prices(source: &str, prices: [i64; 6], context_tokens: Option<u64>) -> PriceRow {
        let [
            input,
            cache_read,
            cache_write,
            cache_write_long,
            output,
            reasoning,
        ] = prices;
        let mut hash = Sha256::new();
        for price in prices {
            hash.update(price.to_be_bytes());
        }
        let mut id = format!("{source}#");
        for byte in hash.finalize().iter().take(4) {
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        PriceRow {
            id,
            input_pico: input,
            cache_read_pico: cache_read,
            cache_write_pico: cache_write,
            cache_write_long_pico: cache_write_long,
            output_pico: output,
            reasoning_pico: reasoning,
            context_tokens,
        }
    }

    /// The prices in the order of the fields.
    #[must_use]
    pub fn prices(&self) -> [i64; 6] {
        [
            self.input_pico,
            self.cache_read_pico,
            self.cache_write_pico,
            self.cache_write_long_pico,
            self.output_pico,
            self.reasoning_pico,
        ]
    }

    /// The dearest way a token of input can be charged.
    #[must_use]
    pub fn dearest_input_pico(&self) -> i64 {
        self.prices()[..4].iter().copied().max().unwrap_or(0)
    }

    /// The dearest way a token of output can be charged.
    #[must_use]
    pub fn dearest_output_pico(&self) -> i64 {
        self.output_pico.max(self.reasoning_pico)
    }
}

/// The highest price of each class among these rows: what a model without a price is charged at. None without rows.
#[must_use]
pub fn highest_of<'a>(rows: impl IntoIterator<Item = &'a PriceRow>) -> Option<PriceRow> {
    let mut rows = rows.into_iter();
    let mut highest = rows.next()?.prices();
    for row in rows {
        for (most, price) in highest.iter_mut().zip(row.prices()) {
            *most = (*most).max(price);
        }
    }
    Some(PriceRow::from_prices("highest-known", highest, None))
}

#[cfg(test)]
mod tests {
    use super::{PriceRow, highest_of};

    #[test]
    fn the_highest_is_taken_class_by_class() {
        let rows = [
            PriceRow::from_prices("config:a/a", [1, 9, 3, 3, 5, 6], Some(10)),
            PriceRow::from_prices("config:b/b", [2, 1, 1, 8, 7, 1], None),
        ];
        assert_eq!(highest_of(&rows).unwrap().prices(), [2, 9, 3, 8, 7, 6]);
        assert_eq!(highest_of([]), None);
    }

    #[test]
    fn the_id_changes_with_any_price() {
        let row = PriceRow::from_prices("config:a/a", [1, 2, 3, 4, 5, 6], None);
        for class in 0..6 {
            let mut prices = row.prices();
            prices[class] += 1;
            assert_ne!(PriceRow::from_prices("config:a/a", prices, None).id, row.id);
        }
    }
}
