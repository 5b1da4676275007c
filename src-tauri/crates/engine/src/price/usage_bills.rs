//! BUD-9: usage bodies as three providers send them, down to bills computed by hand from their published prices.

use super::{charge::charge_with_long_writes, table::PriceBook};
use crate::{
    protocol::usage::{from_anthropic, from_gemini, from_openai},
    request::Usage,
};
use serde_json::{Value, json};
use weir_contract::NanoUsd;

/// 2026-11-21T00:00:00Z.
const NOW_MS: i64 = 1_795_219_200_000;

/// What the body of this provider is charged for this model, read and priced as a call's is.
fn bill(provider: &str, model: &str, body: &Value) -> NanoUsd {
    let usage = match provider {
        "anthropic" => from_anthropic(body, None),
        "openai" => from_openai(body).map(Usage::from),
        _ => from_gemini(body).map(Usage::from),
    };
    let usage = usage.unwrap_or_else(|| panic!("{body}"));
    let prompt = u64::try_from(usage.tokens.input_total()).unwrap();
    let book = PriceBook::new(&[]).unwrap();
    let row = book.row_for(provider, model, prompt, NOW_MS).unwrap();
    charge_with_long_writes(&row, &usage.tokens, usage.long_cache_writes)
}

fn check(provider: &str, table: &[(&str, Value, i64)]) {
    for (model, body, expected) in table {
        assert_eq!(bill(provider, model, body), NanoUsd(*expected), "{model} {body}");
    }
}

/// Dollars per million tokens are nano-dollars per thousandth of a token: $1.25 is 1,250 nano-dollars each.
#[test]
fn bud_9_openai_bodies() {
    let body = |prompt: i64, cached: i64, completion: i64, reasoning: i64| {
        json!({
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        })
    };
    check(
        "openai",
        &[
            // 1.25 in, 0.125 read, 10 out: 86 fresh, 1,920 cached, 300 out of which 192 reasoning.
            (
                "gpt-5",
                body(2_006, 1_920, 300, 192),
                107_500 + 240_000 + 3_000_000,
            ),
            // 2.50 in, 1.25 read, 10 out.
            (
                "gpt-4o",
                body(2_006, 1_920, 300, 0),
                215_000 + 2_400_000 + 3_000_000,
            ),
            // An explicit nothing is nothing.
            ("gpt-4o", body(0, 0, 0, 0), 0),
            // Embeddings: 0.02 in.
            (
                "text-embedding-3-small",
                json!({"prompt_tokens": 8, "total_tokens": 8}),
                160,
            ),
        ],
    );
}

#[test]
fn bud_9_anthropic_bodies() {
    // claude-sonnet-4-5: 3 in, 0.30 read, 3.75 written for five minutes, 6 for an hour, 15 out.
    check(
        "anthropic",
        &[
            (
                "claude-sonnet-4-5",
                json!({"input_tokens": 21, "cache_creation_input_tokens": 188_086, "cache_read_input_tokens": 0,
                    "cache_creation": {"ephemeral_5m_input_tokens": 188_086, "ephemeral_1h_input_tokens": 0},
                    "output_tokens": 393, "service_tier": "standard"}),
                63_000 + 705_322_500 + 5_895_000,
            ),
            (
                "claude-sonnet-4-5",
                json!({"input_tokens": 2_048, "cache_read_input_tokens": 1_800, "cache_creation_input_tokens": 248,
                    "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
                    "output_tokens": 503}),
                6_144_000 + 540_000 + 555_000 + 600_000 + 7_545_000,
            ),
            // Bodies from before writes were told apart: all of them for five minutes.
            (
                "claude-sonnet-4-5",
                json!({"input_tokens": 50, "cache_creation_input_tokens": 248, "cache_read_input_tokens": 100_000,
                    "output_tokens": 10}),
                150_000 + 930_000 + 30_000_000 + 150_000,
            ),
            // Above 200,000 tokens of input, whatever their class: 6, 0.60, 22.50.
            (
                "claude-sonnet-4-5",
                json!({"input_tokens": 1, "cache_read_input_tokens": 200_000, "output_tokens": 10}),
                6_000 + 120_000_000 + 225_000,
            ),
        ],
    );
}

#[test]
fn bud_9_gemini_bodies() {
    // gemini-2.5-pro: 1.25 in, 0.125 read, 10 out up to 200,000 tokens; 2.50, 0.25, 15 above. Thoughts are output.
    check(
        "gemini",
        &[
            (
                "gemini-2.5-pro",
                json!({"promptTokenCount": 1_000, "cachedContentTokenCount": 700, "candidatesTokenCount": 50,
                    "thoughtsTokenCount": 120, "totalTokenCount": 1_170,
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1_000}]}),
                375_000 + 87_500 + 1_700_000,
            ),
            (
                "gemini-2.5-pro",
                json!({"promptTokenCount": 200_001, "candidatesTokenCount": 7, "totalTokenCount": 200_008}),
                500_002_500 + 105_000,
            ),
            // What a tool's results added to the prompt is input: 0.30 in, 2.50 out.
            (
                "gemini-2.5-flash",
                json!({"promptTokenCount": 10, "toolUsePromptTokenCount": 90, "candidatesTokenCount": 4,
                    "totalTokenCount": 104}),
                30_000 + 10_000,
            ),
        ],
    );
}
