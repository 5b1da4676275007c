//! The semantic cache.
use super::command;
use crate::model::semantic::{
    SemanticCurvePoint, SemanticNeverPair, SemanticPair, SemanticRule, SemanticState,
};

command! {
    /// The embedder, the index, and what the cache does for each intent.
    SemanticGet = "semantic.get" {} -> SemanticState
}
command! {
    /// Creates an intent's rule (version 0) or replaces the version named; returns the new version.
    SemanticSave = "semantic.save" { rule: SemanticRule, expected_version: i64 } -> i64
}
command! {
    /// Hits against checked wrong hits of an intent's traffic of the last 30 days, for every threshold.
    SemanticCurve = "semantic.curve" { intent: String } -> Vec<SemanticCurvePoint>
}
command! {
    /// Judged requests, newest first. `review`: only hits that turned out wrong.
    SemanticPairs = "semantic.pairs" { intent: Option<String>, review: bool, limit: u32 } -> Vec<SemanticPair>
}
command! {
    /// Says whether a hit's answer was right. Wrong ones are learned from, and the two questions never match again.
    SemanticFeedback = "semantic.feedback" { request_id: String, same: bool } -> SemanticPair
}
command! {
    /// Questions that must never match, newest first.
    SemanticNever = "semantic.never" { limit: u32 } -> Vec<SemanticNeverPair>
}
command! {
    /// Lets two questions match again, on every gateway within two seconds; false when nobody had forbidden it.
    SemanticAllow = "semantic.allow" { group: String, one: String, other: String } -> bool
}
