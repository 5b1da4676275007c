//! Intents: what a request is about, found from its text alone; no I/O, no clock, nothing stored.
//!
//! - [`rule`]: the configuration of one intent.
//! - [`detector`]: all rules compiled, and the detection itself.
//! - [`compile`]: the checks a rule must pass, and the error that names what is wrong.
//! - [`entity`]: the values a rule picks out of the text.
//! - [`cache_key`]: entities filled into a key template, without collisions.
//! - [`residual`]: the guard that forbids an intent key when the text says anything more.
//! - [`default_rules`]: the twelve intents Weir starts with.
//!
//! An intent key stands for *one user message*. The caller adds the intent's name and every hard part
//! (tenant, model, system prompt, tools, parameters) to it, and uses it only when no conversation
//! precedes the message; otherwise the key over the exact text is the only honest one.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test"))]

pub mod cache_key;
pub mod compile;
pub mod default_rules;
pub mod detector;
pub mod entity;
pub mod residual;
pub mod rule;
mod wording;

#[cfg(test)]
mod labelled;

pub use cache_key::fill_cache_key;
pub use compile::IntentRuleError;
pub use default_rules::default_rules;
pub use detector::{Detection, IntentDetector};
pub use residual::KeyDecision;
pub use rule::{CacheTtl, EntityRule, IntentRule};

/// The intent of a text that no rule recognises. No rule may take this name.
pub const GENERAL: &str = "general";
