//! The made-up company: what it asks for, and of which models.

use weir_contract::model::tier::Tier;

/// Name, share of traffic in percent, chance of a hit in percent, tier, usual input and output tokens.
pub(super) const INTENTS: [(&str, u64, u64, Tier, i64, i64); 8] = [
    ("summarization", 22, 31, Tier::T1, 1_900, 240),
    ("question_answering", 20, 44, Tier::T1, 620, 180),
    ("expense_categorization", 15, 78, Tier::T0, 140, 12),
    ("email_draft", 12, 9, Tier::T2, 380, 310),
    ("translation", 11, 52, Tier::T0, 420, 400),
    ("code_generation", 9, 6, Tier::T3, 1_100, 720),
    ("data_extraction", 7, 35, Tier::T1, 1_450, 160),
    ("general", 4, 12, Tier::T1, 500, 260),
];

/// Model, pico-dollars per input and output token. Play money, near the usual prices of each class of model.
pub(super) const MODELS: [(&str, i128, i128); 4] = [
    ("sim-nano", 50_000, 400_000),
    ("sim-mini", 250_000, 2_000_000),
    ("sim-standard", 1_250_000, 10_000_000),
    ("sim-large", 5_000_000, 25_000_000),
];
