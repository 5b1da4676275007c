//! BUD-9, BUD-5: tests of prices as a whole: providers' usage against bills computed by hand, and what an unknown model costs.

use super::charge::{charge, charge_with_long_writes};
use super::overrides::PriceOverride;
use super::table::PriceBook;
use weir_contract::NanoUsd;
use weir_contract::model::usage::TokenUsage;

/// 2026-11-21T00:00:00Z.
const NOW_MS: i64 = 1_795_219_200_000;

fn usage(input: i64, cache_read: i64, cache_write: i64, output: i64, reasoning: i64) -> TokenUsage {
    TokenUsage {
        input,
        cache_read,
        cache_write,
        output,
        reasoning,
    }
}

fn free_of(provider: &str, model: &str, input: &str, output: &str) -> PriceOverride {
    PriceOverride {
        provider: provider.into(),
        model: model.into(),
        input: input.into(),
        cache_read: None,
        cache_write: None,
        cache_write_long: None,
        output: output.into(),
        reasoning: None,
        context_tokens: None,
    }
}

/// Nano-dollars computed by hand from the providers' published dollars per million tokens.
#[test]
fn bills_agree_to_the_nano_dollar() {
    let book = PriceBook::new(&[]).unwrap();
    let table = [
        // 1.25 in, 0.125 read, 10 out: 1,000·1,250 + 2,000·125 + 300·10,000 + 700·10,000.
        ("openai", "gpt-5", usage(1_000, 2_000, 0, 300, 700), 11_500_000),
        ("openai", "gpt-5-2025-08-07", usage(1, 0, 0, 0, 0), 1_250),
        // 2.50 in, 1.25 read, 10 out.
        (
            "openai",
            "gpt-4o",
            usage(17, 1_024, 0, 9, 0),
            42_500 + 1_280_000 + 90_000,
        ),
        // 0.15 in, 0.075 read, 0.60 out.
        (
            "openai",
            "gpt-4o-mini",
            usage(11, 128, 0, 7, 0),
            1_650 + 9_600 + 4_200,
        ),
        // 0.02 in: seven tokens are 140 nano-dollars.
        ("openai", "text-embedding-3-small", usage(7, 0, 0, 0, 0), 140),
        // 3 in, 0.30 read, 3.75 write, 15 out.
        (
            "anthropic",
            "claude-sonnet-4-5",
            usage(21, 188_086, 1_024, 393, 0),
            63_000 + 56_425_800 + 3_840_000 + 5_895_000,
        ),
        (
            "anthropic",
            "claude-sonnet-4-5-20250929",
            usage(3, 0, 0, 5, 7),
            9_000 + 180_000,
        ),
        // The same model above 200,000 input tokens: 6, 0.60, 7.50, 22.50.
        (
            "anthropic",
            "claude-sonnet-4-5",
            usage(200_001, 0, 10, 10, 0),
            1_200_006_000 + 75_000 + 225_000,
        ),
        // 1.25 in, 0.125 read, 10 out up to 200,000 tokens; 2.50, 0.25, 15 above.
        (
            "gemini",
            "gemini-2.5-pro",
            usage(150_000, 50_000, 0, 100, 900),
            187_500_000 + 6_250_000 + 10_000_000,
        ),
        (
            "gemini",
            "gemini-2.5-pro",
            usage(150_001, 50_000, 0, 100, 900),
            375_002_500 + 12_500_000 + 15_000_000,
        ),
        // 0.30 in, 0.03 read, 2.50 out.
        (
            "google",
            "gemini-2.5-flash",
            usage(13, 7, 0, 3, 5),
            3_900 + 210 + 20_000,
        ),
    ];
    for (provider, model, usage, expected) in table {
        let prompt = u64::try_from(usage.input_total()).unwrap();
        let row = book.row_for(provider, model, prompt, NOW_MS).unwrap();
        assert_eq!(
            charge(&row, &usage),
            NanoUsd(expected),
            "{provider}/{model} {usage:?} at {row:?}"
        );
    }
}

#[test]
fn hour_long_cache_writes_cost_their_own_price() {
    let row = PriceBook::new(&[])
        .unwrap()
        .row_for("anthropic", "claude-sonnet-4-5", 2_000, NOW_MS)
        .unwrap();
    // 600 for five minutes at 3.75, 400 for an hour at 6.
    let nano = charge_with_long_writes(&row, &usage(0, 0, 1_000, 0, 0), 400);
    assert_eq!(nano, NanoUsd(600 * 3_750 + 400 * 6_000));
}

#[test]
fn a_row_says_where_it_comes_from() {
    let row = PriceBook::new(&[])
        .unwrap()
        .row_for("openai", "gpt-5", 1, NOW_MS)
        .unwrap();
    assert!(
        row.id.starts_with("genai-prices@0.2.1:openai/gpt-5:2026-10-26#"),
        "{}",
        row.id
    );
    assert_eq!(row.context_tokens, Some(400_000));
}

#[test]
fn the_configuration_goes_first_and_a_star_covers_a_provider() {
    let book = PriceBook::new(&[
        free_of("openai", "gpt-5", "1", "2"),
        free_of("ollama", "*", "0", "0"),
        free_of("ollama", "big", "3", "4"),
    ])
    .unwrap();
    let input_pico = |provider, model| book.row_for(provider, model, 1, NOW_MS).map(|row| row.input_pico);
    assert_eq!(input_pico("openai", "gpt-5"), Some(1_000_000));
    assert_eq!(input_pico("openai", "gpt-4o"), Some(2_500_000));
    assert_eq!(input_pico("ollama", "llama3"), Some(0));
    assert_eq!(input_pico("ollama", "big"), Some(3_000_000));
}

/// BUD-5.
#[test]
fn an_unknown_model_costs_the_highest_of_its_tier_and_is_flagged() {
    let book = PriceBook::new(&[free_of("ollama", "*", "0", "0")]).unwrap();
    let tier = [
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
        ("vllm", "mystery"),
    ];
    let priced = book.price_or_highest("vllm", "mystery", &tier, 1_000, NOW_MS);
    assert!(!priced.is_known);
    assert_eq!(
        (priced.row.input_pico, priced.row.output_pico),
        (3_000_000, 15_000_000)
    );
    assert_eq!(priced.row.cache_read_pico, 1_250_000);
    assert!(
        book.price_or_highest("openai", "gpt-4o", &tier, 1_000, NOW_MS)
            .is_known
    );

    // Nobody in the tier is known, or all of it is free: the highest of the book.
    for tier in [vec![], vec![("vllm", "mystery")], vec![("ollama", "llama3")]] {
        let priced = book.price_or_highest("vllm", "mystery", &tier, 1_000, NOW_MS);
        assert!(!priced.is_known);
        assert!(priced.row.input_pico >= 30_000_000, "{priced:?}");
        assert!(priced.row.output_pico >= 120_000_000, "{priced:?}");
        assert!(charge(&priced.row, &usage(1, 0, 0, 1, 0)) > NanoUsd::ZERO);
    }
}

#[test]
fn many_model_names_do_not_fill_the_memory() {
    let book = PriceBook::new(&[]).unwrap();
    for number in 0..10_000 {
        assert_eq!(
            book.row_for("nobody", &format!("model-{number}"), 1, NOW_MS),
            None
        );
    }
    assert!(book.remembered_models() <= 4_096);
    assert!(book.row_for("openai", "gpt-5", 1, NOW_MS).is_some());
}
