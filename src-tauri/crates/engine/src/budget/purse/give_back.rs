//! Giving money back to the store that will not be spent here any more.

use super::{BookKey, Purse};
use crate::{
    budget::{lease::LeaseId, period::period_bounds},
    store::StoreError,
};
use weir_contract::{NanoUsd, model::cap::Cap};

impl Purse {
    /// Returns free money to the store: of past periods and ended turns at once, of current ones all of it when `stopping`.
    ///
    /// # Errors
    /// The store's; what could not be returned is tried again with the next call.
    pub async fn give_back(&self, caps: &[Cap], now_ms: i64, stopping: bool) -> Result<(), StoreError> {
        let mut current = Vec::new();
        for cap in caps {
            if let Ok(bounds) = period_bounds(cap.period, &cap.time_zone, now_ms) {
                current.push((cap.name.as_str(), bounds.start_ms));
            }
        }
        let _one_at_a_time = self.returning.lock().await;
        let turn = self.books().fence.turn();
        let is_current =
            |key: &BookKey| key.turn == turn && current.contains(&(key.cap.as_str(), key.period_start_ms));
        self.return_free(|key| stopping || !is_current(key)).await?;
        self.books().by_key.retain(|key, book| {
            is_current(key) || key.turn > turn || book.ledger.held() > 0 || book.ledger.free() > 0
        });
        Ok(())
    }

    /// Returns what is free of turns that have ended.
    pub(super) async fn return_ended_turns(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.returning.lock().await;
        let turn = self.books().fence.turn();
        self.return_free(|key| key.turn < turn).await
    }

    /// Returns what is free of the past hours of a rolling cap: it counts there and would stand in the way of this hour.
    pub(super) async fn return_past(&self, ledger_key: &str, start_ms: i64) -> Result<(), StoreError> {
        let _one_at_a_time = self.returning.lock().await;
        self.return_free(|key| key.ledger_key == ledger_key && key.period_start_ms < start_ms)
            .await
    }

    pub(super) async fn return_free(&self, which: impl Fn(&BookKey) -> bool) -> Result<(), StoreError> {
        let mut due: Vec<(BookKey, i64)> = Vec::new();
        for (key, book) in &mut self.books().by_key {
            if which(key) {
                let back = book.ledger.give_back(0).total;
                if back > 0 {
                    due.push((key.clone(), back));
                }
            }
        }
        let mut failed = None;
        for (key, back) in due {
            if failed.is_some() {
                self.keep(&key, back);
                continue;
            }
            let lease = key.lease_key(&self.gateway_id);
            match self.store.return_lease(&lease, NanoUsd(back)).await {
                // A call whose record is not written yet still holds its part in the store, though no longer in memory;
                // what it leaves is returned next time. Where no call holds anything, the lease was taken back before.
                Ok(returned) if returned.reserved_nanousd > NanoUsd::ZERO => {
                    self.keep(&key, back - returned.taken_nanousd.0);
                }
                Ok(_) => {}
                Err(problem) => {
                    self.keep(&key, back);
                    failed = Some(problem);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Puts money that the store did not take back into its book.
    fn keep(&self, key: &BookKey, amount: i64) {
        if let Some(book) = self.books().by_key.get_mut(key) {
            book.ledger.keep(amount, LeaseId(0));
        }
    }
}
