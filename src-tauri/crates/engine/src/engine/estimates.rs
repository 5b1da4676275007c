//! What calls will likely use: learning it, sharing it with other gateways, and holding by it.

use super::{Engine, lock};
use crate::{
    budget::{
        learned_ratio::{Estimate, SettledUse},
        need::{CarefulEstimate, EstimateOf},
    },
    settings::ModelRef,
    store::StoreError,
};
use std::sync::Arc;
use weir_contract::NanoUsd;

impl Engine {
    /// What a call to a model may use; see [`crate::budget::learned_ratio::LearnedRatios::estimate`].
    #[must_use]
    pub fn estimate(&self, model: &ModelRef, input_bytes: u64, max_output_tokens: u64) -> Estimate {
        lock(&self.ratios).estimate(model, input_bytes, max_output_tokens)
    }

    /// Adds what was learned since the last time to the store, and takes over what all gateways have learned.
    ///
    /// # Errors
    /// The store's; what was learned is kept for the next time.
    pub async fn share_ratios(&self) -> Result<(), StoreError> {
        let unsaved = lock(&self.ratios).take_unsaved();
        if !unsaved.is_empty()
            && let Err(problem) = self.store.add_ratio_counts(unsaved.clone()).await
        {
            lock(&self.ratios).put_back(&unsaved);
            return Err(problem);
        }
        let saved = self.store.ratio_counts().await?;
        lock(&self.ratios).load(&saved);
        Ok(())
    }

    /// Learns from a call whose provider said what it used.
    pub(crate) fn learn(&self, model: &ModelRef, settled: &SettledUse) {
        lock(&self.ratios).learn(model, settled);
    }

    /// What balanced caps hold by in place of what was learned; the first one that is given stays.
    pub fn estimate_by(&self, careful: Arc<dyn CarefulEstimate>) {
        if self.careful.set(careful).is_err() {
            tracing::warn!("an estimate for balanced caps was there already; it stays");
        }
    }

    pub(crate) fn careful_nanousd(&self, of: &EstimateOf<'_>) -> Option<NanoUsd> {
        match self.careful.get() {
            Some(given) => given.careful_nanousd(of),
            None => self.ratios.careful_nanousd(of),
        }
    }
}
