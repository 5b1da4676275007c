//! What a call may cost at most, before it is made: the amount that a strict cap reserves.
//!
//! Byte-level tokenizers never make more tokens than there are UTF-8 bytes, so bytes bound the text of a prompt for
//! every provider, without a tokenizer. The bound on output is the caller's own limit; where there is none, it is the
//! model's context, and near a cap a limit that the gateway assumes and tells the provider
//! ([`crate::routing::output_limit`]), or the bound would be no bound.

use crate::price::row::PriceRow;
use weir_contract::NanoUsd;

/// Tokens that a chat template may add around one message: role, separators, tool-call framing.
pub const TOKENS_PER_MESSAGE: u64 = 16;
/// Tokens for one image when the caller does not know better: what a 1,568-pixel image costs at Anthropic, and above
/// OpenAI's 765 to 1,105 for a high-detail square and Gemini's 258 per tile of a small one. An image that costs more
/// shows as over-settlement in the ledger; pass the true figure in [`PromptSize::tokens_per_image`] where it is known.
pub const DEFAULT_TOKENS_PER_IMAGE: u64 = 1_600;
/// Output tokens when neither the caller nor the operator sets a limit.
pub const DEFAULT_OUTPUT_TOKENS: u64 = 4_096;

/// What is known of a call before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptSize {
    /// UTF-8 bytes of all texts that reach the model: messages, system prompt, tool definitions, response schema.
    pub text_bytes: u64,
    pub messages: u64,
    pub images: u64,
    pub tokens_per_image: u64,
    /// Most output tokens of one answer; none means [`DEFAULT_OUTPUT_TOKENS`].
    pub max_output_tokens: Option<u64>,
    /// Answers asked for (`n`); 0 counts as 1.
    pub choices: u64,
}

impl PromptSize {
    /// A prompt of text alone, asking for one answer.
    #[must_use]
    pub fn of_text(text_bytes: u64, messages: u64, max_output_tokens: Option<u64>) -> PromptSize {
        PromptSize {
            text_bytes,
            messages,
            images: 0,
            tokens_per_image: DEFAULT_TOKENS_PER_IMAGE,
            max_output_tokens,
            choices: 1,
        }
    }

    /// The most input tokens this can be.
    #[must_use]
    pub fn worst_input_tokens(&self) -> u64 {
        self.text_bytes
            .saturating_add(self.messages.saturating_mul(TOKENS_PER_MESSAGE))
            .saturating_add(self.images.saturating_mul(self.tokens_per_image))
    }

    /// The most output tokens this can lead to, reasoning included.
    #[must_use]
    pub fn worst_output_tokens(&self) -> u64 {
        self.max_output_tokens
            .unwrap_or(DEFAULT_OUTPUT_TOKENS)
            .saturating_mul(self.choices.max(1))
    }
}

/// The most a call can cost: all input at the dearest input class (a provider may decide to write all of it to its
/// cache), all output at the dearest output class. `row` must be the price for `size.worst_input_tokens()`, so that
/// a long-context price is the one reserved.
#[must_use]
pub fn worst_case_nanousd(row: &PriceRow, size: &PromptSize) -> NanoUsd {
    let input = i128::from(size.worst_input_tokens()) * i128::from(row.dearest_input_pico());
    let output = i128::from(size.worst_output_tokens()) * i128::from(row.dearest_output_pico());
    crate::price::charge::pico_to_nano_up(input.saturating_add(output))
}

#[cfg(test)]
mod tests {
    use super::{PromptSize, worst_case_nanousd};
    use crate::price::charge::{charge, charge_with_long_writes};
    use crate::price::row::PriceRow;
    use proptest::prelude::*;
    use weir_contract::NanoUsd;
    use weir_contract::model::usage::TokenUsage;

    #[test]
    fn bytes_messages_and_images_all_count() {
        let size = PromptSize {
            images: 2,
            choices: 3,
            ..PromptSize::of_text(1_000, 2, Some(100))
        };
        assert_eq!(size.worst_input_tokens(), 1_000 + 32 + 3_200);
        assert_eq!(size.worst_output_tokens(), 300);
        assert_eq!(PromptSize::of_text(0, 0, None).worst_output_tokens(), 4_096);
    }

    #[test]
    fn absurd_sizes_stop_at_the_largest_amount() {
        let size = PromptSize {
            images: u64::MAX,
            ..PromptSize::of_text(u64::MAX, u64::MAX, Some(u64::MAX))
        };
        let row = PriceRow::from_prices("config:test/m", [i64::MAX; 6], None);
        assert_eq!(worst_case_nanousd(&row, &size), NanoUsd(i64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// However a provider spreads at most that many tokens over the classes, the reservation covers the charge.
        #[test]
        fn no_split_over_classes_costs_more(
            prices in prop::array::uniform6(0..600_000_000_i64),
            size in (1..100_000_u64, 0..50_u64, 0..10_000_u64),
            cuts in prop::array::uniform4(0..=1_000_i64),
        ) {
            let row = PriceRow::from_prices("config:test/m", prices, None);
            let size = PromptSize::of_text(size.0, size.1, Some(size.2));
            let input = i64::try_from(size.worst_input_tokens()).unwrap();
            let output = i64::try_from(size.worst_output_tokens()).unwrap();
            let cache_read = input * cuts[0] / 1_000;
            let cache_write = (input - cache_read) * cuts[1] / 1_000;
            let reasoning = output * cuts[2] / 1_000;
            let usage = TokenUsage {
                input: input - cache_read - cache_write,
                cache_read,
                cache_write,
                output: output - reasoning,
                reasoning,
            };
            let reserved = worst_case_nanousd(&row, &size);
            prop_assert!(charge(&row, &usage) <= reserved);
            prop_assert!(charge_with_long_writes(&row, &usage, cache_write * cuts[3] / 1_000) <= reserved);
        }
    }
}
