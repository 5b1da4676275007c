//! The twelve intents Weir starts with, embedded so that a fresh profile needs no file.

use super::rule::IntentRule;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    intent: Vec<IntentRule>,
}

#[expect(clippy::expect_used, reason = "the file is embedded and a test reads it")]
static RULES: LazyLock<Vec<IntentRule>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("default_intents.toml"))
        .expect("default_intents.toml is valid")
        .intent
});

/// The default rules, in the order in which they win a draw.
#[must_use]
pub fn default_rules() -> Vec<IntentRule> {
    RULES.clone()
}
