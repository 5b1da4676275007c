//! How many output tokens a call without a limit of its own is reserved for, and told to keep to. Pure.

use super::plan::Needs;
use crate::{budget::estimate::DEFAULT_OUTPUT_TOKENS, request::Chat, settings::ModelAbilities};

/// A context is taken into account only when it leaves at least so much; the likely input is a cautious guess, and an answer
/// should not be cut short because of it.
const LEAST_ROOM_TOKENS: u64 = 1_024;

/// The most output tokens of one answer: the client's own limit, else what the operator says the model gives, else
/// [`DEFAULT_OUTPUT_TOKENS`]. One that Weir assumed is no longer than the model's context has room for, since providers
/// refuse a limit that cannot be kept.
#[must_use]
pub fn output_limit(chat: &Chat, needs: &Needs, abilities: &ModelAbilities, context: Option<u64>) -> u32 {
    if let Some(own) = chat.max_tokens {
        return own;
    }
    let assumed = abilities
        .max_output_tokens
        .unwrap_or(u32::try_from(DEFAULT_OUTPUT_TOKENS).unwrap_or(u32::MAX));
    let room = context.map(|context| context.saturating_sub(needs.input_tokens));
    match room.and_then(|room| u32::try_from(room).ok()) {
        Some(room) if u64::from(room) >= LEAST_ROOM_TOKENS => assumed.min(room),
        _ => assumed,
    }
}

/// The bound on one answer when the provider is told no limit: an answer lies within the model's context. None where
/// somebody set a limit, which is then the bound, or where the context is unknown.
#[must_use]
pub fn open_output(chat: &Chat, abilities: &ModelAbilities, context: Option<u64>) -> Option<u32> {
    match (chat.max_tokens, abilities.max_output_tokens) {
        (None, None) => u32::try_from(context?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_context_bounds_an_answer_that_nobody_limited() {
        let chat = |max_tokens| Chat {
            max_tokens,
            ..Chat::default()
        };
        let free = ModelAbilities::default();
        let told = ModelAbilities {
            max_output_tokens: Some(9),
            ..ModelAbilities::default()
        };
        assert_eq!(open_output(&chat(None), &free, Some(128_000)), Some(128_000));
        assert_eq!(open_output(&chat(None), &free, None), None);
        assert_eq!(open_output(&chat(Some(7)), &free, Some(128_000)), None);
        assert_eq!(open_output(&chat(None), &told, Some(128_000)), None);
    }

    fn limit(own: Option<u32>, said: Option<u32>, context: Option<u64>) -> u32 {
        let chat = Chat {
            max_tokens: own,
            ..Chat::default()
        };
        let abilities = ModelAbilities {
            max_output_tokens: said,
            ..ModelAbilities::default()
        };
        output_limit(&chat, &Needs::of_chat(&chat, 5_000), &abilities, context)
    }

    #[test]
    fn the_client_comes_before_the_operator_and_both_before_the_default() {
        assert_eq!(limit(Some(7), Some(64_000), Some(6_000)), 7);
        assert_eq!(limit(None, Some(64_000), None), 64_000);
        assert_eq!(limit(None, None, None), 4_096);
    }

    #[test]
    fn a_short_context_lowers_what_was_assumed() {
        assert_eq!(limit(None, None, Some(8_000)), 3_000);
        assert_eq!(limit(None, Some(64_000), Some(128_000)), 64_000);
        assert_eq!(
            limit(None, None, Some(5_500)),
            4_096,
            "the guess may be too cautious"
        );
    }
}
