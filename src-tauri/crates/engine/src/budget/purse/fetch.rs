//! Fetching a lease from the store when the book in hand has too little.

use super::{Part, Purse, PurseError};
use crate::{
    budget::{
        lease::LeaseId,
        lease_size::{LeaseSize, next_lease_size},
        period::{PeriodBounds, resets_text},
    },
    store::{LeaseRequest, StoreError},
};
use weir_contract::{NanoUsd, model::cap::Cap};

impl Purse {
    /// Fetches a lease and holds `amount` of it in one step: between two, the end of the period could give it back again.
    /// None when the turn ended meanwhile, so that another lease is wanted.
    pub(super) async fn fetch_lease(
        &self,
        cap: &Cap,
        bounds: &PeriodBounds,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<Option<Part>, PurseError> {
        let (key, free) = {
            let books = self.books();
            let key = books.key(cap, bounds);
            let free = books.by_key.get(&key).map_or(0, |book| book.ledger.free());
            (key, free)
        };
        let need = (amount.0 - free).max(0);
        let balance = self.store.balance(&cap.name, bounds.start_ms).await?;
        let remaining = cap.limit_nanousd.saturating_sub(balance.committed_nanousd).0;
        let LeaseSize::Take(want) = next_lease_size(cap.limit_nanousd.0, remaining, need) else {
            return Err(self.cap_reached(cap, bounds, amount).await?);
        };
        let granted = self
            .store
            .acquire_lease(LeaseRequest {
                key: key.lease_key(&self.gateway_id),
                gateway_id: self.gateway_id.to_string(),
                limit_nanousd: cap.limit_nanousd,
                need_nanousd: NanoUsd(need),
                want_nanousd: NanoUsd(want),
                now_ms,
            })
            .await?;
        let held = {
            let mut books = self.books();
            let book = books.by_key.entry(key.clone()).or_default();
            // The store keeps one lease for each gateway, cap, period and turn, so the book does too.
            book.ledger.grant(granted.0, LeaseId(0));
            if books.fence.turn() != key.turn {
                return Ok(None);
            }
            books.reserve(key, amount)
        };
        match held {
            Some(part) => Ok(Some(part)),
            None => Err(self.cap_reached(cap, bounds, amount).await?),
        }
    }

    async fn cap_reached(
        &self,
        cap: &Cap,
        bounds: &PeriodBounds,
        need: NanoUsd,
    ) -> Result<PurseError, StoreError> {
        let balance = self.store.balance(&cap.name, bounds.start_ms).await?;
        Ok(PurseError::CapReached {
            cap: cap.name.clone(),
            limit: cap.limit_nanousd,
            spent: balance.spent_nanousd,
            reserved: balance.reserved_nanousd,
            need,
            resets_ms: bounds.end_ms,
            resets_text: resets_text(*bounds, &cap.time_zone).unwrap_or_default(),
        })
    }
}
