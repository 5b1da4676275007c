//! Prices of the simulated provider: play money, near the usual prices of each class of model, so that everything that counts
//! money can be tried. Whoever configures a price of their own for these models wins.

use weir_engine::price::overrides::PriceOverride;

/// Model, and dollars per million input and output tokens.
const PRICES: [(&str, &str, &str); 5] = [
    ("sim-nano", "0.05", "0.40"),
    ("sim-mini", "0.25", "2"),
    ("sim-standard", "1.25", "10"),
    ("sim-large", "5", "25"),
    ("sim-embed", "0.02", "0"),
];

/// The configured prices with those of the simulated models before them.
#[must_use]
pub fn with_play_money(configured: &[PriceOverride]) -> Vec<PriceOverride> {
    let play = PRICES.iter().map(|(model, input, output)| PriceOverride {
        provider: "simulated".to_owned(),
        model: (*model).to_owned(),
        input: (*input).to_owned(),
        cache_read: None,
        cache_write: None,
        cache_write_long: None,
        output: (*output).to_owned(),
        reasoning: None,
        context_tokens: Some(200_000),
    });
    play.chain(configured.iter().cloned()).collect()
}
