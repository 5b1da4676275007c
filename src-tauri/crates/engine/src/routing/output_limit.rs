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

#[cfg(test)]
mod tests {
    use super::*;

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
