//! Counters by provider and model, for `/metrics`. A client can name any model, so only so many are told apart.

use super::process::Histogram;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use weir_contract::model::{
    request::{RequestRow, RequestStatus},
    usage::TokenUsage,
};

/// Models that are told apart; what comes later counts as [`OTHER`].
pub const MOST_MODELS: usize = 100;
/// Stands for the provider and model of all others.
pub const OTHER: &str = "other";

/// What was bought of one model since the start.
#[derive(Debug, Default)]
pub struct ModelCounters {
    /// By status, in the order of [`RequestStatus::ALL`].
    pub requests: [u64; 5],
    pub tokens: TokenUsage,
    pub cost_nanousd: i64,
    /// From arrival to the last byte.
    pub duration: Histogram,
    /// From arrival to the first byte of the answer.
    pub first_byte: Histogram,
}

/// All models.
#[derive(Debug, Default)]
pub struct ByModel {
    models: Mutex<BTreeMap<(String, String), ModelCounters>>,
}

impl ByModel {
    /// Counts a request that a model was asked for; others (hits, refusals) have no model of their own.
    pub(super) fn count(&self, row: &RequestRow) {
        if row.attempts == 0 || row.model.is_empty() {
            return;
        }
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (row.provider.clone(), row.model.clone());
        if !models.contains_key(&key) && models.len() >= MOST_MODELS {
            key = (OTHER.to_owned(), OTHER.to_owned());
        }
        let counters = models.entry(key).or_default();
        let status = RequestStatus::ALL.iter().position(|status| *status == row.status);
        counters.requests[status.unwrap_or(0)] += 1;
        let tokens = &mut counters.tokens;
        tokens.input += row.tokens.input;
        tokens.cache_read += row.tokens.cache_read;
        tokens.cache_write += row.tokens.cache_write;
        tokens.output += row.tokens.output;
        tokens.reasoning += row.tokens.reasoning;
        counters.cost_nanousd = counters.cost_nanousd.saturating_add(row.cost_nanousd.0);
        counters.duration.observe(row.duration_us);
        counters.first_byte.observe(row.first_byte_us);
    }

    /// Looks at every model, by name.
    pub fn each(&self, mut look: impl FnMut(&str, &str, &ModelCounters)) {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        for ((provider, model), counters) in models.iter() {
            look(provider, model, counters);
        }
    }
}
